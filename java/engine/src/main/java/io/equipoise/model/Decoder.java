package io.equipoise.model;

import io.equipoise.memory.Matrix;

/**
 * One batch being decoded token by token, all rows at the same position, with the keys and values of what came before
 * kept. For one thread.
 */
public interface Decoder extends AutoCloseable {
    /**
     * Feeds every row its next token.
     *
     * @param tokens (B)
     * @return logits (B, V) of the token after it, f32; valid until the next call
     * @throws IllegalStateException past the model's context length or the decoder's own maximum
     */
    Matrix step(int[] tokens);

    /** Goes on with these rows only, in this order. */
    void keep(int[] rows);

    @Override
    void close();
}
