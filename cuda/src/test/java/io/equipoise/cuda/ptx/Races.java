package io.equipoise.cuda.ptx;

import java.util.Arrays;

/**
 * Who accessed a byte, and whether that is ordered before an access now. A segment is what a warp does between two barriers,
 * its block's or its own. A record is {@code segment << 7 | atomic << 6 | who}, with who a lane, or the least that several
 * threads have in common: segment, barrier interval, launch. Two accesses of different threads conflict when one writes,
 * not both are atomic, and no barrier of both threads lies between.
 */
final class Races {
    private static final int ATOMIC = 64;
    private static final int WHO = 63;
    private static final int SEVERAL_LANES = 32;
    private static final int SEVERAL_WARPS = 33;
    private static final int SEVERAL_BLOCKS = 34;
    private static final int CAPACITY = 1 << 24;

    private int[] blocks = new int[1024];
    private int[] warps = new int[1024];
    private int[] intervals = new int[1024];
    private int[] previous = new int[1024];
    /** The lanes of the warp barrier that began a segment. */
    private int[] barriers = new int[1024];

    private int count = 1;
    /** Segments before are those of earlier launches. */
    private int launch = 1;

    /** A launch begins. Returns whether all records must be forgotten, for numbers run out. */
    boolean begin() {
        boolean full = count > CAPACITY / 2;
        if (full) count = 1;
        launch = count;
        return full;
    }

    /**
     * A segment begins.
     *
     * @param before the warp's segment until now, or 0
     * @param barrier lanes that met to begin it
     */
    int open(int block, int warp, int interval, int before, int barrier) {
        if (count == CAPACITY) throw new Fault("more barriers in one launch than the interpreter can tell apart");
        if (count == blocks.length) grow();
        blocks[count] = block;
        warps[count] = warp;
        intervals[count] = interval;
        previous[count] = before;
        barriers[count] = barrier;
        return count++;
    }

    private void grow() {
        int size = 2 * blocks.length;
        blocks = Arrays.copyOf(blocks, size);
        warps = Arrays.copyOf(warps, size);
        intervals = Arrays.copyOf(intervals, size);
        previous = Arrays.copyOf(previous, size);
        barriers = Arrays.copyOf(barriers, size);
    }

    /** Notes a read; returns the record it conflicts with, or 0. */
    int read(Bytes bytes, int offset, int size, int segment, int lane) {
        int mine = segment << 7 | lane;
        for (int i = offset; i < offset + size; i++) {
            int write = bytes.writes[i];
            if (write != 0 && conflicts(write, segment, lane)) return write;
            int read = bytes.reads[i];
            if (read != mine) bytes.reads[i] = read == 0 ? mine : joined(read, segment, lane);
        }
        return 0;
    }

    /** Notes a write; returns the record it conflicts with, or 0. */
    int write(Bytes bytes, int offset, int size, int segment, int lane) {
        for (int i = offset; i < offset + size; i++) {
            int write = bytes.writes[i];
            if (write != 0 && conflicts(write, segment, lane)) return write;
            int read = bytes.reads[i];
            if (read != 0 && conflicts(read, segment, lane)) return read;
            bytes.writes[i] = segment << 7 | lane;
        }
        return 0;
    }

    /** Notes an atomic read or write; returns the record it conflicts with, or 0. */
    int atomic(Bytes bytes, int offset, int size, int segment, int lane) {
        for (int i = offset; i < offset + size; i++) {
            int write = bytes.writes[i];
            boolean atomic = (write & ATOMIC) != 0;
            if (write != 0 && !atomic && conflicts(write, segment, lane)) return write;
            int read = bytes.reads[i];
            if (read != 0 && conflicts(read, segment, lane)) return read;
            bytes.writes[i] = ATOMIC | (atomic ? joined(write & ~ATOMIC, segment, lane) : segment << 7 | lane);
        }
        return 0;
    }

    /** Whether any of these bytes was written in this launch. */
    boolean written(Bytes bytes, int offset, int size) {
        for (int i = offset; i < offset + size; i++) if (bytes.writes[i] >>> 7 >= launch) return true;
        return false;
    }

    private boolean conflicts(int record, int segment, int lane) {
        int then = record >>> 7;
        int who = record & WHO;
        if (then == segment && who == lane) return false;
        if (then < launch) return false;
        if (who == SEVERAL_BLOCKS || blocks[then] != blocks[segment]) return true;
        if (intervals[then] != intervals[segment]) return false;
        if (who == SEVERAL_WARPS || warps[then] != warps[segment]) return true;
        if (who == lane) return false;
        return !met(then, segment, who == SEVERAL_LANES ? -1 : 1 << who | 1 << lane);
    }

    /** Whether lanes of a warp met after one segment and before the end of another. */
    private boolean met(int then, int segment, int lanes) {
        for (int s = segment; s > then; s = previous[s]) {
            if ((barriers[s] & lanes) == lanes) return true;
        }
        return false;
    }

    /** A record of one more thread's access: what still matters of both. */
    private int joined(int record, int segment, int lane) {
        int mine = segment << 7 | lane;
        int then = record >>> 7;
        int who = record & WHO;
        if (then < launch) return mine;
        if (who == SEVERAL_BLOCKS || blocks[then] != blocks[segment]) return segment << 7 | SEVERAL_BLOCKS;
        if (intervals[then] != intervals[segment]) return mine;
        if (who == SEVERAL_WARPS || warps[then] != warps[segment]) return segment << 7 | SEVERAL_WARPS;
        if (who == lane || met(then, segment, -1)) return mine;
        return segment << 7 | SEVERAL_LANES;
    }

    /** Whom a record is of. */
    String who(int record) {
        int segment = record >>> 7;
        var access = (record & ATOMIC) != 0 ? "an atomic access" : "an access";
        return access
                + switch (record & WHO) {
                    case SEVERAL_LANES -> " of several threads of warp " + warps[segment];
                    case SEVERAL_WARPS -> " of several warps of block " + blocks[segment];
                    case SEVERAL_BLOCKS -> " of several blocks";
                    default -> " of thread " + (warps[segment] * 32 + (record & 31)) + " of block " + blocks[segment];
                };
    }
}
