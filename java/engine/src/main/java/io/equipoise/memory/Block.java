package io.equipoise.memory;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;

/**
 * One block of memory: either allocated here and freed by {@link #close()}, or borrowed from its owner (a tensor, say),
 * which must outlive it.
 */
final class Block implements AutoCloseable {
    private static final AtomicLong LIVE_BYTES = new AtomicLong();

    private final Memory memory;
    private final Pointer pointer;
    private final long bytes;
    private final boolean owned;
    private volatile boolean closed;

    private Block(Memory memory, Pointer pointer, long bytes, boolean owned) {
        this.memory = memory;
        this.pointer = pointer;
        this.bytes = bytes;
        this.owned = owned;
    }

    static Block allocate(Memory memory, long bytes) {
        var pointer = memory.allocate(bytes);
        LIVE_BYTES.addAndGet(bytes);
        return new Block(memory, pointer, bytes, true);
    }

    static Block borrow(Memory memory, Pointer pointer, long bytes) {
        return new Block(memory, pointer, bytes, false);
    }

    static long liveBytes() {
        return LIVE_BYTES.get();
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
        if (owned) {
            memory.free(pointer);
            LIVE_BYTES.addAndGet(-bytes);
        }
    }
}
