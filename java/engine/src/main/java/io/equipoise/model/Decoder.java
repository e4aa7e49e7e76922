package io.equipoise.model;

import io.equipoise.kernels.Truncation;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;

/**
 * One batch being decoded token by token, all rows at the same position, with the keys and values of what came before
 * kept. For one thread.
 */
public interface Decoder extends AutoCloseable {
    /**
     * Feeds every row its next token.
     *
     * @param tokens (B), i32
     * @throws IllegalStateException past the model's context length or the decoder's own maximum
     */
    void feed(Vector tokens);

    /** Logits (B, V) of the token after those fed, f32; valid until the next call. */
    Matrix logits();

    /**
     * Draws the token after those fed, as {@link io.equipoise.kernels.Kernels#sample} does from {@link #logits}, which
     * need not exist for it.
     */
    void sample(
            Vector token,
            Vector logProb,
            Vector sequence,
            Vector position,
            double temperature,
            Truncation truncation,
            long seed);

    /** Goes on with these rows only, in this order. */
    void keep(int[] rows);

    @Override
    void close();
}
