package io.equipoise.cuda.ptx;

/** Where a lane's load or store goes, and whether it may. */
final class MemoryAccess {
    private final Warp warp;

    /** What was found last. */
    Bytes bytes = new Bytes(0, false);

    int offset;

    MemoryAccess(Warp warp) {
        this.warp = warp;
    }

    /** What a thread's local memory takes. */
    static int stride(int localBytes) {
        return Layout.align(localBytes, 16);
    }

    /** Finds the bytes of a lane's access: {@link #bytes} from {@link #offset}. */
    void locate(Space space, int lane, long address, int size) {
        if ((address & (size - 1)) != 0) {
            throw warp.fault(lane, "misaligned access of " + size + " bytes at " + GlobalMemory.hex(address));
        }
        var in = space == Space.GENERIC ? Space.of(address) : space;
        long at = space == Space.GENERIC ? address - in.window : address;
        switch (in) {
            case SHARED -> locateShared(lane, at, size);
            case LOCAL -> {
                int thread = warp.block.program.localBytes();
                if (at < 0 || at + size > thread) throw outside(lane, at, size, "local", thread);
                bytes = warp.local;
                offset = (int) at + lane * stride(thread);
            }
            case PARAM -> {
                bytes = warp.block.parameters;
                if (!bytes.contains(at, size)) throw outside(lane, at, size, "parameter", bytes.size());
                offset = (int) at;
            }
            default -> {
                var allocation = warp.block.memory.find(at);
                long from = at - allocation.address;
                if (!allocation.live() || from < 0 || from + size > allocation.size) {
                    throw warp.fault(lane, "out of bounds: " + warp.block.memory.objection(at, size));
                }
                bytes = allocation.bytes();
                offset = (int) from;
            }
        }
    }

    private void locateShared(int lane, long address, int size) {
        bytes = warp.block.shared;
        long from = address - Block.SHARED_BASE;
        if (!bytes.contains(from, size)) throw outside(lane, from, size, "shared", bytes.size());
        offset = (int) from;
        if (bytes.excludes(offset, size)) {
            throw warp.fault(
                    lane, "out of bounds: offset " + from + " of shared memory is past the end of its variable");
        }
    }

    private Fault outside(int lane, long from, int size, String what, int of) {
        return warp.fault(
                lane,
                "out of bounds: " + size + " bytes at offset " + from + " of " + of + " bytes of " + what + " memory");
    }

    /** Refuses an access to located bytes that were never written. */
    void requireDefined(int lane, int size) {
        int undefined = bytes.undefined(offset, size);
        if (undefined >= 0) {
            throw warp.fault(
                    lane,
                    "reads uninitialised memory: byte " + (undefined - offset) + " of " + size + " at offset " + offset
                            + " of " + bytes.size());
        }
    }

    /** Fails when noting an access found one it races with. */
    void requireOrdered(int lane, int record) {
        if (record != 0) {
            throw warp.fault(
                    lane,
                    "races with " + warp.block.races.who(record) + ", at offset " + offset + " of " + bytes.size()
                            + (bytes == warp.block.shared ? " bytes of shared memory" : " bytes of global memory"));
        }
    }

    boolean raced() {
        return bytes.writes.length != 0;
    }
}
