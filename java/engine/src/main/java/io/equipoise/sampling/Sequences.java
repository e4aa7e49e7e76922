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

    /** This batch followed by another. */
    public Sequences and(Sequences other) {
        var joinedTokens = Arrays.copyOf(tokens, size() + other.size());
        var joinedLengths = Arrays.copyOf(promptLength, size() + other.size());
        var joinedLogProbs = Arrays.copyOf(tokenLogProb, size() + other.size());
        System.arraycopy(other.tokens, 0, joinedTokens, size(), other.size());
        System.arraycopy(other.promptLength, 0, joinedLengths, size(), other.size());
        System.arraycopy(other.tokenLogProb, 0, joinedLogProbs, size(), other.size());
        return new Sequences(joinedTokens, joinedLengths, joinedLogProbs);
    }
}
