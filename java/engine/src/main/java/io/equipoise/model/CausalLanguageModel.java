package io.equipoise.model;

import java.util.function.Predicate;

/**
 * A distribution over token sequences, one token after the other. A sequence is its prompt (at least one token; BOS when
 * there is none) and the generated tokens; every log-probability is over the generated tokens only, natural log.
 *
 * <p>Scoring, decoding and reading may run on several threads at once; what changes weights ({@link #accumulateGradient},
 * {@link #copyFrom}, an optimiser) needs the model to itself. After {@link #close()} every method throws {@link
 * IllegalStateException}, those of its decoders too. That is safe while other threads use the model: what they have called
 * ends as usual, their next call throws, and what the model owns is freed with the last use of it.
 */
public interface CausalLanguageModel extends AutoCloseable {
    ModelConfig config();

    /**
     * Starts decoding.
     *
     * @param batch rows
     * @param maxLength the most tokens a row will have, prompt included
     */
    Decoder decoder(int batch, int maxLength);

    /** How many decoders at once, each on a share of the batch, are fastest here. */
    default int parallelDecoders() {
        return 1;
    }

    /**
     * Log-probability of every generated token, teacher-forced, and the expectations of functions of the token in its place.
     *
     * @param tokens B ragged rows, prompt and generated tokens
     * @param promptLength (B), each at least 1 and at most the row's length
     * @param microBatch sequences scored at once; changes speed and memory only
     * @param functions (K, V) values of K functions of a token; K may be 0
     * @return row i has {@code tokens[i].length - promptLength[i]} entries
     */
    TokenScores tokenScores(int[][] tokens, int[] promptLength, int microBatch, float[][] functions);

    /** The log-probabilities of {@link #tokenScores} alone. */
    default float[][] tokenLogProbs(int[][] tokens, int[] promptLength, int microBatch) {
        return tokenScores(tokens, promptLength, microBatch, new float[0][]).logProb();
    }

    /** D, the size of a hidden state. */
    int width();

    /**
     * What the head sees before each generated token, teacher-forced: the last hidden state, after the last norm, of the text
     * so far. Head times hidden state, softmax: the distribution of {@link #tokenScores}.
     *
     * @param tokens B ragged rows, prompt and generated tokens
     * @param promptLength (B)
     * @param microBatch sequences run at once; changes speed and memory only
     * @return (B, T, D), ragged in T, without a gradient; 4·B·T·D bytes
     */
    float[][][] hiddenStates(int[][] tokens, int[] promptLength, int microBatch);

    /**
     * Adds the gradient of Σ_i Σ_t c_it · log π(x_it | x_i,&lt;t) to {@link Parameters#gradient()}; the result does not
     * depend on the micro-batch beyond rounding.
     *
     * @param tokens B ragged rows, prompt and generated tokens
     * @param promptLength (B)
     * @param microBatch sequences run forward and backward at once
     * @param coefficients gives c from the tokens' log-probabilities; all 0 leaves the sequence out
     * @return (B) log π(x_i), nats
     */
    double[] accumulateGradient(int[][] tokens, int[] promptLength, int microBatch, SequenceCoefficients coefficients);

    /**
     * The same, to the bit, and how large each sequence's own gradient is. By default each is run again by itself; a model
     * that sees it in the batch's backward pass does better.
     *
     * @param squaredNorm (B), out: ‖Σ_t c_it · ∇ log π(x_it | x_i,&lt;t)‖² over the trained parameters
     */
    default double[] accumulateGradient(
            int[][] tokens,
            int[] promptLength,
            int microBatch,
            SequenceCoefficients coefficients,
            double[] squaredNorm) {
        var given = new float[tokens.length][];
        double[] logProb = accumulateGradient(tokens, promptLength, microBatch, coefficients.remembered(given));
        double[] found = SequenceGradients.squaredNorms(this, tokens, promptLength, given);
        System.arraycopy(found, 0, squaredNorm, 0, found.length);
        return logProb;
    }

    /**
     * The same, to the bit, telling what of the gradient is final: to those who want to send it somewhere while the rest is
     * being computed.
     *
     * @param progress told at least once, when all is
     */
    default double[] accumulateGradient(
            int[][] tokens,
            int[] promptLength,
            int microBatch,
            SequenceCoefficients coefficients,
            GradientProgress progress) {
        double[] logProb = accumulateGradient(tokens, promptLength, microBatch, coefficients);
        progress.finalFrom(0);
        return logProb;
    }

    /** All weights; the same object every time. Only models that {@link #trainable} has been called on have a gradient. */
    Parameters parameters();

    /** To be called when {@link #parameters()} have been written to: what was made of them is out of date. */
    void changed();

    /** Prepares gradients for the parameters whose name the predicate accepts; the others stay as they are. */
    void trainable(Predicate<String> name);

    /** Euclidean norm of {@link Parameters#gradient()}; NaN or infinite when an element is. */
    double gradientNorm();

    /** Euclidean norm of {@link Parameters#value()}; NaN or infinite when an element is. */
    default double weightNorm() {
        var value = parameters().value();
        long chunk = 1 << 20;
        double squares = 0;
        for (long from = 0; from < value.size(); from += chunk) {
            float[] floats =
                    value.slice(from, Math.min(chunk, value.size() - from)).toFloats();
            for (double each : floats) squares += each * each;
        }
        return Math.sqrt(squares);
    }

    /** A second model with the same weights. */
    CausalLanguageModel copy();

    /** Takes over the weights of a model of the same shape. */
    void copyFrom(CausalLanguageModel other);

    @Override
    void close();
}
