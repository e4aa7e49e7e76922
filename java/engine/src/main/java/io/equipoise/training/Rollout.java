package io.equipoise.training;

import io.equipoise.model.TokenScores;
import io.equipoise.sampling.Sequences;
import java.util.Arrays;

/**
 * B sequences with everything that does not depend on the policy.
 *
 * @param sequences as sampled, with the log-probabilities they were drawn with
 * @param phi (B, F) features
 * @param logProposal (B) log q, nats
 * @param base the generated tokens under the base model: log a, and what the caller of {@link Rollouts#complete} asked for
 * @param logBase (B) log a, nats; may be NaN where {@code scored} is false
 * @param logTarget (B) log P less {@code logDivisor}, nats; −∞ where a pointwise constraint fails
 * @param reward (B) r, as {@code EnergyBasedTarget.reward} says
 * @param scored (B) false where P = 0 and models are asked about the sequence only if its gradient needs it
 * @param logDivisor (B) log of what P is divided by already, nats: Z of the prompt where there are several, else 1
 */
record Rollout(
        Sequences sequences,
        double[][] phi,
        double[] logProposal,
        TokenScores base,
        double[] logBase,
        double[] logTarget,
        double[] reward,
        boolean[] scored,
        double[] logDivisor) {

    /** With P as it is. */
    Rollout(
            Sequences sequences,
            double[][] phi,
            double[] logProposal,
            TokenScores base,
            double[] logBase,
            double[] logTarget,
            double[] reward,
            boolean[] scored) {
        this(sequences, phi, logProposal, base, logBase, logTarget, reward, scored, new double[logTarget.length]);
    }

    int size() {
        return sequences.size();
    }

    /** (B) log w = log P − log q, nats. */
    double[] logWeight() {
        var logWeight = new double[size()];
        for (int i = 0; i < logWeight.length; i++) logWeight[i] = logTarget[i] - logProposal[i];
        return logWeight;
    }

    /**
     * Some of the sequences, their P divided.
     *
     * @param rows which
     * @param divisor (B) log of what each row's P is divided by, nats
     */
    Rollout divided(int[] rows, double[] divisor) {
        var scores = new TokenScores(new float[rows.length][], new float[rows.length][][]);
        var features = new double[rows.length][];
        var scoredRows = new boolean[rows.length];
        for (int k = 0; k < rows.length; k++) {
            scores.logProb()[k] = base.logProb()[rows[k]];
            scores.expected()[k] = base.expected()[rows[k]];
            features[k] = phi[rows[k]];
            scoredRows[k] = scored[rows[k]];
        }
        double[] logDivided = select(divisor, rows);
        double[] logWhole = select(logTarget, rows);
        for (int k = 0; k < rows.length; k++) logWhole[k] -= logDivided[k];
        return new Rollout(
                sequences.select(rows),
                features,
                select(logProposal, rows),
                scores,
                select(logBase, rows),
                logWhole,
                select(reward, rows),
                scoredRows,
                logDivided);
    }

    private static double[] select(double[] values, int[] rows) {
        return Arrays.stream(rows).mapToDouble(i -> values[i]).toArray();
    }
}
