package io.equipoise.memory;

import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;
import org.bytedeco.javacpp.Pointer;

/** Memory at addresses that mean nothing to the host, as a device's: to follow one by mistake ends the process. */
final class FarMemory implements Memory {
    private static final long FAR = 1L << 60;

    private final Map<Long, Pointer> blocks = new HashMap<>();

    /** Blocks that haven't been given back. */
    int live() {
        return blocks.size();
    }

    private static Pointer at(long where) {
        return new Pointer() {
            {
                address = where;
            }
        };
    }

    private static Pointer near(Pointer far) {
        return at(far.address() - FAR);
    }

    @Override
    public String description() {
        return "far away";
    }

    @Override
    public OptionalLong freeBytes() {
        return OptionalLong.empty();
    }

    @Override
    public Pointer allocate(long bytes) {
        var block = HOST.allocate(bytes);
        blocks.put(block.address() + FAR, block);
        return at(block.address() + FAR);
    }

    @Override
    public void free(Pointer pointer) {
        var block = blocks.remove(pointer.address());
        if (block == null) throw new IllegalStateException("freed what was not allocated");
        HOST.free(block);
    }

    @Override
    public void clear(Pointer pointer, long bytes) {
        HOST.clear(near(pointer), bytes);
    }

    @Override
    public void copy(Pointer to, Pointer from, long bytes) {
        HOST.copy(near(to), near(from), bytes);
    }

    @Override
    public void copyFromHost(Pointer to, Pointer host, long bytes) {
        HOST.copy(near(to), host, bytes);
    }

    @Override
    public void copyToHost(Pointer host, Pointer from, long bytes) {
        HOST.copy(host, near(from), bytes);
    }
}
