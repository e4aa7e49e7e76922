package io.equipoise.training;

import io.equipoise.model.TextDecoder;
import io.equipoise.objective.Objective;
import io.equipoise.target.Constraint;
import io.equipoise.target.FeatureScores;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * H(x_&lt;t) = E_a[b·exp(λ·φ) | x_&lt;t] / Z: how much more weight than usual a text that begins so will have in the target.
 * A quadratic in the prefix's length with coefficients linear in the prefix's own features, fitted once by least squares on
 * samples of the base model that are never trained on; during training it is a fixed function of the prefix. Given a prefix,
 * everything before it is known exactly, so E_q[w | x_&lt;t] = Z·H(x_&lt;t)·Π_{s&lt;t} a(x_s)/q(x_s): what a token's coefficient
 * can have taken off without changing its expectation.
 */
final class PrefixBaseline {
    /** Samples it is fitted on; a few coefficients need no more. */
    private static final int LARGEST_FIT = 1024;
    /** Powers of the length: 1, τ, τ². */
    private static final int POWERS = 3;
    /** Ridge, as a share of the mean square of the inputs. */
    private static final double RIDGE = 1e-6;
    /** Least squares may go below 0 where the weight hardly ever is anything else. */
    private static final double LEAST = 1e-3;

    private final List<Constraint> constraints;
    private final TextDecoder text;
    private final int maxTokens;
    /** What a batch counts for one batch later in how much of the baseline is worth taking. */
    private static final double FADE = 0.8;

    private final double[] weight;
    /** Σ c·V and Σ V² over tokens of past batches. */
    private double cross;

    private double square;

    /**
     * Fits it.
     *
     * @param maxTokens the most tokens generated a sequence
     * @param generated B ragged rows of tokens, drawn from the base model
     * @param worth (B) b·exp(λ·φ)/Z of each
     */
    PrefixBaseline(
            List<Constraint> constraints, TextDecoder text, int maxTokens, List<int[]> generated, double[] worth) {
        this.constraints = constraints;
        this.text = text;
        this.maxTokens = maxTokens;
        int inputs = POWERS * (constraints.size() + 1);
        var moment = new double[inputs][inputs];
        var product = new double[inputs];
        var sample = generated.subList(0, Math.min(LARGEST_FIT, generated.size()));
        double[][][] batch = inputs(sample);
        for (int i = 0; i < batch.length; i++) {
            for (double[] input : batch[i]) {
                for (int k = 0; k < inputs; k++) {
                    product[k] += input[k] * worth[i];
                    for (int l = 0; l < inputs; l++) moment[k][l] += input[k] * input[l];
                }
            }
        }
        weight = solve(moment, product);
    }

    /** log H (B, T) before each generated token. */
    double[][] logWorth(List<int[]> generated) {
        double[][][] batch = inputs(generated);
        var result = new double[batch.length][];
        for (int i = 0; i < batch.length; i++) {
            result[i] = new double[batch[i].length];
            for (int t = 0; t < result[i].length; t++) {
                double worth = 0;
                for (int k = 0; k < weight.length; k++) worth += weight[k] * batch[i][t][k];
                result[i][t] = Math.log(Math.max(LEAST, worth));
            }
        }
        return result;
    }

    /**
     * From the coefficients of one sequence's tokens, all c, leaves c − β·V_t, with V_t = E_q[c | x_&lt;t]·ρ_t, what was to be
     * expected of the sequence before the token. c is linear in w and ρ, so its expectation is c of theirs. With ρ_t =
     * π(x_t)/q(x_t) after the same prefix, the mean of what is taken off, E_q[V·∇ log π(x_t)], is that of Σ ∇π, 0, whatever
     * H and β are, so a poor fit costs noise, never bias.
     *
     * @param weights (T), in and out
     * @param logWorth (T) log H
     * @param logPolicy (T) log π of each token, nats
     * @param logProposal (T) log q of each token, nats
     * @param logBase (T) log a of each token, nats
     * @return what {@link #learn} wants to know of this sequence
     */
    Fit subtractExpected(
            float[] weights,
            Objective objective,
            double[] logWorth,
            float[] logPolicy,
            float[] logProposal,
            float[] logBase,
            double logZ) {
        double share = share();
        double logBaseRatio = 0;
        double logRatio = 0;
        double crossHere = 0;
        double squareHere = 0;
        for (int t = 0; t < weights.length; t++) {
            double tokenLogRatio = (double) logPolicy[t] - logProposal[t];
            double expected = objective.coefficient(logZ + logWorth[t] + logBaseRatio, 0, logRatio, logZ)
                    * Math.exp(tokenLogRatio);
            crossHere += weights[t] * expected;
            squareHere += expected * expected;
            weights[t] -= (float) (share * expected);
            logBaseRatio += (double) logBase[t] - logProposal[t];
            logRatio += tokenLogRatio;
        }
        return new Fit(crossHere, squareHere);
    }

    /** How well V went with c on one sequence: Σ c·V and Σ V² over its tokens. */
    record Fit(double cross, double square) {
        static final Fit NONE = new Fit(0, 0);
    }

    /**
     * β, by least squares on past batches: near 1 while π is far from p, where V explains most of c; towards 0 when π is
     * near p, where c itself vanishes and what H gets wrong would be the only noise.
     */
    double share() {
        return square > 0 ? Math.max(0, Math.min(1, cross / square)) : 1;
    }

    /** Takes in one batch, for β from the next one on. */
    void learn(List<Fit> batch) {
        cross *= FADE;
        square *= FADE;
        for (var fit : batch) {
            cross += fit.cross();
            square += fit.square();
        }
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

    /** Gaussian elimination on the ridged normal equations; a positive definite matrix needs no pivoting. */
    private static double[] solve(double[][] moment, double[] product) {
        int inputs = product.length;
        double trace = 0;
        for (int k = 0; k < inputs; k++) trace += moment[k][k];
        for (int k = 0; k < inputs; k++) moment[k][k] += RIDGE * trace / inputs + Double.MIN_NORMAL;
        for (int k = 0; k < inputs; k++) {
            for (int row = k + 1; row < inputs; row++) {
                double factor = moment[row][k] / moment[k][k];
                for (int l = k; l < inputs; l++) moment[row][l] -= factor * moment[k][l];
                product[row] -= factor * product[k];
            }
        }
        for (int k = inputs - 1; k >= 0; k--) {
            for (int l = k + 1; l < inputs; l++) product[k] -= moment[k][l] * product[l];
            product[k] /= moment[k][k];
        }
        return product;
    }
}
