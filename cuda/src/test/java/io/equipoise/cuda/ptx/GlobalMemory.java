package io.equipoise.cuda.ptx;

import java.util.ArrayList;
import java.util.List;

/** Allocations. Addresses are never given twice and have bytes between them that belong to none. */
final class GlobalMemory {
    /** What was allocated, or once was. */
    static final class Allocation {
        final long address;
        final int size;
        final String name;
        private Bytes bytes;
        private boolean live = true;

        private Allocation(long address, int size, String name) {
            this.address = address;
            this.size = size;
            this.name = name;
            bytes = new Bytes(size, true);
        }

        Bytes bytes() {
            return bytes;
        }

        boolean live() {
            return live;
        }
    }

    /** No address of the host, and none that 32 bits can hold. */
    private static final long FIRST = 1L << 52;

    private static final int GAP = 512;

    private final List<Allocation> allocations = new ArrayList<>();
    private long next = FIRST;
    private Allocation last = new Allocation(0, 0, "nothing");

    Allocation allocate(long size, int alignment, String name) {
        if (size < 0 || size > Integer.MAX_VALUE - 64) {
            throw new Fault("can't allocate " + size + " bytes: the interpreter has at most 2 GiB a piece");
        }
        next = (next + alignment - 1) / alignment * alignment;
        var allocation = new Allocation(next, (int) size, name);
        next += size + GAP;
        allocations.add(allocation);
        return allocation;
    }

    void skip(long bytes) {
        next += bytes;
    }

    void free(long address) {
        var allocation = find(address);
        if (allocation.address != address) throw new Fault("free of what was not allocated: " + hex(address));
        if (!allocation.live) throw new Fault("free of what was freed before: " + hex(address));
        allocation.live = false;
        allocation.bytes = new Bytes(0, false);
    }

    /** The allocation that begins at or before the address; an empty one when there is none. */
    Allocation find(long address) {
        if (address >= last.address && address < last.address + last.size) return last;
        int low = 0;
        int high = allocations.size() - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            if (allocations.get(middle).address <= address) low = middle + 1;
            else high = middle - 1;
        }
        if (high >= 0) last = allocations.get(high);
        return high < 0 ? new Allocation(0, 0, "nothing") : last;
    }

    boolean holds(long address) {
        var allocation = find(address);
        return address >= FIRST && allocation.live && address - allocation.address < Math.max(1, allocation.size);
    }

    List<Allocation> live() {
        return allocations.stream().filter(Allocation::live).toList();
    }

    /** Why so many bytes at an address can't be accessed; empty when they can. */
    String objection(long address, long size) {
        var allocation = find(address);
        if (allocation.address == 0) return hex(address) + " was never allocated";
        long offset = address - allocation.address;
        if (!allocation.live && offset < allocation.size) {
            return hex(address) + " is in " + allocation.name + ", which was freed";
        }
        if (offset + size > allocation.size) {
            return hex(address) + " is " + (offset + size - allocation.size) + " bytes past the end of "
                    + allocation.name + " of " + allocation.size + " bytes";
        }
        return "";
    }

    static String hex(long address) {
        return "0x" + Long.toHexString(address);
    }
}
