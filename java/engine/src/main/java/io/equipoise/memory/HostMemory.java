package io.equipoise.memory;

import java.util.OptionalLong;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;

/** The process's own. */
final class HostMemory implements Memory {
    @Override
    public String description() {
        return "host";
    }

    @Override
    public OptionalLong freeBytes() {
        return OptionalLong.empty();
    }

    @Override
    public Pointer allocate(long bytes) {
        // A pointer of its own, kept by no PointerScope: its life is that of the block.
        var pointer = new BytePointer(Math.max(1, bytes));
        pointer.retainReference();
        clear(pointer, bytes);
        return pointer;
    }

    @Override
    public void free(Pointer pointer) {
        pointer.releaseReference();
    }

    @Override
    public void clear(Pointer pointer, long bytes) {
        Pointer.memset(pointer, 0, bytes);
    }

    @Override
    public void copy(Pointer to, Pointer from, long bytes) {
        Pointer.memcpy(to, from, bytes);
    }

    @Override
    public void copyFromHost(Pointer to, Pointer host, long bytes) {
        copy(to, host, bytes);
    }

    @Override
    public void copyToHost(Pointer host, Pointer from, long bytes) {
        copy(host, from, bytes);
    }
}
