package io.equipoise.memory;

import java.util.function.Consumer;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;

/**
 * One block of memory: either allocated here and freed by {@link #close()}, or borrowed from its owner (a tensor, say),
 * which must outlive it.
 */
final class Block implements AutoCloseable {
    private final Memory memory;
    private final Pointer pointer;
    private final long bytes;
    /** Who allocated it; empty of what is borrowed. */
    private final String owner;

    private volatile boolean closed;

    private Block(Memory memory, Pointer pointer, long bytes, String owner) {
        this.memory = memory;
        this.pointer = pointer;
        this.bytes = bytes;
        this.owner = owner;
    }

    static Block allocate(Memory memory, long bytes) {
        var pointer = memory.allocate(bytes);
        String owner = NativeMemory.owner();
        NativeMemory.hold(owner, bytes);
        return new Block(memory, pointer, bytes, owner);
    }

    static Block borrow(Memory memory, Pointer pointer, long bytes) {
        return new Block(memory, pointer, bytes, "");
    }

    Memory memory() {
        return memory;
    }

    /** @throws IllegalStateException after {@link #close()} */
    Pointer pointer() {
        if (closed) throw new IllegalStateException("memory of " + bytes + " bytes was used after it was closed");
        return pointer;
    }

    /** So many bytes further on. */
    static Pointer at(Pointer base, long offset) {
        if (offset == 0) return base;
        return new Pointer(base) {
            {
                address = base.address() + offset;
            }
        };
    }

    /** Hands bytes to who reads them, in the host's memory. */
    void read(Pointer from, long count, Consumer<Pointer> reader) {
        if (memory == Memory.HOST) {
            reader.accept(from);
            return;
        }
        try (var here = new BytePointer(count)) {
            memory.copyToHost(here, from, count);
            reader.accept(here);
        }
    }

    /** Takes bytes from who writes all of them, in the host's memory. */
    void write(Pointer to, long count, Consumer<Pointer> writer) {
        if (memory == Memory.HOST) {
            writer.accept(to);
            return;
        }
        try (var here = new BytePointer(count)) {
            writer.accept(here);
            memory.copyFromHost(to, here, count);
        }
    }

    /** Copies bytes from one memory to another, or within one. */
    static void copy(Memory to, Pointer target, Memory from, Pointer source, long count) {
        if (to == from) {
            to.copy(target, source, count);
        } else if (from == Memory.HOST) {
            to.copyFromHost(target, source, count);
        } else if (to == Memory.HOST) {
            from.copyToHost(target, source, count);
        } else {
            try (var here = new BytePointer(count)) {
                from.copyToHost(here, source, count);
                to.copyFromHost(target, here, count);
            }
        }
    }

    @Override
    public synchronized void close() {
        if (closed) return;
        closed = true;
        if (owner.isEmpty()) return;
        memory.free(pointer);
        NativeMemory.hold(owner, -bytes);
    }
}
