package io.equipoise.objective;

import io.equipoise.kernels.CoefficientRule;

/**
 * What the gradient estimates: each sequence's coefficient c in ĝ = (1/B) Σ c · ∇ log π(x), ascent. Float64, in log
 * space; w = P/q, ρ = π/q.
 */
public sealed interface Objective
        permits Gdc,
                GdcPlusPlus,
                Reinforce,
                ReinforceTarget,
                KlControl,
                FDivergence,
                AlphaDivergence,
                TrajectoryBalance {
    /**
     * What {@link io.equipoise.kernels.Kernels#coefficient} computes for this objective, without a baseline.
     *
     * @param logZ estimate of log Σ P, nats
     */
    CoefficientRule rule(double logZ);

    /** Whether a sequence's coefficient has the mean score of the batch's others subtracted. */
    default boolean hasBaseline() {
        return false;
    }

    /**
     * What the rule is given of a sequence in the place of log P.
     *
     * @param logTarget log P(x), nats
     * @param logBase log a(x), nats
     * @param reward r(x), as {@code EnergyBasedTarget.reward} says
     */
    default double value(double logTarget, double logBase, double reward) {
        return logTarget;
    }

    /** Whether the policy of least loss is the target p, so that distance to p says which of two policies is better. */
    default boolean aimsAtTarget() {
        return true;
    }

    /** Whether it has a meaning where P = 0, as a pointwise constraint makes it. */
    default boolean allowsZeros() {
        return true;
    }

    /**
     * The coefficient of one sequence, by {@link #rule}.
     *
     * @param value as {@link #value} gives it; −∞ where a pointwise constraint fails and it is log P
     * @param logProposal log q(x) of the distribution that it was drawn from, nats
     * @param logPolicy log π(x), nats
     * @param logZ estimate of log Σ P, nats
     * @return c; NaN if an argument that the objective reads is NaN
     */
    default double coefficient(double value, double logProposal, double logPolicy, double logZ) {
        return rule(logZ).coefficient(value, logProposal, logPolicy);
    }

    /**
     * The rule for one batch, with its baseline where the objective has one.
     *
     * @param value (B) as {@link #value} gives it
     * @param logProposal (B) log q, nats
     * @param logPolicy (B) log π, nats; only looked at for a baseline
     */
    default CoefficientRule rule(double logZ, double[] value, double[] logProposal, double[] logPolicy) {
        var rule = rule(logZ);
        if (!hasBaseline()) return rule;
        double scoreSum = 0;
        double ratioSum = 0;
        for (int i = 0; i < value.length; i++) {
            double ratio = rule.ratio(logProposal[i], logPolicy[i]);
            if (ratio == 0) continue;
            // One that overflows must not make the others' baseline infinite.
            scoreSum += CoefficientRule.limited(ratio * rule.score(value[i], logPolicy[i]));
            ratioSum += ratio;
        }
        return rule.withBaseline(scoreSum, ratioSum);
    }
}
