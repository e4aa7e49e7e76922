package io.equipoise.kernels;

import io.equipoise.memory.Matrix;
import io.equipoise.memory.Memory;
import io.equipoise.memory.Vector;
import java.util.Optional;

/**
 * The operations that are special to the method, one method each. Arguments: outputs, inputs, scalars, seed. Shapes: B
 * sequences, T tokens a sequence, N positions, V vocabulary, F features. Logits are f32, bf16 or f16 with any row stride;
 * sums are f32 or better; results f32 unless said otherwise, natural logarithms (nats). A NaN anywhere in a row makes that
 * row's results NaN; N = 0 does nothing.
 *
 * <p>Implementations are safe for use by several threads on different arguments. Shapes and types that don't fit are a
 * {@link KernelException} before anything is written.
 */
public interface Kernels {
    /** What runs, for the log: {@code cpu (avx512)}, {@code reference (java, f64)}. */
    String description();

    /**
     * Where operands are best: used in place. Kernels of a device copy those in the host's memory there and back; the host's
     * take no others.
     */
    default Memory memory() {
        return Memory.HOST;
    }

    /** The transformer's own operations, where these kernels have them; libtorch does the work elsewhere. */
    default Optional<TransformerKernels> transformer() {
        return Optional.empty();
    }

    /**
     * Draws one token a row, y ~ softmax(logits / temperature), by inverse CDF in vocabulary order with the one number
     * {@link Philox#uniform}(seed, sequence, position, 0): the first token whose cumulative probability exceeds it.
     *
     * @param token (B), i32, out; −1 where the row holds a NaN or nothing but −∞
     * @param logProb (B), f32, out: log-probability of the draw, under the truncated distribution if there is one
     * @param logits (B, V)
     * @param sequence (B), i64: index of the row's sequence in the run
     * @param position (B), i32: index of the token in its sequence
     * @param temperature > 0
     */
    void sample(
            Vector token,
            Vector logProb,
            Matrix logits,
            Vector sequence,
            Vector position,
            double temperature,
            Truncation truncation,
            long seed);

    /**
     * {@code logProb[n] = x[n, token[n]] − log Σ_v exp x[n, v]} for x = logits / temperature; with the log-sum-exp and
     * the entropy of the row's softmax.
     *
     * @param logProb (N), f32, out; 0 at padding
     * @param logSumExp (N), f32, out: of x; 0 at padding
     * @param entropy (N), f32, out: nats; 0 at padding
     * @param logits (N, V)
     * @param token (N), i32; negative is padding, V or more an error
     * @param temperature > 0
     */
    void tokenLogProb(
            Vector logProb, Vector logSumExp, Vector entropy, Matrix logits, Vector token, double temperature);

    /**
     * What every sequence is worth under the target P = a·b·exp(λ·φ), and the batch's sums, in one pass: log P = log a +
     * λ·φ or, where b = 0, −∞; log w = log P − log q; log ρ = log π − log q. Log-probabilities are summed in float64, token
     * after token. A NaN in a sequence is NaN in its outputs and in the sums it enters.
     *
     * @param logTarget (B), f64, out: log P, nats
     * @param logWeight (B), f64, out: log w, nats; −∞ where b = 0
     * @param logRatio (B), f64, out: log ρ, nats; exactly 0 where the policy's row is the proposal's
     * @param statistics ({@value EnergyStatistics#SIZE}), f64, out: for {@link EnergyStatistics#read}
     * @param base (B, T), f32: log a of each generated token, nats; 0 after the sequence's end
     * @param proposal (B, T), f32: log q in the same form, of the distribution that the sequences came from
     * @param policy (B, T), f32: log π in the same form
     * @param phi (B, F), f64: features
     * @param lambda (F), f64: their natural parameters
     * @param filter (B), i32: b, 0 where a pointwise constraint fails, else 1
     * @param logZ estimate of log Σ P that the statistics are made with, nats; −∞ while no sample has had weight
     */
    void energy(
            Vector logTarget,
            Vector logWeight,
            Vector logRatio,
            Vector statistics,
            Matrix base,
            Matrix proposal,
            Matrix policy,
            Matrix phi,
            Vector lambda,
            Vector filter,
            double logZ);

    /**
     * The coefficient c of every sequence in ĝ = (1/B) Σ c · ∇ log π(x), by {@link CoefficientRule#coefficient}.
     *
     * @param coefficient (B), f64, out
     * @param logTarget (B), f64: log P, nats; −∞ where a pointwise constraint fails
     * @param logProposal (B), f64: log q, nats
     * @param logPolicy (B), f64: log π, nats
     */
    void coefficient(Vector coefficient, Vector logTarget, Vector logProposal, Vector logPolicy, CoefficientRule rule);

    /**
     * The gradient of Σ_n coefficient[n] · log π(token[n]) with respect to the logits, written over them: {@code
     * coefficient[n] · (onehot(token[n]) − softmax(logits[n]))}.
     *
     * @param logits (N, V), in and out; rows of padding become 0
     * @param logSumExp (N), f32: as {@link #tokenLogProb} gave it at temperature 1
     * @param token (N), i32; negative is padding
     * @param coefficient (N), f32; a row whose coefficient is 0 becomes 0, whatever its logits
     */
    void gradient(Matrix logits, Vector logSumExp, Vector token, Vector coefficient);

    /**
     * One AdamW step that <em>descends</em>: g = scale · gradient; m ← β₁m + (1−β₁)g; v ← β₂v + (1−β₂)g²; parameter ←
     * parameter·(1 − ηω) − η·m̂ / (√v̂ + ε).
     *
     * @param parameter (P), f32, in and out
     * @param firstMoment (P), f32, in and out
     * @param secondMoment (P), f32, in and out
     * @param gradient (P), f32
     * @param rule η, β, ε, ω and the step's number
     * @param scale multiplies the gradient first (clipping, averaging, ascent by −1)
     */
    void adam(Vector parameter, Vector firstMoment, Vector secondMoment, Vector gradient, AdamRule rule, double scale);

    /**
     * Whether the text of each sequence has one of an automaton's words, read off the bytes of its tokens. What bytes alone
     * can't tell, such as the case of characters beyond ASCII, is left undecided: then the text must be looked at.
     *
     * @param found (B), i32, out: 1 yes, 0 no, −1 undecided
     * @param token (N), i32, the sequences' tokens one after the other; negative is padding and adds no text; V or more is
     *     of unknown text, so that what isn't found before it is undecided
     * @param start (B + 1), i64, ascending from 0 or more to N or less: sequence b has the tokens {@code [start[b], start[b +
     *     1])}
     */
    void matchWords(Vector found, Vector token, Vector start, WordAutomaton automaton);
}
