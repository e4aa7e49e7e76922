package io.equipoise.objective;

import io.equipoise.kernels.CoefficientRule;

/**
 * Reward maximisation that pays for leaving the base model (Ziegler et al., 2019): c = ρ·(r − β·log(π/a) − b). That is
 * reverse KL to the energy-based model a·exp(r/β), which is its optimum (Korbak et al., 2022, section 2).
 *
 * @param beta β > 0, nats of reward a nat of KL(π‖a) costs
 * @param baseline b is the mean of the batch's other sequences, else 0
 */
public record KlControl(double beta, boolean baseline) implements Objective {
    public KlControl {
        if (!(beta > 0)) throw new IllegalArgumentException("beta must be > 0, got " + beta);
    }

    @Override
    public CoefficientRule rule(double logZ) {
        return new CoefficientRule(CoefficientRule.Form.KL_CONTROL, logZ, false, beta, Double.POSITIVE_INFINITY, 0, 0);
    }

    @Override
    public double value(double logTarget, double logBase, double reward) {
        return logBase + reward / beta;
    }

    /**
     * What each token of one sequence brings of r − β·log(π/a): its own share of the divergence, the last one r too. They
     * add up to the whole.
     *
     * @param logPolicy (T) log π of each token, nats
     * @param logBase (T) log a of each token, nats
     * @param reward r(x)
     * @return (T)
     */
    public double[] tokenRewards(double[] logPolicy, double[] logBase, double reward) {
        var rewards = new double[logPolicy.length];
        for (int t = 0; t < rewards.length; t++) rewards[t] = beta * (logBase[t] - logPolicy[t]);
        if (rewards.length > 0) rewards[rewards.length - 1] += reward;
        return rewards;
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
