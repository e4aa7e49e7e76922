package io.equipoise.kernels;

import io.equipoise.memory.Vector;

/**
 * The sums over B sequences drawn from the proposal that {@link Kernels#energy} makes for Z, the effective sample size, KL
 * and TVD; w = P/q, ρ = π/q, v = w/Z. What has v in it is NaN for Z = 0. A NaN sequence makes NaN what it enters.
 *
 * @param sequences B
 * @param largestLogWeight max log w, nats; −∞ when no sequence has weight
 * @param scaledWeights Σ w / max w; 0 when no sequence has weight
 * @param scaledSquares Σ (w / max w)²; 0 when no sequence has weight
 * @param targetPolicy Σ v·(log P − log Z − log π), nats: B times an estimate of KL(p‖π)
 * @param targetPolicyDeviations Σ of the squared distances of those terms from their mean, nats²
 * @param targetProposal Σ v·log v, nats: of KL(p‖q)
 * @param absolutePolicy Σ |ρ − v|: 2B times an estimate of TVD(p, π)
 * @param absoluteProposal Σ |1 − v|: of TVD(p, q)
 * @param policyBase Σ ρ·(log π − log a), nats: B times an estimate of KL(π‖a)
 */
public record EnergyStatistics(
        long sequences,
        double largestLogWeight,
        double scaledWeights,
        double scaledSquares,
        double targetPolicy,
        double targetPolicyDeviations,
        double targetProposal,
        double absolutePolicy,
        double absoluteProposal,
        double policyBase) {
    /** How many numbers they are, as kernels write them: the components in their order. */
    public static final int SIZE = 10;

    /** What a kernel wrote into {@code statistics} ({@value #SIZE}), f64. */
    public static EnergyStatistics read(Vector statistics) {
        double[] s = statistics.toDoubles();
        return new EnergyStatistics((long) s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8], s[9]);
    }

    /** As {@link #read} takes them. */
    double[] toDoubles() {
        return new double[] {
            sequences,
            largestLogWeight,
            scaledWeights,
            scaledSquares,
            targetPolicy,
            targetPolicyDeviations,
            targetProposal,
            absolutePolicy,
            absoluteProposal,
            policyBase
        };
    }

    /**
     * The same sums from sequences' log-probabilities, in plain Java.
     *
     * @param logTarget (B) log P, nats; −∞ where P = 0, which contributes 0 to every sum weighted by w
     * @param logProposal (B) log q, nats; finite: the samples came from q
     * @param logPolicy (B) log π, nats; −∞ where π = 0
     * @param logBase (B) log a, nats; −∞ where a = 0
     * @param logZ log Z, nats; −∞ for Z = 0
     */
    public static EnergyStatistics of(
            double[] logTarget, double[] logProposal, double[] logPolicy, double[] logBase, double logZ) {
        int size = logProposal.length;
        double largest = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < size; i++) largest = Math.max(largest, logTarget[i] - logProposal[i]);
        double weights = 0;
        double squares = 0;
        var policyTerms = new double[size];
        double targetPolicy = 0;
        double targetProposal = 0;
        double absolutePolicy = 0;
        double absoluteProposal = 0;
        double policyBase = 0;
        for (int i = 0; i < size; i++) {
            double logWeight = logTarget[i] - logProposal[i];
            double logRatio = logPolicy[i] - logProposal[i];
            double logV = logWeight - logZ;
            double scaled = logWeight == Double.NEGATIVE_INFINITY ? 0 : Math.exp(logWeight - largest);
            weights += scaled;
            squares += scaled * scaled;
            policyTerms[i] = weighted(logV, logTarget[i] - logZ - logPolicy[i]);
            targetPolicy += policyTerms[i];
            targetProposal += weighted(logV, logV);
            absolutePolicy += absoluteDifference(logRatio, logV);
            absoluteProposal += absoluteDifference(0, logV);
            policyBase += weighted(logRatio, logPolicy[i] - logBase[i]);
        }
        double deviations = 0;
        for (double term : policyTerms) deviations += Math.pow(term - targetPolicy / size, 2);
        if (logZ == Double.NEGATIVE_INFINITY) {
            targetPolicy = deviations = targetProposal = absolutePolicy = absoluteProposal = Double.NaN;
        }
        return new EnergyStatistics(
                size,
                largest,
                weights,
                squares,
                targetPolicy,
                deviations,
                targetProposal,
                absolutePolicy,
                absoluteProposal,
                policyBase);
    }

    /** exp(logWeight) · value, 0 where the weight is 0 even if the value is infinite. */
    private static double weighted(double logWeight, double value) {
        return logWeight == Double.NEGATIVE_INFINITY ? 0 : Math.exp(logWeight) * value;
    }

    /** |exp(x) − exp(y)|, exact for x near y. */
    private static double absoluteDifference(double x, double y) {
        double larger = Math.max(x, y);
        return larger == Double.NEGATIVE_INFINITY ? 0 : Math.exp(larger) * -Math.expm1(-Math.abs(x - y));
    }
}
