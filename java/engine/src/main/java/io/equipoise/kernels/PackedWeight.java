package io.equipoise.kernels;

import io.equipoise.memory.DataType;
import io.equipoise.memory.Vector;
import org.bytedeco.javacpp.Pointer;

/**
 * A weight (depth, columns) laid out and rounded for products, as the kernels that made it want it; opaque to others.
 * Closing one twice is harmless; using it after that throws.
 */
public final class PackedWeight implements AutoCloseable {
    private final DataType type;
    private final long depth;
    private final long columns;
    private final Vector memory;

    /**
     * Unwritten memory for a weight.
     *
     * @param type f32 or bf16: what products are computed in, with f32 sums
     * @param bytes that the layout takes
     */
    public PackedWeight(DataType type, long depth, long columns, long bytes) {
        this.type = type;
        this.depth = depth;
        this.columns = columns;
        memory = Vector.f32((bytes + 3) / 4);
    }

    public DataType type() {
        return type;
    }

    public long depth() {
        return depth;
    }

    public long columns() {
        return columns;
    }

    /** A pointer to the first byte, for native calls. */
    public Pointer address() {
        return memory.address();
    }

    @Override
    public void close() {
        memory.close();
    }

    @Override
    public String toString() {
        return "PackedWeight(" + type + ", " + depth + " by " + columns + ")";
    }
}
