package io.equipoise.memory;

import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.util.Arrays;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;

/**
 * A contiguous vector of {@code size} elements in native memory. Allocated vectors start at zero. Closing one twice is
 * harmless; using it after that throws {@link IllegalStateException}. A slice shares its parent's memory.
 */
public final class Vector implements AutoCloseable {
    /** Stands for a vector that isn't there. */
    public static final Vector NONE = borrow(DataType.F32, new Pointer(), 0);

    private final NativeMemory memory;
    private final DataType type;
    private final long offset;
    private final long size;
    private final boolean owner;
    /** Where the first element is. */
    private final Pointer first;

    private Vector(NativeMemory memory, DataType type, long offset, long size, boolean owner) {
        this.memory = memory;
        this.type = type;
        this.offset = offset;
        this.size = size;
        this.owner = owner;
        var base = memory.pointer();
        first = offset == 0
                ? base
                : new Pointer(base) {
                    {
                        address = base.address() + offset * type.bytes();
                    }
                };
    }

    /** A new vector of {@code size} zeros. */
    public static Vector allocate(DataType type, long size) {
        if (size < 0) throw new IllegalArgumentException("vector size must be >= 0, got " + size);
        return new Vector(NativeMemory.allocate(Math.multiplyExact(size, (long) type.bytes())), type, 0, size, true);
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

    /** A view of memory that somebody else owns and keeps alive as long as the view is used. */
    public static Vector borrow(DataType type, Pointer pointer, long size) {
        return new Vector(NativeMemory.borrow(pointer, size * type.bytes()), type, 0, size, false);
    }

    /** Bytes of native memory that vectors and matrices hold now. */
    public static long liveBytes() {
        return NativeMemory.liveBytes();
    }

    /** The elements {@code [from, from + length)}, sharing memory with this vector. */
    public Vector slice(long from, long length) {
        if (from < 0 || length < 0 || from > size - length) {
            throw new IndexOutOfBoundsException(
                    "slice [" + from + ", " + from + " + " + length + ") of a vector of " + size);
        }
        return new Vector(memory, type, offset + from, length, false);
    }

    /** This vector seen as a row-major matrix. */
    public Matrix asMatrix(long rows, long columns) {
        if (Math.multiplyExact(rows, columns) != size) {
            throw new IllegalArgumentException("a vector of " + size + " elements is not " + rows + " by " + columns);
        }
        return Matrix.borrow(type, address(), rows, columns, columns);
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

    /** A pointer to the first element, for native calls. */
    public Pointer address() {
        memory.pointer(); // throws after close
        return first;
    }

    /** @throws IllegalArgumentException unless f64 and {@code values.length == size()} */
    public void put(double... values) {
        expect(DataType.F64, values.length);
        new DoublePointer(address()).put(values);
    }

    /** @throws IllegalArgumentException unless f32 and {@code values.length == size()} */
    public void put(float... values) {
        expect(DataType.F32, values.length);
        new FloatPointer(address()).put(values);
    }

    /** @throws IllegalArgumentException unless i32 and {@code values.length == size()} */
    public void put(int... values) {
        expect(DataType.I32, values.length);
        new IntPointer(address()).put(values);
    }

    /** @throws IllegalArgumentException unless i64 and {@code values.length == size()} */
    public void put(long... values) {
        expect(DataType.I64, values.length);
        new LongPointer(address()).put(values);
    }

    /** Copies the bytes of {@code source}, which has the same type and size. */
    public void copyFrom(Vector source) {
        expect(source.type, source.size);
        Pointer.memcpy(address(), source.address(), size * type.bytes());
    }

    /** Sets every bit to zero. */
    public void clear() {
        Pointer.memset(address(), 0, size * type.bytes());
    }

    /** The elements of an f64 vector. */
    public double[] toDoubles() {
        expect(DataType.F64, size);
        var values = new double[Math.toIntExact(size)];
        new DoublePointer(address()).get(values);
        return values;
    }

    /** An i32 vector's memory as a buffer, to be read and written without a copy while the vector is open. */
    public IntBuffer asInts() {
        expect(DataType.I32, size);
        return new IntPointer(address()).capacity(size).asBuffer();
    }

    /** An i64 vector's memory as a buffer, to be read and written without a copy while the vector is open. */
    public LongBuffer asLongs() {
        expect(DataType.I64, size);
        return new LongPointer(address()).capacity(size).asBuffer();
    }

    /** An f32 vector's memory as a buffer, to be read and written without a copy while the vector is open. */
    public FloatBuffer asFloats() {
        expect(DataType.F32, size);
        return new FloatPointer(address()).capacity(size).asBuffer();
    }

    /** The elements of an f32 vector. */
    public float[] toFloats() {
        expect(DataType.F32, size);
        var values = new float[Math.toIntExact(size)];
        new FloatPointer(address()).get(values);
        return values;
    }

    /** The elements of an i32 vector. */
    public int[] toInts() {
        expect(DataType.I32, size);
        var values = new int[Math.toIntExact(size)];
        new IntPointer(address()).get(values);
        return values;
    }

    /** The elements of an i64 vector. */
    public long[] toLongs() {
        expect(DataType.I64, size);
        var values = new long[Math.toIntExact(size)];
        new LongPointer(address()).get(values);
        return values;
    }

    @Override
    public void close() {
        if (owner) memory.close();
    }

    @Override
    public String toString() {
        return "Vector(" + type + ", " + size
                + (size <= 8 && type == DataType.F32 ? ", " + Arrays.toString(toFloats()) : "") + ")";
    }

    private void expect(DataType wantedType, long wantedSize) {
        if (type != wantedType || size != wantedSize) {
            throw new IllegalArgumentException(
                    "vector is " + type + " of " + size + ", wanted " + wantedType + " of " + wantedSize);
        }
    }
}
