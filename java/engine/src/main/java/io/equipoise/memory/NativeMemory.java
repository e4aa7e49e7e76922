package io.equipoise.memory;

import java.util.concurrent.atomic.AtomicLong;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;

/**
 * One block of native memory: either allocated here and freed by {@link #close()}, or borrowed from its owner (a tensor,
 * say), which must outlive it.
 */
final class NativeMemory implements AutoCloseable {
    private static final AtomicLong LIVE_BYTES = new AtomicLong();

    private final Pointer pointer;
    private final long bytes;
    private final boolean owned;
    private volatile boolean closed;

    private NativeMemory(Pointer pointer, long bytes, boolean owned) {
        this.pointer = pointer;
        this.bytes = bytes;
        this.owned = owned;
    }

    static NativeMemory allocate(long bytes) {
        // A pointer of its own, kept by no PointerScope: its life is that of this object.
        var pointer = new BytePointer(Math.max(1, bytes));
        pointer.retainReference();
        Pointer.memset(pointer, 0, bytes);
        LIVE_BYTES.addAndGet(bytes);
        return new NativeMemory(pointer, bytes, true);
    }

    static NativeMemory borrow(Pointer pointer, long bytes) {
        return new NativeMemory(pointer, bytes, false);
    }

    static long liveBytes() {
        return LIVE_BYTES.get();
    }

    /** @throws IllegalStateException after {@link #close()} */
    Pointer pointer() {
        if (closed) throw new IllegalStateException("memory of " + bytes + " bytes was used after it was closed");
        return pointer;
    }

    @Override
    public synchronized void close() {
        if (closed) return;
        closed = true;
        if (owned) {
            pointer.releaseReference();
            LIVE_BYTES.addAndGet(-bytes);
        }
    }
}
