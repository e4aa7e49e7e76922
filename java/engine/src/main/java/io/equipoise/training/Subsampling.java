package io.equipoise.training;

import io.equipoise.kernels.Philox;
import java.util.stream.IntStream;

/**
 * Leaves sequences that hardly weigh out of the backward pass: sequence i is kept with probability min(1, s·size_i), its
 * weight then divided by that probability, so no expectation changes.
 *
 * @param kept indices of the sequences that stay, ascending
 * @param left indices of the others, ascending
 * @param probability (B) of staying
 */
record Subsampling(int[] kept, int[] left, double[] probability) {
    /** No sequence's weight is multiplied by more than the inverse of this. */
    private static final double LEAST = 0.05;
    /** The sampler draws number 0 of every position from 1. */
    private static final int DRAW = 1;

    /** All of them. */
    static Subsampling none(int batch) {
        return new Subsampling(
                IntStream.range(0, batch).toArray(),
                new int[0],
                IntStream.range(0, batch).mapToDouble(i -> 1).toArray());
    }

    /**
     * Draws who stays.
     *
     * @param size (B) about how large each sequence's gradient will be; the scale doesn't matter
     * @param share of the batch that stays, in expectation
     * @param first the run's index of the batch's first sequence, for the random numbers
     */
    static Subsampling draw(double[] size, double share, long seed, long first) {
        double[] probability = probabilities(size, share);
        var stays = new boolean[size.length];
        for (int i = 0; i < stays.length; i++) {
            stays[i] = Philox.uniform(seed, first + i, 0, DRAW) < probability[i];
        }
        return new Subsampling(
                IntStream.range(0, stays.length).filter(i -> stays[i]).toArray(),
                IntStream.range(0, stays.length).filter(i -> !stays[i]).toArray(),
                probability);
    }

    /** min(1, s·size), not below {@link #LEAST}, with the mean {@code share}. */
    private static double[] probabilities(double[] size, double share) {
        double low = 0;
        double high = 1;
        while (mean(size, high) < share && high < 1e12) high *= 2;
        for (int i = 0; i < 60; i++) {
            double middle = (low + high) / 2;
            if (mean(size, middle) < share) low = middle;
            else high = middle;
        }
        var probability = new double[size.length];
        for (int i = 0; i < size.length; i++) probability[i] = probability(size[i], high);
        return probability;
    }

    private static double mean(double[] size, double scale) {
        double sum = 0;
        for (double each : size) sum += probability(each, scale);
        return sum / size.length;
    }

    private static double probability(double size, double scale) {
        return Math.min(1, Math.max(LEAST, size * scale));
    }
}
