package io.equipoise.model;

import java.util.List;

/** How the operations of {@link Gpt2} are computed, on parameters that it owns. */
interface Gpt2Engine extends AutoCloseable {
    /**
     * As {@link CausalLanguageModel#decoder}.
     *
     * @param use of the model, which the decoder ends when it is closed
     */
    Decoder decoder(int batch, int maxLength, Usage.Hold use);

    /** Writes scores of the batches' sequences to their rows of {@code result}. */
    void score(List<MicroBatches> batches, float[][] functions, TokenScores result);

    /** Writes hidden states of the batches' sequences to their rows of {@code result}, (B, T, D), ragged in T. */
    void hiddenStates(List<MicroBatches> batches, float[][][] result);

    /**
     * Adds the batches' gradient to the parameters'.
     *
     * @param logProb (B), out: log π of the batches' sequences, nats
     */
    void accumulateGradient(List<MicroBatches> batches, SequenceCoefficients coefficients, double[] logProb);

    /**
     * The same, to the bit.
     *
     * @param progress told what of the gradient is final
     */
    default void accumulateGradient(
            List<MicroBatches> batches,
            SequenceCoefficients coefficients,
            double[] logProb,
            GradientProgress progress) {
        accumulateGradient(batches, coefficients, logProb);
        progress.finalFrom(0);
    }

    /** The parameters' values have changed, or which of them are trained. */
    void changed();

    @Override
    void close();
}
