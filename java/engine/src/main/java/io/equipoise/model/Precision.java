package io.equipoise.model;

import io.equipoise.memory.DataType;

/**
 * What a model's matrix products are computed in, for sampling, scoring and the gradient alike. Sums are f32 in either, as
 * are weights, their gradients, the residual stream, layer norms and the softmax.
 */
public enum Precision {
    F32(DataType.F32),
    /** Twice as fast where the processor multiplies bf16, with 8 significant bits for what enters a product. */
    BF16(DataType.BF16);

    private final DataType type;

    Precision(DataType type) {
        this.type = type;
    }

    /** Of what enters a product. */
    DataType type() {
        return type;
    }
}
