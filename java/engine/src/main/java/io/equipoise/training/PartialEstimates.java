package io.equipoise.training;

import io.equipoise.kernels.EnergyStatistics;
import io.equipoise.metrics.Divergences;
import io.equipoise.sampling.Sequences;
import io.equipoise.target.EnergyBasedTarget;
import java.util.Arrays;

/**
 * Energies and {@link Divergences} of samples of which some were not scored. These have P = 0, so what is known of p from
 * the others is whole; what π or a make of them is missing, and every number that would need it is NaN.
 */
final class PartialEstimates {
    private PartialEstimates() {}

    /**
     * As {@code SequenceKernels.energies}; log ρ is NaN where log π isn't known, and so are the sums that miss something.
     *
     * @param base B ragged rows; may hold NaN where {@code scored} is false
     * @param policy as {@code base}
     * @param scored (B) true wherever P isn't 0
     */
    static SequenceKernels.Energies energies(
            SequenceKernels kernels,
            EnergyBasedTarget target,
            double[][] phi,
            float[][] base,
            float[][] proposal,
            float[][] policy,
            boolean[] scored,
            double[] logDivisor,
            double logZ) {
        boolean[] withoutBase = unknown(Sequences.sum(base), scored);
        boolean[] withoutPolicy = unknown(Sequences.sum(policy), scored);
        var energies = kernels.energies(
                target,
                phi,
                orNothing(base, withoutBase),
                proposal,
                orNothing(policy, withoutPolicy),
                logDivisor,
                logZ);
        double[] logRatio = energies.logRatio().clone();
        for (int i = 0; i < logRatio.length; i++) if (withoutPolicy[i]) logRatio[i] = Double.NaN;
        var sums = known(energies.statistics(), withoutPolicy, withoutBase);
        return new SequenceKernels.Energies(energies.logTarget(), logRatio, sums);
    }

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
        boolean[] withoutBase = unknown(logBase, scored);
        boolean[] withoutPolicy = unknown(logPolicy, scored);
        var sums = Divergences.sums(
                logTarget, logProposal, orNothing(logPolicy, withoutPolicy), orNothing(logBase, withoutBase), logZ);
        return Divergences.of(known(sums, withoutPolicy, withoutBase));
    }

    /** (B) where a log-probability is missing. A NaN of what was scored is none of these: it is an error. */
    private static boolean[] unknown(double[] logProb, boolean[] scored) {
        var unknown = new boolean[scored.length];
        for (int i = 0; i < unknown.length; i++) unknown[i] = !scored[i] && Double.isNaN(logProb[i]);
        return unknown;
    }

    /** What isn't known becomes −∞, which counts for nothing. */
    private static double[] orNothing(double[] logProb, boolean[] unknown) {
        double[] values = logProb.clone();
        for (int i = 0; i < values.length; i++) if (unknown[i]) values[i] = Double.NEGATIVE_INFINITY;
        return values;
    }

    /** The same token by token. */
    private static float[][] orNothing(float[][] tokenLogProb, boolean[] unknown) {
        float[][] rows = tokenLogProb.clone();
        for (int i = 0; i < rows.length; i++) {
            if (!unknown[i]) continue;
            rows[i] = new float[rows[i].length];
            Arrays.fill(rows[i], Float.NEGATIVE_INFINITY);
        }
        return rows;
    }

    /** Without the sums to which every sequence's log π, or log a too, belongs, where one is missing. */
    private static EnergyStatistics known(EnergyStatistics sums, boolean[] withoutPolicy, boolean[] withoutBase) {
        boolean allOfPolicy = noneOf(withoutPolicy);
        boolean allOfBase = noneOf(withoutBase);
        return new EnergyStatistics(
                sums.sequences(),
                sums.largestLogWeight(),
                sums.scaledWeights(),
                sums.scaledSquares(),
                sums.targetPolicy(),
                sums.targetPolicyDeviations(),
                sums.targetProposal(),
                allOfPolicy ? sums.absolutePolicy() : Double.NaN,
                sums.absoluteProposal(),
                allOfPolicy && allOfBase ? sums.policyBase() : Double.NaN);
    }

    private static boolean noneOf(boolean[] each) {
        for (boolean one : each) if (one) return false;
        return true;
    }
}
