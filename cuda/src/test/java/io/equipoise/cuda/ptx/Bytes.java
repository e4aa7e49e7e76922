package io.equipoise.cuda.ptx;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Memory, with what is known of each byte: whether it was written, and who last wrote and read it (see {@link Races}).
 */
final class Bytes {
    private static final VarHandle SHORTS =
            MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private static final byte UNDEFINED = 0;
    private static final byte DEFINED = 1;
    /** Belongs to no variable. */
    private static final byte NOTHING = 2;

    final byte[] data;
    private final byte[] state;
    /** Records of {@link Races}; empty where no two threads can meet. */
    final int[] writes;

    final int[] reads;

    Bytes(int size, boolean raced) {
        data = new byte[size];
        state = new byte[size];
        writes = new int[raced ? size : 0];
        reads = new int[raced ? size : 0];
    }

    int size() {
        return data.length;
    }

    boolean contains(long offset, int size) {
        return offset >= 0 && offset <= data.length - size;
    }

    long get(int offset, int size) {
        return switch (size) {
            case 1 -> data[offset] & 0xffL;
            case 2 -> (short) SHORTS.get(data, offset) & 0xffffL;
            case 4 -> (int) INTS.get(data, offset) & 0xffffffffL;
            default -> (long) LONGS.get(data, offset);
        };
    }

    void put(int offset, int size, long value) {
        switch (size) {
            case 1 -> data[offset] = (byte) value;
            case 2 -> SHORTS.set(data, offset, (short) value);
            case 4 -> INTS.set(data, offset, (int) value);
            default -> LONGS.set(data, offset, value);
        }
        define(offset, size);
    }

    void define(int offset, int size) {
        Arrays.fill(state, offset, offset + size, DEFINED);
    }

    void undefine(int offset, int size) {
        Arrays.fill(state, offset, offset + size, UNDEFINED);
    }

    /** Declares that these bytes belong to no variable. */
    void exclude(int offset, int size) {
        Arrays.fill(state, offset, offset + size, NOTHING);
    }

    /** Whether any of these bytes belongs to no variable. */
    boolean excludes(int offset, int size) {
        for (int i = offset; i < offset + size; i++) if (state[i] == NOTHING) return true;
        return false;
    }

    /** The first of these bytes that was never written, or −1. */
    int undefined(int offset, int size) {
        if (size == 4 && (int) INTS.get(state, offset) == 0x01010101) return -1;
        int first = offset;
        int end = offset + size;
        while (first <= end - 8 && (long) LONGS.get(state, first) == 0x0101010101010101L) first += 8;
        for (int i = first; i < end; i++) if (state[i] != DEFINED) return i;
        return -1;
    }

    /** Forgets who accessed what. */
    void forget() {
        Arrays.fill(writes, 0);
        Arrays.fill(reads, 0);
    }

    /** A copy of contents and definedness. */
    Bytes copy() {
        var copy = new Bytes(data.length, false);
        copy.restore(this);
        return copy;
    }

    void restore(Bytes other) {
        System.arraycopy(other.data, 0, data, 0, data.length);
        System.arraycopy(other.state, 0, state, 0, state.length);
    }

    /** The first byte in which two differ, undefined ones being alike; −1 without one. */
    int mismatch(Bytes other) {
        for (int i = Arrays.mismatch(data, other.data); i >= 0 && i < data.length; i++) {
            if (state[i] != other.state[i] || (state[i] == DEFINED && data[i] != other.data[i])) return i;
        }
        int i = Arrays.mismatch(state, other.state);
        return i;
    }
}
