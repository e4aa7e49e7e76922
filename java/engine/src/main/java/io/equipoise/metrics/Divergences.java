package io.equipoise.metrics;

import io.equipoise.kernels.EnergyStatistics;

/**
 * How far target p = P/Z, policy π, proposal q and base a are from each other, estimated from B samples of q by importance
 * sampling: w = P/q, ρ = π/q. All logarithms natural, all sums float64, sequences' log-probabilities over generated tokens.
 *
 * <p>KL(p‖π) is (1/Z) E_q[w (log P − log Z − log π)] rather than −log Z + (1/Z) E_q[w (log P − log π)]: the same expectation
 * and, with Z from this sample, the same number; but with Z from elsewhere the latter has the noise log Z · (mean(w)/Z − 1).
 *
 * <p>Formulas: Korbak, Elsahar, Kruszewski, Dymetman (NeurIPS 2022, arXiv 2206.00761).
 */
public final class Divergences {
    private Divergences() {}

    /**
     * The estimates from one sample. What concerns p is NaN while Z is 0, that is before any sample had weight.
     *
     * @param klTargetPolicy KL(p‖π) = (1/Z) E_q[w (log P − log Z − log π)], nats; an estimate may be below 0
     * @param klTargetPolicyError standard error of {@code klTargetPolicy}, nats, Z taken as known; NaN for B = 1
     * @param klTargetProposal KL(p‖q) = (1/Z) E_q[w log(w/Z)], nats
     * @param tvdTargetPolicy total variation ½ Σ|p − π| = ½ E_q|ρ − w/Z|
     * @param tvdTargetProposal ½ E_q|1 − w/Z|
     * @param klPolicyBase KL(π‖a) = E_q[ρ (log π − log a)], nats
     * @param effectiveSampleSize (Σw)² / Σw², between 1 and B; 0 when no sample has weight
     * @param largestWeight the largest share max w / Σw of one sample; 0 when no sample has weight
     */
    public record Estimates(
            double klTargetPolicy,
            double klTargetPolicyError,
            double klTargetProposal,
            double tvdTargetPolicy,
            double tvdTargetProposal,
            double klPolicyBase,
            double effectiveSampleSize,
            double largestWeight) {}

    /** The estimates that follow from {@link #sums}. */
    public static Estimates estimate(
            double[] logTarget, double[] logProposal, double[] logPolicy, double[] logBase, double logZ) {
        return of(sums(logTarget, logProposal, logPolicy, logBase, logZ));
    }

    /**
     * The sums over B sequences drawn from the proposal.
     *
     * @param logTarget (B) log P; −∞ where P = 0, which contributes 0 to every mean weighted by w
     * @param logProposal (B) log q, finite: the samples came from q
     * @param logPolicy (B) log π; −∞ where π = 0
     * @param logBase (B) log a; −∞ where a = 0
     * @param logZ log Z, from this sample or from all so far; −∞ for Z = 0
     * @throws IllegalArgumentException if lengths differ, B = 0, or a value is NaN, +∞ or, of q, −∞; names the sequence
     */
    public static EnergyStatistics sums(
            double[] logTarget, double[] logProposal, double[] logPolicy, double[] logBase, double logZ) {
        int samples = logProposal.length;
        check("logTarget", logTarget, samples, Double.NEGATIVE_INFINITY);
        check("logProposal", logProposal, samples, -Double.MAX_VALUE);
        check("logPolicy", logPolicy, samples, Double.NEGATIVE_INFINITY);
        check("logBase", logBase, samples, Double.NEGATIVE_INFINITY);
        if (samples == 0) throw new IllegalArgumentException("estimates need at least one sample, got none");
        if (!(logZ < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(
                    "logZ must be finite, or -Infinity while no sample has weight, got " + logZ);
        }

        return EnergyStatistics.of(logTarget, logProposal, logPolicy, logBase, logZ);
    }

    /** The estimates that follow from the sums over a sample of at least one. */
    public static Estimates of(EnergyStatistics sums) {
        double samples = sums.sequences();
        boolean noWeight = sums.largestLogWeight() == Double.NEGATIVE_INFINITY;
        return new Estimates(
                sums.targetPolicy() / samples,
                Math.sqrt(sums.targetPolicyDeviations() / (samples - 1) / samples),
                sums.targetProposal() / samples,
                sums.absolutePolicy() / samples / 2,
                sums.absoluteProposal() / samples / 2,
                sums.policyBase() / samples,
                noWeight ? 0 : sums.scaledWeights() * sums.scaledWeights() / sums.scaledSquares(),
                noWeight ? 0 : 1 / sums.scaledWeights());
    }

    private static void check(String name, double[] values, int samples, double least) {
        if (values.length != samples) {
            throw new IllegalArgumentException(name + " has " + values.length + " values, logProposal " + samples
                    + "; one for each sequence is wanted");
        }
        for (int i = 0; i < samples; i++) {
            if (!(values[i] >= least && values[i] < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException(
                        name + " of sequence " + i + " is " + values[i] + ", wanted a finite number"
                                + (least == Double.NEGATIVE_INFINITY
                                        ? " or -Infinity"
                                        : ": the sample came from the proposal"));
            }
        }
    }
}
