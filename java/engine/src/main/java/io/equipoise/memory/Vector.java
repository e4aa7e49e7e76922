package io.equipoise.memory;

import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.util.Arrays;
import java.util.function.Consumer;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;

/**
 * A contiguous vector of {@code size} elements in native memory, the host's or a device's. Allocated vectors start at zero.
 * Closing one twice is harmless; using it after that throws {@link IllegalStateException}. A slice shares its parent's memory.
 */
public final class Vector implements AutoCloseable {
    /** Stands for a vector that isn't there. */
    public static final Vector NONE = borrow(DataType.F32, new Pointer(), 0);

    private final Block block;
    private final DataType type;
    private final long offset;
    private final long size;
    private final boolean owner;
    /** Where the first element is. */
    private final Pointer first;

    private Vector(Block block, DataType type, long offset, long size, boolean owner) {
        this.block = block;
        this.type = type;
        this.offset = offset;
        this.size = size;
        this.owner = owner;
        first = Block.at(block.pointer(), offset * type.bytes());
    }

    /** A new vector of {@code size} zeros in the host's memory. */
    public static Vector allocate(DataType type, long size) {
        return allocate(Memory.HOST, type, size);
    }

    /** A new vector of {@code size} zeros. */
    public static Vector allocate(Memory memory, DataType type, long size) {
        if (size < 0) throw new IllegalArgumentException("vector size must be >= 0, got " + size);
        return new Vector(Block.allocate(memory, Math.multiplyExact(size, (long) type.bytes())), type, 0, size, true);
    }

    /** A new f64 vector of {@code size} zeros. */
    public static Vector f64(long size) {
        return allocate(DataType.F64, size);
    }

    /** A new f32 vector of {@code size} zeros. */
    public static Vector f32(long size) {
        return allocate(DataType.F32, size);
    }

    /** A new i32 vector of {@code size} zeros. */
    public static Vector i32(long size) {
        return allocate(DataType.I32, size);
    }

    /** A new i64 vector of {@code size} zeros. */
    public static Vector i64(long size) {
        return allocate(DataType.I64, size);
    }

    /** A new f64 vector with these elements. */
    public static Vector of(double... values) {
        var vector = f64(values.length);
        vector.put(values);
        return vector;
    }

    /** A new f32 vector with these elements. */
    public static Vector of(float... values) {
        var vector = f32(values.length);
        vector.put(values);
        return vector;
    }

    /** A new i32 vector with these elements. */
    public static Vector of(int... values) {
        var vector = i32(values.length);
        vector.put(values);
        return vector;
    }

    /** A new i64 vector with these elements. */
    public static Vector of(long... values) {
        var vector = i64(values.length);
        vector.put(values);
        return vector;
    }

    /** A view of the host's memory that somebody else owns and keeps alive as long as the view is used. */
    public static Vector borrow(DataType type, Pointer pointer, long size) {
        return borrow(Memory.HOST, type, pointer, size);
    }

    /** A view of memory that somebody else owns and keeps alive as long as the view is used. */
    public static Vector borrow(Memory memory, DataType type, Pointer pointer, long size) {
        return new Vector(Block.borrow(memory, pointer, size * type.bytes()), type, 0, size, false);
    }

    /** The elements {@code [from, from + length)}, sharing memory with this vector. */
    public Vector slice(long from, long length) {
        if (from < 0 || length < 0 || from > size - length) {
            throw new IndexOutOfBoundsException(
                    "slice [" + from + ", " + from + " + " + length + ") of a vector of " + size);
        }
        return new Vector(block, type, offset + from, length, false);
    }

    /** This vector seen as a row-major matrix. */
    public Matrix asMatrix(long rows, long columns) {
        if (Math.multiplyExact(rows, columns) != size) {
            throw new IllegalArgumentException("a vector of " + size + " elements is not " + rows + " by " + columns);
        }
        return Matrix.borrow(memory(), type, address(), rows, columns, columns);
    }

    /** Whether this is {@link #NONE}. */
    public boolean isNone() {
        return this == NONE;
    }

    public DataType type() {
        return type;
    }

