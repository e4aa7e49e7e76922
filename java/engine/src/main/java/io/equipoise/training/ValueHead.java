package io.equipoise.training;

import io.equipoise.kernels.AdamRule;
import io.equipoise.kernels.Kernels;
import io.equipoise.memory.Vector;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What reward is still to be expected after a text so far: V = w·h + b, linear in the model's last hidden state h. Fitted to
 * returns by Adam on their squared error, on hidden states that are given, so that no gradient of it reaches the model.
 */
final class ValueHead implements AutoCloseable {
    private final double learningRate;
    private final Kernels kernels;
    /** w, then b. */
    private final Vector weight;

    private final Vector gradient;
    private final Vector firstMoment;
    private final Vector secondMoment;
    private long steps;

    /**
     * A head of 0.
     *
     * @param width D
     */
    ValueHead(int width, double learningRate, Kernels kernels) {
        this.learningRate = learningRate;
        this.kernels = kernels;
        weight = Vector.f32(width + 1L);
        gradient = Vector.f32(width + 1L);
        firstMoment = Vector.f32(width + 1L);
        secondMoment = Vector.f32(width + 1L);
    }

    /** V of hidden states (B, T, D), ragged in T: (B, T). */
    double[][] values(float[][][] hidden) {
        float[] w = weight.toFloats();
        var values = new double[hidden.length][];
        for (int i = 0; i < hidden.length; i++) {
            values[i] = new double[hidden[i].length];
            for (int t = 0; t < hidden[i].length; t++) values[i][t] = value(w, hidden[i][t]);
        }
        return values;
    }

    private static double value(float[] w, float[] hidden) {
        double sum = w[hidden.length];
        for (int d = 0; d < hidden.length; d++) sum += (double) w[d] * hidden[d];
        return sum;
    }

    /**
     * One step of Adam on ½(V − return)², the mean over tokens.
     *
     * @param rows which sequences
     * @param hidden (B, T, D), ragged in T
     * @param returns (B, T)
     */
    void step(int[] rows, float[][][] hidden, double[][] returns) {
        float[] w = weight.toFloats();
        var sum = new double[w.length];
        long tokens = 0;
        for (int i : rows) {
            for (int t = 0; t < hidden[i].length; t++) {
                float[] h = hidden[i][t];
                double error = value(w, h) - returns[i][t];
                for (int d = 0; d < h.length; d++) sum[d] += error * h[d];
                sum[h.length] += error;
                tokens++;
            }
        }
        if (tokens == 0) return;
        var mean = new float[sum.length];
        for (int d = 0; d < sum.length; d++) mean[d] = (float) (sum[d] / tokens);
        gradient.put(mean);
        // Not the policy's numbers, which may have been chosen for the noise of its gradient.
        var rule = new AdamRule(learningRate, 0.9, 0.999, 1e-8, 0, ++steps);
        kernels.adam(weight, firstMoment, secondMoment, gradient, rule, 1);
    }

    /** What must be saved besides {@link #steps}: (D + 1) each, f32. */
    Map<String, Vector> tensors() {
        var tensors = new LinkedHashMap<String, Vector>();
        tensors.put("value.weight", weight);
        tensors.put("value.firstMoment", firstMoment);
        tensors.put("value.secondMoment", secondMoment);
        return tensors;
    }

    /** Steps made. */
    long steps() {
        return steps;
    }

    /** Takes up the count of a saved state; the tensors are written by the caller. */
    void restore(long count) {
        steps = count;
    }

    /** Mean over tokens of ½(V − return)², both (B, T), ragged in T. */
    static double loss(double[][] values, double[][] returns) {
        double sum = 0;
        long tokens = 0;
        for (int i = 0; i < values.length; i++) {
            for (int t = 0; t < values[i].length; t++) {
                double error = values[i][t] - returns[i][t];
                sum += error * error / 2;
                tokens++;
            }
        }
        return tokens == 0 ? 0 : sum / tokens;
    }

    @Override
    public void close() {
        weight.close();
        gradient.close();
        firstMoment.close();
        secondMoment.close();
    }
}
