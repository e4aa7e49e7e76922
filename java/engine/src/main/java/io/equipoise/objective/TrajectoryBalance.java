package io.equipoise.objective;

import io.equipoise.kernels.CoefficientRule;

/**
 * Trajectory balance in its VarGrad form (Richter et al., 2020; Malkin et al., 2022): descent on the variance of δ = log π −
 * log P under q, c = −2(δ − mean δ). The mean is over the batch's other sequences, which makes the estimate unbiased.
 */
public record TrajectoryBalance() implements Objective {
    @Override
    public CoefficientRule rule(double logZ) {
        return new CoefficientRule(CoefficientRule.Form.TRAJECTORY_BALANCE, logZ, false);
    }

    @Override
    public boolean hasBaseline() {
        return true;
    }

    @Override
    public boolean allowsZeros() {
        return false;
    }
}
