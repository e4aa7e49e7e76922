package io.equipoise.memory;

import java.util.function.Consumer;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.ShortPointer;

/**
 * A row-major matrix in native memory, the host's or a device's; {@code rowStride} is the distance between rows in elements.
 * Floating-point types only. Allocated matrices start at zero. Closing one twice is harmless; using it after that throws.
 */
public final class Matrix implements AutoCloseable {
    /** Stands for a matrix that isn't there. */
    public static final Matrix NONE = borrow(DataType.F32, new Pointer(), 0, 0, 0);

    private static final int CACHE_LINE = 64;

    private final Block block;
    private final DataType type;
    private final long rows;
    private final long columns;
    private final long rowStride;

    private Matrix(Block block, DataType type, long rows, long columns, long rowStride) {
        this.block = block;
        this.type = type;
        this.rows = rows;
        this.columns = columns;
        this.rowStride = rowStride;
    }

    /** A new matrix of zeros in the host's memory, without gaps between rows. */
    public static Matrix allocate(DataType type, long rows, long columns) {
        return allocate(type, rows, columns, columns);
    }

    /** A new matrix of zeros in the host's memory, {@code rowStride} elements from row to row. */
    public static Matrix allocate(DataType type, long rows, long columns, long rowStride) {
        return allocate(Memory.HOST, type, rows, columns, rowStride);
    }

    /** A new matrix of zeros, {@code rowStride} elements from row to row. */
    public static Matrix allocate(Memory memory, DataType type, long rows, long columns, long rowStride) {
        check(type, rows, columns, rowStride);
        long bytes = Math.multiplyExact(Math.multiplyExact(rows, rowStride), (long) type.bytes());
        return new Matrix(Block.allocate(memory, bytes), type, rows, columns, rowStride);
    }

    /**
     * A new matrix of zeros in the host's memory whose rows are an odd number of cache lines apart: where they are a power of
     * two apart, the same columns of many rows fall into the same few sets of a cache.
     */
    public static Matrix staggered(DataType type, long rows, long columns) {
        long lines = (columns * type.bytes() + CACHE_LINE - 1) / CACHE_LINE | 1;
        return allocate(type, rows, columns, lines * CACHE_LINE / type.bytes());
    }

    /** A view of the host's memory that somebody else owns and keeps alive as long as the view is used. */
    public static Matrix borrow(DataType type, Pointer pointer, long rows, long columns, long rowStride) {
        return borrow(Memory.HOST, type, pointer, rows, columns, rowStride);
    }

    /** A view of memory that somebody else owns and keeps alive as long as the view is used. */
    public static Matrix borrow(
            Memory memory, DataType type, Pointer pointer, long rows, long columns, long rowStride) {
        check(type, rows, columns, rowStride);
        var block = Block.borrow(memory, pointer, rows * rowStride * type.bytes());
        return new Matrix(block, type, rows, columns, rowStride);
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

    /** What it lies in. */
    public Memory memory() {
        return block.memory();
    }

    /** A pointer to the first element, for native calls; of a device's memory, the device's. */
    public Pointer address() {
        return block.pointer();
    }

    /** The {@code count} rows from {@code from}, sharing memory with this matrix. */
    public Matrix slice(long from, long count) {
        if (from < 0 || count < 0 || from > rows - count) {
            throw new IndexOutOfBoundsException("rows [" + from + ", " + from + " + " + count + ") of " + rows);
        }
        return borrow(memory(), type, at(from), count, columns, rowStride);
    }

    private Pointer at(long row) {
        return Block.at(address(), row * rowStride * type.bytes());
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
            Block.copy(memory(), target.address(), source.memory(), rows.address(), count * rowBytes());
            return;
        }
        for (long row = 0; row < count; row++) {
            Block.copy(memory(), target.at(row), source.memory(), rows.at(row), rowBytes());
        }
    }

    private long rowBytes() {
        return columns * type.bytes();
    }

    /** Sets every bit to zero; without gaps between rows only. */
    public void clear() {
        if (rowStride != columns) throw new IllegalStateException(this + " has gaps between its rows");
        if (rows > 0) memory().clear(address(), rows * rowBytes());
    }

    private void read(long row, Consumer<Pointer> reader) {
        block.read(at(row), rowBytes(), reader);
    }

    private void write(long row, Consumer<Pointer> writer) {
        block.write(at(row), rowBytes(), writer);
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
            read(row, from -> new FloatPointer(from).get(values));
            return values;
        }
        var bits = new short[values.length];
        read(row, from -> new ShortPointer(from).get(bits));
        for (int i = 0; i < bits.length; i++) {
            values[i] = type == DataType.BF16 ? Float16.fromBf16(bits[i]) : Float16.fromF16(bits[i]);
        }
        return values;
    }

    /** One row of an f64 matrix. */
    public double[] doubles(long row) {
        expectF64();
        var values = new double[Math.toIntExact(columns)];
        read(row, from -> new DoublePointer(from).get(values));
        return values;
    }

    /** Writes one row of an f64 matrix. */
    public void putRow(long row, double... values) {
        expectF64();
        expectColumns(values.length);
        write(row, to -> new DoublePointer(to).put(values));
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
            write(row, to -> new FloatPointer(to).put(values));
            return;
        }
        var bits = new short[values.length];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = type == DataType.BF16 ? Float16.toBf16(values[i]) : Float16.toF16(values[i]);
        }
        write(row, to -> new ShortPointer(to).put(bits));
    }

    @Override
    public void close() {
        if (!isNone()) block.close();
    }

    @Override
    public String toString() {
        return "Matrix(" + type + ", " + rows + " by " + columns + ", stride " + rowStride + ")";
    }
}
