package io.equipoise.cuda;

import io.equipoise.memory.Memory;
import java.util.OptionalLong;
import org.bytedeco.javacpp.Pointer;

/** A device's memory, for vectors and matrices. */
final class DeviceMemory implements Memory {
    private final Device device;

    DeviceMemory(Device device) {
        this.device = device;
    }

    @Override
    public String description() {
        return device.description();
    }

    @Override
    public OptionalLong freeBytes() {
        return device.freeBytes();
    }

    @Override
    public Pointer allocate(long bytes) {
        long allocated = device.allocate(Math.max(1, bytes));
        var pointer = new Pointer() {
            {
                address = allocated;
            }
        };
        clear(pointer, bytes);
        return pointer;
    }

    @Override
    public void free(Pointer pointer) {
        device.free(pointer.address());
    }

    @Override
    public void clear(Pointer pointer, long bytes) {
        if (bytes > 0) device.clear(pointer.address(), bytes);
    }

    @Override
    public void copy(Pointer to, Pointer from, long bytes) {
        if (bytes > 0) device.copy(to.address(), from.address(), bytes);
    }

    @Override
    public void copyFromHost(Pointer to, Pointer host, long bytes) {
        if (bytes == 0) return;
        device.copyToDevice(to.address(), host, bytes);
        // The host's bytes are the caller's again.
        device.synchronize();
    }

    @Override
    public void copyToHost(Pointer host, Pointer from, long bytes) {
        if (bytes > 0) device.copyToHost(host, from.address(), bytes);
    }
}
