package io.equipoise.sampling;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * B sampled sequences.
 *
 * @param tokens B ragged rows: the prompt (BOS where there was none), then the generated tokens, EOS included
 * @param promptLength (B), each at least 1
 * @param tokenLogProb B ragged rows: log-probability of each generated token under the distribution it was drawn from,
 *     nats
 */
public record Sequences(int[][] tokens, int[] promptLength, float[][] tokenLogProb) {
    public Sequences {
        if (promptLength.length != tokens.length || tokenLogProb.length != tokens.length) {
            throw new IllegalArgumentException("parts of different size: " + tokens.length + " token rows, "
                    + promptLength.length + " prompt lengths, " + tokenLogProb.length + " log-prob rows");
        }
    }

    /** B. */
    public int size() {
        return tokens.length;
    }

    /** (B) log-probability of each whole generated part, nats. */
    public double[] logProb() {
        return sum(tokenLogProb);
    }

    /** Sums ragged rows in float64. */
    public static double[] sum(float[][] rows) {
        var sums = new double[rows.length];
        for (int i = 0; i < rows.length; i++) sums[i] = sum(rows[i]);
        return sums;
    }

    /** Sums in float64. */
    public static double sum(float[] row) {
        double sum = 0;
        for (float value : row) sum += value;
        return sum;
    }

    /** All generated tokens, EOS included. */
    public long generatedTokens() {
        long count = 0;
        for (float[] row : tokenLogProb) count += row.length;
        return count;
    }

    /** The generated part of each row, without the prompt. */
    public List<int[]> generated() {
        var generated = new ArrayList<int[]>(tokens.length);
        for (int i = 0; i < tokens.length; i++) {
            generated.add(Arrays.copyOfRange(tokens[i], promptLength[i], tokens[i].length));
        }
        return generated;
    }

    /** These rows, in this order. */
    public Sequences select(int[] rows) {
        var chosenTokens = new int[rows.length][];
        var chosenLengths = new int[rows.length];
        var chosenLogProbs = new float[rows.length][];
        for (int k = 0; k < rows.length; k++) {
            chosenTokens[k] = tokens[rows[k]];
            chosenLengths[k] = promptLength[rows[k]];
            chosenLogProbs[k] = tokenLogProb[rows[k]];
        }
        return new Sequences(chosenTokens, chosenLengths, chosenLogProbs);
    }
}
