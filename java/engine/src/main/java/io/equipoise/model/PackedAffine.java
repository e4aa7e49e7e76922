package io.equipoise.model;

import io.equipoise.kernels.PackedWeight;
import io.equipoise.kernels.TransformerKernels;
import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;

/** A product's weight, prepared for the product and, once a gradient is wanted, for its gradient; with its bias. */
final class PackedAffine implements AutoCloseable {
    private final TransformerKernels kernels;
    private final Matrix weight;
    private final boolean storedTransposed;
    private final Vector bias;
    private final PackedWeight packed;
    private PackedWeight transposed;

    /**
     * Unprepared.
     *
     * @param weight (K, M), or (M, K) if it is stored transposed
     * @param bias (M), or NONE
     */
    PackedAffine(TransformerKernels kernels, DataType type, Matrix weight, boolean storedTransposed, Vector bias) {
        this.kernels = kernels;
        this.weight = weight;
        this.storedTransposed = storedTransposed;
        this.bias = bias;
        packed = storedTransposed
                ? kernels.allocate(type, weight.columns(), weight.rows())
                : kernels.allocate(type, weight.rows(), weight.columns());
        transposed = kernels.allocate(type, 0, 0);
    }

    void pack() {
        kernels.pack(packed, weight, storedTransposed);
    }

    void packTransposed() {
        if (transposed.depth() == 0) {
            transposed = kernels.allocate(packed.type(), packed.columns(), packed.depth());
        }
        kernels.pack(transposed, weight, !storedTransposed);
    }

    /** (K, M). */
    PackedWeight packed() {
        return packed;
    }

    /** (M, K); only after {@link #packTransposed}. */
    PackedWeight transposed() {
        return transposed;
    }

    Vector bias() {
        return bias;
    }

    @Override
    public void close() {
        packed.close();
        transposed.close();
    }
}
