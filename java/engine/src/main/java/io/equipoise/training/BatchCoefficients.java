package io.equipoise.training;

import io.equipoise.kernels.CoefficientRule;
import io.equipoise.objective.Objective;

/**
 * An objective's rule with what it has to know of one batch.
 *
 * @param value (B) what the rule is given in the place of log P
 * @param logProposal (B) log q, nats
 */
record BatchCoefficients(CoefficientRule rule, double[] value, double[] logProposal) {
    /**
     * Prepares the coefficients of a batch.
     *
     * @param logPolicy (B) log π, nats; may be NaN if the objective has no baseline
     * @param logZ nats
     */
    static BatchCoefficients of(Objective objective, Rollout rollout, double[] logPolicy, double logZ) {
        var value = new double[rollout.size()];
        for (int i = 0; i < value.length; i++) {
            value[i] = objective.value(rollout.logTarget()[i], rollout.logBase()[i], rollout.reward()[i]);
        }
        var rule = objective.rule(logZ, value, rollout.logProposal(), logPolicy);
        return new BatchCoefficients(rule, value, rollout.logProposal());
    }

    /** The coefficient of one sequence, given log π in nats; at most {@link CoefficientRule#LARGEST}. */
    double coefficient(int sequence, double logPolicy) {
        return CoefficientRule.limited(rule.coefficient(value[sequence], logProposal[sequence], logPolicy));
    }

    /**
     * Limits coefficients to {@link CoefficientRule#LARGEST} as {@link #coefficient} does.
     *
     * @return how many were beyond it
     */
    static int limit(double[] coefficient) {
        int overflows = 0;
        for (int i = 0; i < coefficient.length; i++) {
            if (Math.abs(coefficient[i]) > CoefficientRule.LARGEST) overflows++;
            coefficient[i] = CoefficientRule.limited(coefficient[i]);
        }
        return overflows;
    }

    /** −(1/B) Σ c·log π, of (B) each; where c is 0, log π need not be known. */
    static double loss(double[] coefficient, double[] logPolicy) {
        double sum = 0;
        for (int i = 0; i < coefficient.length; i++) {
            if (coefficient[i] != 0) sum -= coefficient[i] * logPolicy[i];
        }
        return sum / coefficient.length;
    }

    /**
     * What is taken from a sequence's weight before it counts, on average: of w, for {@code gdc} and {@code gdc++}; else of the
     * score.
     *
     * @param coefficient (B)
     * @param logTarget (B) log P, nats
     */
    double meanBaseline(double[] coefficient, double[] logTarget) {
        double sum = rule.scoreSum();
        for (int i = 0; i < coefficient.length; i++) {
            if (!rule.form().isScore()) {
                sum += CoefficientRule.limited(
                        Math.exp(logTarget[i] - logProposal[i] - (rule.normalize() ? rule.logZ() : 0)));
            }
            sum -= coefficient[i];
        }
        return rule.form().isScore() && rule.ratioSum() == 0 ? 0 : sum / coefficient.length;
    }
}
