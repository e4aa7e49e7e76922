package io.equipoise.memory;

/** Element types that kernels read or write. */
public enum DataType {
    F64(8),
    F32(4),
    BF16(2),
    F16(2),
    I32(4),
    I64(8);

    private final int bytes;

    DataType(int bytes) {
        this.bytes = bytes;
    }

    /** Size of one element in bytes. */
    public int bytes() {
        return bytes;
    }
}
