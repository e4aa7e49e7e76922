package io.equipoise.training;

import io.equipoise.model.TokenScores;
import io.equipoise.sampling.Sequences;

/**
 * B sequences with everything that does not depend on the policy.
 *
 * @param sequences as sampled, with the log-probabilities they were drawn with
 * @param phi (B, F) features
 * @param logProposal (B) log q, nats
 * @param base the generated tokens under the base model: log a, and what the caller of {@link Rollouts#complete} asked for
 * @param logBase (B) log a, nats; may be NaN where {@code scored} is false
 * @param logTarget (B) log P, nats; −∞ where a pointwise constraint fails
 * @param reward (B) r, as {@code EnergyBasedTarget.reward} says
 * @param scored (B) false where P = 0 and models are asked about the sequence only if its gradient needs it
 */
record Rollout(
        Sequences sequences,
        double[][] phi,
        double[] logProposal,
        TokenScores base,
        double[] logBase,
        double[] logTarget,
        double[] reward,
        boolean[] scored) {

    int size() {
        return sequences.size();
    }

    /** (B) log w = log P − log q, nats. */
    double[] logWeight() {
        var logWeight = new double[size()];
        for (int i = 0; i < logWeight.length; i++) logWeight[i] = logTarget[i] - logProposal[i];
        return logWeight;
    }
}
