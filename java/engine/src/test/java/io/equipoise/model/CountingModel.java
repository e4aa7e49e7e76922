package io.equipoise.model;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** Another model, that keeps which token rows it was asked to score and which to run backward. Copies keep their own. */
public final class CountingModel implements CausalLanguageModel {
    private final CausalLanguageModel inner;
    private final List<List<Integer>> scored = new ArrayList<>();
    private final List<List<Integer>> backward = new ArrayList<>();

    public CountingModel(CausalLanguageModel inner) {
        this.inner = inner;
    }

    /** Rows of {@link #tokenScores} and {@link #hiddenStates}, as lists so that they can be compared. */
    public List<List<Integer>> scored() {
        return List.copyOf(scored);
    }

    /** Rows of {@link #accumulateGradient}. */
    public List<List<Integer>> backward() {
        return List.copyOf(backward);
    }

    public void forget() {
        scored.clear();
        backward.clear();
    }

    /** A token row as these lists hold it. */
    public static List<Integer> row(int[] tokens) {
        var row = new ArrayList<Integer>();
        for (int token : tokens) row.add(token);
        return row;
    }

    @Override
    public ModelConfig config() {
        return inner.config();
    }

    @Override
    public Decoder decoder(int batch, int maxLength) {
        return inner.decoder(batch, maxLength);
    }

    @Override
    public TokenScores tokenScores(int[][] tokens, int[] promptLength, int microBatch, float[][] functions) {
        for (int[] row : tokens) scored.add(row(row));
        return inner.tokenScores(tokens, promptLength, microBatch, functions);
    }

    @Override
    public int width() {
        return inner.width();
    }

    @Override
    public float[][][] hiddenStates(int[][] tokens, int[] promptLength, int microBatch) {
        for (int[] row : tokens) scored.add(row(row));
        return inner.hiddenStates(tokens, promptLength, microBatch);
    }

    @Override
    public double[] accumulateGradient(
            int[][] tokens, int[] promptLength, int microBatch, SequenceCoefficients coefficients) {
        for (int[] row : tokens) backward.add(row(row));
        return inner.accumulateGradient(tokens, promptLength, microBatch, coefficients);
    }

    @Override
    public Parameters parameters() {
        return inner.parameters();
    }

    @Override
    public void changed() {
        inner.changed();
    }

    @Override
    public void trainable(Predicate<String> name) {
        inner.trainable(name);
    }

    @Override
    public double gradientNorm() {
        return inner.gradientNorm();
    }

    @Override
    public CountingModel copy() {
        return new CountingModel(inner.copy());
    }

    @Override
    public void copyFrom(CausalLanguageModel other) {
        inner.copyFrom(other);
    }

    @Override
    public void close() {
        inner.close();
    }
}
