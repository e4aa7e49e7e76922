package io.equipoise.training;

import io.equipoise.kernels.Philox;
import java.util.stream.IntStream;

/**
 * Leaves sequences that hardly weigh out of the backward pass: sequence i is kept with probability min(1, s·size_i), its
 * weight then divided by that probability, so no expectation changes. Those whose coefficients are exactly 0 are never kept.
 *
 * @param kept indices of the sequences that stay, ascending
 * @param left indices of the others, ascending
 * @param probability (B) of staying; 0 of those that can't matter
 */
record Subsampling(int[] kept, int[] left, double[] probability) {
    /** No sequence's weight is multiplied by more than the inverse of this. */
    private static final double LEAST = 0.05;
    /** The sampler draws number 0 of every position from 1. */
    private static final int DRAW = 1;

    /**
     * All that count.
     *
     * @param counts (B) false where the coefficients are 0 whatever π is
     */
    static Subsampling all(boolean[] counts) {
        var probability = new double[counts.length];
        for (int i = 0; i < counts.length; i++) probability[i] = counts[i] ? 1 : 0;
        return of(counts, probability);
    }

    /**
     * Draws who stays.
     *
     * @param size (B) about how large each sequence's gradient will be; the scale doesn't matter
     * @param counts (B) false where the coefficients are 0 whatever π is
     * @param share of the batch that stays, in expectation; all that count if these are fewer
     * @param first the run's index of the batch's first sequence, for the random numbers
     */
    static Subsampling draw(double[] size, boolean[] counts, double share, long seed, long first) {
        double[] probability = probabilities(size, counts, share);
        var stays = new boolean[size.length];
        for (int i = 0; i < stays.length; i++) {
            stays[i] = Philox.uniform(seed, first + i, 0, DRAW) < probability[i];
        }
        return of(stays, probability);
    }

    private static Subsampling of(boolean[] stays, double[] probability) {
        return new Subsampling(
                IntStream.range(0, stays.length).filter(i -> stays[i]).toArray(),
                IntStream.range(0, stays.length).filter(i -> !stays[i]).toArray(),
                probability);
    }

    /**
     * By what share the draw raises the second moment of the coefficients: E Σ‖ĉ_i‖² = (1 + this)·Σ‖c_i‖², where ĉ_i is
     * c_i/p_i if i stays and 0 otherwise. The mean of ĉ being c, all that is added is variance: Σ (1/p_i − 1)·‖c_i‖².
     *
     * @param norm (B) ‖c_i‖ over a sequence's tokens; not looked at where p = 0
     * @return 0 when no coefficient is other than 0
     */
    double addedVariance(double[] norm) {
        double added = 0;
        double all = 0;
        for (int i = 0; i < norm.length; i++) {
            if (probability[i] == 0) continue;
            double square = norm[i] * norm[i];
            all += square;
            added += (1 / probability[i] - 1) * square;
        }
        return all == 0 ? 0 : added / all;
    }

    /** min(1, s·size), not below {@link #LEAST}, with the mean {@code share}. */
    private static double[] probabilities(double[] size, boolean[] counts, double share) {
        double low = 0;
        double high = 1;
        while (mean(size, counts, high) < share && high < 1e12) high *= 2;
        for (int i = 0; i < 60; i++) {
            double middle = (low + high) / 2;
            if (mean(size, counts, middle) < share) low = middle;
            else high = middle;
        }
        var probability = new double[size.length];
        for (int i = 0; i < size.length; i++) probability[i] = counts[i] ? probability(size[i], high) : 0;
        return probability;
    }

    private static double mean(double[] size, boolean[] counts, double scale) {
        double sum = 0;
        for (int i = 0; i < size.length; i++) sum += counts[i] ? probability(size[i], scale) : 0;
        return sum / size.length;
    }

    private static double probability(double size, double scale) {
        return Math.min(1, Math.max(LEAST, size * scale));
    }
}
