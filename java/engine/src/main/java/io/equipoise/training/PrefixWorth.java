package io.equipoise.training;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * H(x_&lt;t) = E_a[b·exp(λ·φ) | x_&lt;t] / Z: how much more weight than usual a text that begins so will have in the target.
 * A quadratic in the prefix's length with coefficients linear in the prefix's own features, as far as these may be scored on
 * prefixes, fitted by least squares on samples of the base model that are never trained on.
 */
final class PrefixWorth {
    /** Powers of the length: 1, τ, τ². */
    private static final int POWERS = 3;
    /** Least squares may go below 0 where the weight hardly ever is anything else. */
    private static final double LEAST = 1e-3;

    private final SequenceFeatures features;
    private final int maxTokens;
    /** Of the samples it is fitted on. */
    private final double[][][] ownInputs;

    private double[] weight = new double[0];

    /**
     * Reads the samples; {@link #fit} comes next.
     *
     * @param maxTokens the most tokens generated a sequence
     * @param generated B ragged rows of tokens, drawn from the base model
     */
    PrefixWorth(SequenceFeatures features, int maxTokens, List<int[]> generated) {
        this.features = features.ofPrefixes();
        this.maxTokens = maxTokens;
        ownInputs = inputs(generated);
    }

    /**
     * Fits it.
     *
     * @param worth (B) b·exp(λ·φ)/Z of each sample
     */
    void fit(double[] worth) {
        var regression = new LeastSquares(POWERS * (features.size() + 1));
        for (int i = 0; i < ownInputs.length; i++) {
            for (double[] input : ownInputs[i]) regression.add(input, worth[i]);
        }
        weight = regression.solve();
    }

    /** H (B, T) before each token of the samples it was fitted on. */
    double[][] beforeOwn() {
        return before(ownInputs);
    }

    /** H (B, T) before each generated token; above 0. */
    double[][] before(List<int[]> generated) {
        return before(inputs(generated));
    }

    private double[][] before(double[][][] batch) {
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
        double[][] phi = features.score(prefixes);
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
