package io.equipoise.objective;

import io.equipoise.kernels.CoefficientRule;

/**
 * Reward maximisation (Williams, 1992): c = ρ·(r − b), ascent on E_π r. Its optimum is whatever is rewarded most, however
 * far from the base model.
 *
 * @param baseline b is the mean reward of the batch's other sequences, else 0
 */
public record Reinforce(boolean baseline) implements Objective {
    @Override
    public CoefficientRule rule(double logZ) {
        return new CoefficientRule(CoefficientRule.Form.REWARD, logZ, false);
    }

    @Override
    public double value(double logTarget, double logBase, double reward) {
        return reward;
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
