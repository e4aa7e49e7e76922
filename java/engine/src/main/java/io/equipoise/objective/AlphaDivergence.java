package io.equipoise.objective;

import io.equipoise.kernels.CoefficientRule;

/**
 * α-DPG: c = ρ·(min(((p/π)^(1−α) − 1)/(1 − α), M) − b). Between α = 0, KL(p‖π), and α = 1, KL(π‖p); the limit M trades
 * bias for variance where p is far above π.
 *
 * @param alpha α, any number; from 1 on pointwise constraints have no meaning
 * @param limit M
 * @param baseline b is the mean of the batch's other sequences, else 0
 */
public record AlphaDivergence(double alpha, double limit, boolean baseline) implements Objective {
    public AlphaDivergence {
        if (!Double.isFinite(alpha)) throw new IllegalArgumentException("alpha must be finite, got " + alpha);
        if (!(limit > 0)) throw new IllegalArgumentException("limit must be > 0, got " + limit);
    }

    @Override
    public CoefficientRule rule(double logZ) {
        return new CoefficientRule(CoefficientRule.Form.ALPHA, logZ, false, alpha, limit, 0, 0);
    }

    @Override
    public boolean hasBaseline() {
        return baseline;
    }

    @Override
    public boolean allowsZeros() {
        return alpha < 1;
    }
}
