package io.equipoise.metrics;

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

    /**
     * Estimates from B sequences drawn from the proposal.
     *
     * @param logTarget (B) log P; −∞ where P = 0, which contributes 0 to every mean weighted by w
     * @param logProposal (B) log q, finite: the samples came from q
     * @param logPolicy (B) log π; −∞ where π = 0
     * @param logBase (B) log a; −∞ where a = 0
     * @param logZ log Z, from this sample or from all so far; −∞ for Z = 0
     * @throws IllegalArgumentException if lengths differ, B = 0, or a value is NaN, +∞ or, of q, −∞; names the sequence
     */
    public static Estimates estimate(
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

        var weights = new LogSumExp();
        var squares = new LogSumExp();
        var policyTerms = new double[samples];
        double crossProposal = 0;
        double tvdPolicy = 0;
        double tvdProposal = 0;
        double klPolicyBase = 0;
        for (int i = 0; i < samples; i++) {
            double logWeight = logTarget[i] - logProposal[i];
            double logRatio = logPolicy[i] - logProposal[i];
            weights.add(logWeight);
            squares.add(2 * logWeight);
            policyTerms[i] = weighted(logWeight - logZ, logTarget[i] - logZ - logPolicy[i]);
            crossProposal += weighted(logWeight - logZ, logWeight - logZ);
            tvdPolicy += absoluteDifference(logRatio, logWeight - logZ);
            tvdProposal += absoluteDifference(0, logWeight - logZ);
            klPolicyBase += weighted(logRatio, logPolicy[i] - logBase[i]);
        }
        double crossPolicy = mean(policyTerms);
        boolean noWeight = weights.logSum() == Double.NEGATIVE_INFINITY;
        boolean noTarget = logZ == Double.NEGATIVE_INFINITY;
        return new Estimates(
                noTarget ? Double.NaN : crossPolicy,
                noTarget ? Double.NaN : standardError(policyTerms, crossPolicy),
                noTarget ? Double.NaN : crossProposal / samples,
                noTarget ? Double.NaN : tvdPolicy / samples / 2,
                noTarget ? Double.NaN : tvdProposal / samples / 2,
                klPolicyBase / samples,
                noWeight ? 0 : Math.exp(2 * weights.logSum() - squares.logSum()),
                noWeight ? 0 : Math.exp(weights.maximum() - weights.logSum()));
    }

    /** exp(logWeight) · value, 0 where the weight is 0 even if the value is infinite. */
    private static double weighted(double logWeight, double value) {
        return logWeight == Double.NEGATIVE_INFINITY ? 0 : Math.exp(logWeight) * value;
    }

    /** |exp(x) − exp(y)|, exact for x near y. */
    private static double absoluteDifference(double x, double y) {
        double larger = Math.max(x, y);
        if (larger == Double.NEGATIVE_INFINITY) return 0;
        return Math.exp(larger) * -Math.expm1(Math.min(x, y) - larger);
    }

    private static double mean(double[] values) {
        double sum = 0;
        for (double value : values) sum += value;
        return sum / values.length;
    }

    private static double standardError(double[] values, double mean) {
        double squares = 0;
        for (double value : values) squares += (value - mean) * (value - mean);
        return Math.sqrt(squares / (values.length - 1.0) / values.length);
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
