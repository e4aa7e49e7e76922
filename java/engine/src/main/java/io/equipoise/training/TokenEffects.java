package io.equipoise.training;

import java.util.List;

/**
 * u(v): by how much a token v, when it comes, changes what its text may be expected to be worth; one value a token for
 * prefixes worth less than usual (H ≤ 1), one for the others. The mean over the token's occurrences in samples of the base
 * model of the text's worth less H before it, shrunk towards 0 where occurrences are few.
 */
final class TokenEffects {
    private static final int KINDS = 2;
    /** Occurrences that a token's mean is diluted with: about the variance of worths over that of effects. */
    private static final double PRIOR = 20;

    private final float[][] effect;

    /**
     * Measures them.
     *
     * @param generated B ragged rows of tokens, drawn from the base model
     * @param worth (B) b·exp(λ·φ)/Z of each
     * @param before (B, T) H before each token
     */
    TokenEffects(int vocabulary, List<int[]> generated, double[] worth, double[][] before) {
        var sum = new double[KINDS][vocabulary];
        var count = new int[KINDS][vocabulary];
        for (int i = 0; i < worth.length; i++) {
            int[] tokens = generated.get(i);
            for (int t = 0; t < tokens.length; t++) {
                int kind = kind(before[i][t]);
                sum[kind][tokens[t]] += worth[i] - before[i][t];
                count[kind][tokens[t]]++;
            }
        }
        effect = new float[KINDS][vocabulary];
        for (int kind = 0; kind < KINDS; kind++) {
            for (int v = 0; v < vocabulary; v++) effect[kind][v] = (float) (sum[kind][v] / (count[kind][v] + PRIOR));
        }
    }

    private static int kind(double before) {
        return before > 1 ? 1 : 0;
    }

    /** The two functions of a token (2, V), for their expectations. */
    float[][] functions() {
        return effect;
    }

    /**
     * How much more than expected a token changes.
     *
     * @param before H of the prefix
     * @param expected (2) E_a u(v | prefix) of both functions
     */
    double surprise(double before, int token, float[] expected) {
        int kind = kind(before);
        return (double) effect[kind][token] - expected[kind];
    }
}
