package io.equipoise.training;

import io.equipoise.metrics.Divergences;
import java.util.stream.IntStream;

/**
 * {@link Divergences} of samples of which some were not scored. These have P = 0, so what is known of p from the others
 * is whole; what π or a make of them is missing, and every estimate that would need it is NaN.
 */
final class PartialEstimates {
    private PartialEstimates() {}

    /**
     * As {@link Divergences#estimate}.
     *
     * @param logPolicy (B) may be NaN where {@code scored} is false, as may {@code logBase}
     * @param scored (B) true wherever P isn't 0
     */
    static Divergences.Estimates estimate(
            double[] logTarget,
            double[] logProposal,
            double[] logPolicy,
            double[] logBase,
            boolean[] scored,
            double logZ) {
        double[] policy = orNothing(logPolicy, scored);
        double[] base = orNothing(logBase, scored);
        var estimates = Divergences.estimate(logTarget, logProposal, policy, base, logZ);
        boolean allOfPolicy = isWhole(logPolicy, scored);
        boolean allOfBase = isWhole(logBase, scored);
        return new Divergences.Estimates(
                estimates.klTargetPolicy(),
                estimates.klTargetPolicyError(),
                estimates.klTargetProposal(),
                allOfPolicy ? estimates.tvdTargetPolicy() : Double.NaN,
                estimates.tvdTargetProposal(),
                allOfPolicy && allOfBase ? estimates.klPolicyBase() : Double.NaN,
                estimates.effectiveSampleSize(),
                estimates.largestWeight());
    }

    private static boolean isWhole(double[] logProb, boolean[] scored) {
        return IntStream.range(0, scored.length).noneMatch(i -> !scored[i] && Double.isNaN(logProb[i]));
    }

    /** What isn't known becomes −∞, which counts for nothing. A NaN of what was scored stays: it is an error. */
    private static double[] orNothing(double[] logProb, boolean[] scored) {
        return IntStream.range(0, scored.length)
                .mapToDouble(i -> !scored[i] && Double.isNaN(logProb[i]) ? Double.NEGATIVE_INFINITY : logProb[i])
                .toArray();
    }
}
