package io.equipoise.objective;

import io.equipoise.kernels.CoefficientRule;

/**
 * What the gradient estimates: each sequence's coefficient c in ĝ = (1/B) Σ c · ∇ log π(x), ascent. Float64, in log
 * space; w = P/q, ρ = π/q.
 */
public sealed interface Objective permits Gdc, GdcPlusPlus {
    /**
     * What {@link io.equipoise.kernels.Kernels#coefficient} computes for this objective.
     *
     * @param logZ estimate of log Σ P, nats
     */
    CoefficientRule rule(double logZ);

    /**
     * The coefficient of one sequence, by {@link #rule}.
     *
     * @param logTarget log P(x), nats; −∞ where a pointwise constraint fails
     * @param logProposal log q(x) of the distribution that it was drawn from, nats
     * @param logPolicy log π(x), nats
     * @param logZ estimate of log Σ P, nats
     * @return c; NaN if an argument that the objective reads is NaN
     */
    default double coefficient(double logTarget, double logProposal, double logPolicy, double logZ) {
        return rule(logZ).coefficient(logTarget, logProposal, logPolicy);
    }
}
