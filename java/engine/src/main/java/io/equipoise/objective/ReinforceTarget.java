package io.equipoise.objective;

import io.equipoise.kernels.CoefficientRule;

/**
 * Maximisation of E_π P, the target's unnormalised probability taken for a reward: c = ρ·(P − b). Its optimum is the
 * target's likeliest text.
 *
 * @param baseline b is the mean P of the batch's other sequences, else 0
 * @param normalize divides P by Z; without it P, the probability of one text, is tiny
 */
public record ReinforceTarget(boolean baseline, boolean normalize) implements Objective {
    @Override
    public CoefficientRule rule(double logZ) {
        return new CoefficientRule(CoefficientRule.Form.TARGET, logZ, normalize);
    }

    @Override
    public boolean hasBaseline() {
        return baseline;
    }

    @Override
    public boolean aimsAtTarget() {
        return false;
    }
}
