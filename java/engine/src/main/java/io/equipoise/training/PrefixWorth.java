package io.equipoise.training;

import io.equipoise.model.TextDecoder;
import io.equipoise.target.Constraint;
import io.equipoise.target.FeatureScores;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * H(x_&lt;t) = E_a[b·exp(λ·φ) | x_&lt;t] / Z: how much more weight than usual a text that begins so will have in the target.
 * A quadratic in the prefix's length with coefficients linear in the prefix's own features, fitted once by least squares on
 * samples of the base model that are never trained on; during training it is a fixed function of the prefix.
 */
final class PrefixWorth {
    /** Samples it is fitted on; a few coefficients need no more. */
    private static final int LARGEST_FIT = 1024;
    /** Powers of the length: 1, τ, τ². */
    private static final int POWERS = 3;
    /** Least squares may go below 0 where the weight hardly ever is anything else. */
    private static final double LEAST = 1e-3;

    private final List<Constraint> constraints;
    private final TextDecoder text;
    private final int maxTokens;
    private final double[] weight;

    /**
     * Fits it.
     *
     * @param maxTokens the most tokens generated a sequence
     * @param generated B ragged rows of tokens, drawn from the base model
     * @param worth (B) b·exp(λ·φ)/Z of each
     */
    PrefixWorth(List<Constraint> constraints, TextDecoder text, int maxTokens, List<int[]> generated, double[] worth) {
        this.constraints = constraints;
        this.text = text;
        this.maxTokens = maxTokens;
        var regression = new LeastSquares(POWERS * (constraints.size() + 1));
        double[][][] batch = inputs(generated.subList(0, Math.min(LARGEST_FIT, generated.size())));
        for (int i = 0; i < batch.length; i++) {
            for (double[] input : batch[i]) regression.add(input, worth[i]);
        }
        weight = regression.solve();
    }

    /** H (B, T) before each generated token; above 0. */
    double[][] before(List<int[]> generated) {
        double[][][] batch = inputs(generated);
        var result = new double[batch.length][];
        for (int i = 0; i < batch.length; i++) {
            result[i] = new double[batch[i].length];
            for (int t = 0; t < result[i].length; t++) {
                double worth = 0;
                for (int k = 0; k < weight.length; k++) worth += weight[k] * batch[i][t][k];
                result[i][t] = Math.max(LEAST, worth);
            }
        }
        return result;
    }

    /** Inputs (B, T, I) for the prefixes before each generated token. */
    private double[][][] inputs(List<int[]> generated) {
        var prefixes = new ArrayList<int[]>();
        for (int[] tokens : generated) {
            for (int t = 0; t < tokens.length; t++) prefixes.add(Arrays.copyOf(tokens, t));
        }
        double[][] phi = FeatureScores.score(constraints, text.decode(prefixes));
        var result = new double[generated.size()][][];
        int next = 0;
        for (int i = 0; i < result.length; i++) {
            result[i] = new double[generated.get(i).length][];
            for (int t = 0; t < result[i].length; t++) result[i][t] = input(phi[next++], t);
        }
        return result;
    }

    private double[] input(double[] phi, int position) {
        var input = new double[POWERS * (phi.length + 1)];
        double power = 1;
        for (int k = 0; k < POWERS; k++) {
            input[k] = power;
            for (int f = 0; f < phi.length; f++) input[POWERS * (f + 1) + k] = phi[f] * power;
            power *= (double) position / maxTokens;
        }
        return input;
    }
}
