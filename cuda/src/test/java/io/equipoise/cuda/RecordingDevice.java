package io.equipoise.cuda;

import io.equipoise.kernels.KernelException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;

/** A device that runs nothing: memory of its own is the host's, filled with 0xA5 bytes, and launches are written down. */
final class RecordingDevice implements Device {
    /** Bytes that it says are free. */
    static final long FREE = 1L << 33;

    /** One launch. */
    record Launch(String ptx, String kernel, Grid grid, List<Object> arguments) {}

    private record Named(String ptx, String name) implements Kernel {}

    private final Map<Long, BytePointer> memory = new HashMap<>();
    private final int architecture;
    private final List<Launch> launches = new ArrayList<>();
    private int synchronizations;

    RecordingDevice(int architecture) {
        this.architecture = architecture;
    }

    List<Launch> launches() {
        return launches;
    }

    int synchronizations() {
        return synchronizations;
    }

    /** How many blocks of memory haven't been freed. */
    int live() {
        return memory.size();
    }

    /** Memory of the device, as a libtorch tensor on it would give. */
    Pointer pointer(long bytes) {
        return at(allocate(bytes));
    }

    @Override
    public String description() {
        return "nothing, sm_" + architecture;
    }

    @Override
    public int architecture() {
        return architecture;
    }

    @Override
    public OptionalLong freeBytes() {
        return OptionalLong.of(FREE);
    }

    @Override
    public long allocate(long bytes) {
        var block = new BytePointer(bytes);
        block.retainReference();
        Pointer.memset(block, 0xA5, bytes);
        memory.put(block.address(), block);
        return block.address();
    }

    @Override
    public void free(long address) {
        var block = memory.remove(address);
        if (block == null) throw new KernelException("freed what was not allocated: " + address);
        block.releaseReference();
    }

    @Override
    public boolean holds(Pointer pointer) {
        return memory.containsKey(pointer.address());
    }

    @Override
    public void clear(long address, long bytes) {
        Pointer.memset(at(address), 0, bytes);
    }

    @Override
    public void copy(long to, long from, long bytes) {
        Pointer.memcpy(at(to), at(from), bytes);
    }

    @Override
    public void copyToDevice(long address, Pointer host, long bytes) {
        Pointer.memcpy(at(address), host, bytes);
    }

    @Override
    public void copyToHost(Pointer host, long address, long bytes) {
        Pointer.memcpy(host, at(address), bytes);
    }

    @Override
    public Kernel kernel(String ptx, String name) {
        return new Named(ptx, name);
    }

    @Override
    public void launch(Kernel kernel, Grid grid, Object... arguments) {
        launches.add(new Launch(((Named) kernel).ptx(), kernel.name(), grid, List.of(arguments)));
    }

    @Override
    public void synchronize() {
        synchronizations++;
    }

    @Override
    public void close() {
        List.copyOf(memory.keySet()).forEach(this::free);
    }

    private static Pointer at(long where) {
        return new Pointer() {
            {
                address = where;
            }
        };
    }
}