    public long size() {
        return size;
    }

    /** What it lies in. */
    public Memory memory() {
        return block.memory();
    }

    /** A pointer to the first element, for native calls; of a device's memory, the device's. */
    public Pointer address() {
        block.pointer(); // throws after close
        return first;
    }

    /** @throws IllegalArgumentException unless f64 and {@code values.length == size()} */
    public void put(double... values) {
        expect(DataType.F64, values.length);
        write(to -> new DoublePointer(to).put(values));
    }

    /** @throws IllegalArgumentException unless f32 and {@code values.length == size()} */
    public void put(float... values) {
        expect(DataType.F32, values.length);
        write(to -> new FloatPointer(to).put(values));
    }

    /** @throws IllegalArgumentException unless i32 and {@code values.length == size()} */
    public void put(int... values) {
        expect(DataType.I32, values.length);
        write(to -> new IntPointer(to).put(values));
    }

    /** @throws IllegalArgumentException unless i64 and {@code values.length == size()} */
    public void put(long... values) {
        expect(DataType.I64, values.length);
        write(to -> new LongPointer(to).put(values));
    }

    private void read(Consumer<Pointer> reader) {
        block.read(address(), bytes(), reader);
    }

    private void write(Consumer<Pointer> writer) {
        block.write(address(), bytes(), writer);
    }

    /** Copies the bytes of {@code source}, which has the same type and size, from whatever memory it is in. */
    public void copyFrom(Vector source) {
        expect(source.type, source.size);
        Block.copy(memory(), address(), source.memory(), source.address(), bytes());
    }

    /** Sets every bit to zero. */
    public void clear() {
        memory().clear(address(), bytes());
    }

    private long bytes() {
        return size * type.bytes();
    }

    /** The elements of an f64 vector. */
    public double[] toDoubles() {
        expect(DataType.F64, size);
        var values = new double[Math.toIntExact(size)];
        read(from -> new DoublePointer(from).get(values));
        return values;
    }

    /** An i32 vector's host memory as a buffer, to be read and written without a copy while the vector is open. */
    public IntBuffer asInts() {
        expect(DataType.I32, size);
        expectHost();
        return new IntPointer(address()).capacity(size).asBuffer();
    }

    /** An i64 vector's host memory as a buffer, to be read and written without a copy while the vector is open. */
    public LongBuffer asLongs() {
        expect(DataType.I64, size);
        expectHost();
        return new LongPointer(address()).capacity(size).asBuffer();
    }

    /** An f32 vector's host memory as a buffer, to be read and written without a copy while the vector is open. */
    public FloatBuffer asFloats() {
        expect(DataType.F32, size);
        expectHost();
        return new FloatPointer(address()).capacity(size).asBuffer();
    }

    /** The elements of an f32 vector. */
    public float[] toFloats() {
        expect(DataType.F32, size);
        var values = new float[Math.toIntExact(size)];
        read(from -> new FloatPointer(from).get(values));
        return values;
    }

    /** The elements of an i32 vector. */
    public int[] toInts() {
        expect(DataType.I32, size);
        var values = new int[Math.toIntExact(size)];
        read(from -> new IntPointer(from).get(values));
        return values;
    }

    /** The elements of an i64 vector. */
    public long[] toLongs() {
        expect(DataType.I64, size);
        var values = new long[Math.toIntExact(size)];
        read(from -> new LongPointer(from).get(values));
        return values;
    }

    @Override
    public void close() {
        if (owner) block.close();
    }

    @Override
    public String toString() {
        return "Vector(" + type + ", " + size
                + (size <= 8 && type == DataType.F32 ? ", " + Arrays.toString(toFloats()) : "") + ")";
    }

    private void expectHost() {
        if (memory() == Memory.HOST) return;
        throw new IllegalStateException(
                "a buffer is of the host's memory, the vector is in that of " + memory().description());
    }

    private void expect(DataType wantedType, long wantedSize) {
        if (type != wantedType || size != wantedSize) {
            throw new IllegalArgumentException(
                    "vector is " + type + " of " + size + ", wanted " + wantedType + " of " + wantedSize);
        }
    }
}
