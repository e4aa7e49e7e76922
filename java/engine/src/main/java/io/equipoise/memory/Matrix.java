package io.equipoise.memory;

import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.ShortPointer;

/**
 * A row-major matrix in native memory; {@code rowStride} is the distance between rows in elements. Floating-point types
 * only. Allocated matrices start at zero. Closing one twice is harmless; using it after that throws.
 */
public final class Matrix implements AutoCloseable {
    /** Stands for a matrix that isn't there. */
    public static final Matrix NONE = new Matrix(NativeMemory.borrow(new Pointer(), 0), DataType.F32, 0, 0, 0);

    private static final int CACHE_LINE = 64;

    private final NativeMemory memory;
    private final DataType type;
    private final long rows;
    private final long columns;
    private final long rowStride;

    private Matrix(NativeMemory memory, DataType type, long rows, long columns, long rowStride) {
        this.memory = memory;
        this.type = type;
        this.rows = rows;
        this.columns = columns;
        this.rowStride = rowStride;
    }

    /** A new matrix of zeros without gaps between rows. */
    public static Matrix allocate(DataType type, long rows, long columns) {
        return allocate(type, rows, columns, columns);
    }

    /** A new matrix of zeros, {@code rowStride} elements from row to row. */
    public static Matrix allocate(DataType type, long rows, long columns, long rowStride) {
        check(type, rows, columns, rowStride);
        long bytes = Math.multiplyExact(Math.multiplyExact(rows, rowStride), (long) type.bytes());
        return new Matrix(NativeMemory.allocate(bytes), type, rows, columns, rowStride);
    }

    /**
     * A new matrix of zeros whose rows are an odd number of cache lines apart: where they are a power of two apart, the
     * same columns of many rows fall into the same few sets of a cache.
     */
    public static Matrix staggered(DataType type, long rows, long columns) {
        long lines = (columns * type.bytes() + CACHE_LINE - 1) / CACHE_LINE | 1;
        return allocate(type, rows, columns, lines * CACHE_LINE / type.bytes());
    }

    /** A view of memory that somebody else owns and keeps alive as long as the view is used. */
    public static Matrix borrow(DataType type, Pointer pointer, long rows, long columns, long rowStride) {
        check(type, rows, columns, rowStride);
        return new Matrix(
                NativeMemory.borrow(pointer, rows * rowStride * type.bytes()), type, rows, columns, rowStride);
    }

    private static void check(DataType type, long rows, long columns, long rowStride) {
        if (rows < 0 || columns < 0) {
            throw new IllegalArgumentException("matrix shape must be >= 0, got " + rows + " by " + columns);
        }
        if (rowStride < columns) {
            throw new IllegalArgumentException("row stride " + rowStride + " is shorter than a row of " + columns);
        }
        if (type == DataType.I32 || type == DataType.I64) {
            throw new IllegalArgumentException("a matrix holds f64, f32, bf16 or f16, got " + type);
        }
    }

    /** Whether this is {@link #NONE}. */
    public boolean isNone() {
        return this == NONE;
    }

    public DataType type() {
        return type;
    }

    public long rows() {
        return rows;
    }

    public long columns() {
        return columns;
    }

    public long rowStride() {
        return rowStride;
    }

    /** A pointer to the first element, for native calls. */
    public Pointer address() {
        return memory.pointer();
    }

    /** The {@code count} rows from {@code from}, sharing memory with this matrix. */
    public Matrix slice(long from, long count) {
        if (from < 0 || count < 0 || from > rows - count) {
            throw new IndexOutOfBoundsException("rows [" + from + ", " + from + " + " + count + ") of " + rows);
        }
        var first = new Pointer(memory.pointer()) {
            {
                address = memory.pointer().address() + from * rowStride * type.bytes();
            }
        };
        return borrow(type, first, count, columns, rowStride);
    }

    /**
     * Copies {@code count} rows of a matrix of the same type and width.
     *
     * @param to the first row here
     * @param from the first row there
     */
    public void copyRows(long to, Matrix source, long from, long count) {
        if (source.type != type || source.columns != columns) {
            throw new IllegalArgumentException("can't copy rows of " + source + " to " + this);
        }
        if (count == 0) return;
        var target = slice(to, count);
        var rows = source.slice(from, count);
        if (rowStride == columns && source.rowStride == columns) {
            Pointer.memcpy(target.address(), rows.address(), count * columns * type.bytes());
            return;
        }
        for (long row = 0; row < count; row++) {
            Pointer.memcpy(target.slice(row, 1).address(), rows.slice(row, 1).address(), columns * type.bytes());
        }
    }

    /** Sets every bit to zero; without gaps between rows only. */
    public void clear() {
        if (rowStride != columns) throw new IllegalStateException(this + " has gaps between its rows");
        if (rows > 0) Pointer.memset(address(), 0, rows * columns * type.bytes());
    }

    /**
     * One row as f32, converted exactly.
     *
     * @throws IllegalStateException if this matrix holds f64; see {@link #doubles}
     */
    public float[] row(long row) {
        if (type == DataType.F64) throw new IllegalStateException("rows of f64 don't fit f32; read them as doubles");
        var values = new float[Math.toIntExact(columns)];
        if (type == DataType.F32) {
            new FloatPointer(address()).position(row * rowStride).get(values);
            return values;
        }
        var bits = new short[values.length];
        new ShortPointer(address()).position(row * rowStride).get(bits);
        for (int i = 0; i < bits.length; i++) {
            values[i] = type == DataType.BF16 ? Float16.fromBf16(bits[i]) : Float16.fromF16(bits[i]);
        }
        return values;
    }

    /** One row of an f64 matrix. */
    public double[] doubles(long row) {
        expectF64();
        var values = new double[Math.toIntExact(columns)];
        new DoublePointer(address()).position(row * rowStride).get(values);
        return values;
    }

    /** Writes one row of an f64 matrix. */
    public void putRow(long row, double... values) {
        expectF64();
        expectColumns(values.length);
        new DoublePointer(address()).position(row * rowStride).put(values);
    }

    private void expectF64() {
        if (type != DataType.F64) throw new IllegalStateException("the matrix holds " + type + ", not F64");
    }

    private void expectColumns(int length) {
        if (length != columns) {
            throw new IllegalArgumentException("a row has " + columns + " elements, got " + length);
        }
    }

    /**
     * Writes one row, rounding to this matrix's type.
     *
     * @throws IllegalStateException if this matrix holds f64
     */
    public void putRow(long row, float... values) {
        if (type == DataType.F64) throw new IllegalStateException("rows of f64 are written as doubles");
        expectColumns(values.length);
        if (type == DataType.F32) {
            new FloatPointer(address()).position(row * rowStride).put(values);
            return;
        }
        var bits = new short[values.length];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = type == DataType.BF16 ? Float16.toBf16(values[i]) : Float16.toF16(values[i]);
        }
        new ShortPointer(address()).position(row * rowStride).put(bits);
    }

    @Override
    public void close() {
        if (!isNone()) memory.close();
    }

    @Override
    public String toString() {
        return "Matrix(" + type + ", " + rows + " by " + columns + ", stride " + rowStride + ")";
    }
}
