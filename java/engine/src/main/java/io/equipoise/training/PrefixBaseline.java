package io.equipoise.training;

import io.equipoise.model.TextDecoder;
import io.equipoise.target.Constraint;
import io.equipoise.target.FeatureScores;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What a sequence's coefficient is expected to be, given the text before a token: a linear function of the prefix's own
 * features and its length, fitted by least squares on past batches only, their weight fading. For the batch at hand it is a
 * fixed function of the prefix, so as a baseline it changes no expectation. Once the prefix has settled what the features
 * of the whole text will be, little noise is left in the tokens after it.
 */
final class PrefixBaseline {
    /** What a batch counts for one batch later: the policy moves, so what was learnt ages. */
    private static final double FADE = 0.9;
    /** Ridge, as a share of the mean square of the inputs. */
    private static final double RIDGE = 1e-3;

    private final List<Constraint> constraints;
    private final TextDecoder text;
    private final int maxTokens;
    private final int inputs;
    private final double[][] moment;
    private final double[] product;
    private double[] weight;

    PrefixBaseline(List<Constraint> constraints, TextDecoder text, int maxTokens) {
        this.constraints = constraints;
        this.text = text;
        this.maxTokens = maxTokens;
        inputs = 2 * (constraints.size() + 1);
        moment = new double[inputs][inputs];
        product = new double[inputs];
        weight = new double[inputs];
    }

    /** Inputs (B, T, I) for the prefixes before each generated token of a batch. */
    double[][][] inputs(List<int[]> generated) {
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

    /** 1 and φ, and both again in proportion to how much of the sequence is over. */
    private double[] input(double[] phi, int position) {
        var input = new double[inputs];
        double time = (double) position / maxTokens;
        input[0] = 1;
        input[1] = time;
        for (int f = 0; f < phi.length; f++) {
            input[2 + 2 * f] = phi[f];
            input[3 + 2 * f] = phi[f] * time;
        }
        return input;
    }

    /** The expected coefficient for one prefix; 0 before anything was learnt. */
    double value(double[] input) {
        double value = 0;
        for (int k = 0; k < inputs; k++) value += weight[k] * input[k];
        return value;
    }

    /**
     * Fits to one more batch.
     *
     * @param coefficient (B) what the sequences' coefficients were
     */
    void learn(double[][][] batch, double[] coefficient) {
        for (int k = 0; k < inputs; k++) {
            product[k] *= FADE;
            for (int l = 0; l < inputs; l++) moment[k][l] *= FADE;
        }
        for (int i = 0; i < batch.length; i++) {
            for (double[] input : batch[i]) {
                for (int k = 0; k < inputs; k++) {
                    product[k] += input[k] * coefficient[i];
                    for (int l = 0; l < inputs; l++) moment[k][l] += input[k] * input[l];
                }
            }
        }
        weight = solve();
    }

    /** Gaussian elimination on the ridged normal equations; a positive definite matrix needs no pivoting. */
    private double[] solve() {
        double trace = 0;
        for (int k = 0; k < inputs; k++) trace += moment[k][k];
        var matrix = new double[inputs][];
        double[] right = product.clone();
        for (int k = 0; k < inputs; k++) {
            matrix[k] = moment[k].clone();
            matrix[k][k] += RIDGE * trace / inputs + Double.MIN_NORMAL;
        }
        for (int k = 0; k < inputs; k++) {
            for (int row = k + 1; row < inputs; row++) {
                double factor = matrix[row][k] / matrix[k][k];
                for (int l = k; l < inputs; l++) matrix[row][l] -= factor * matrix[k][l];
                right[row] -= factor * right[k];
            }
        }
        for (int k = inputs - 1; k >= 0; k--) {
            for (int l = k + 1; l < inputs; l++) right[k] -= matrix[k][l] * right[l];
            right[k] /= matrix[k][k];
        }
        return right;
    }
}
