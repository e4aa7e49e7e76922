package io.equipoise.cuda;

import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;

/**
 * Where one operation's vectors and matrices are on a device. Those in its memory are used where they are. Those in host
 * memory are copied there; {@link #finish} waits, copies back what was written, and so makes such an operation
 * synchronous. Rows keep their stride, and gaps between rows are never written.
 */
final class Operands implements AutoCloseable {
    private final Device device;
    private final List<Long> allocated = new ArrayList<>();
    private final List<Runnable> results = new ArrayList<>();
    private boolean staged;

    Operands(Device device) {
        this.device = device;
    }

    /** Address of what the kernel reads. */
    long read(Vector vector) {
        return place(vector.address(), bytes(vector), true);
    }

    /** Address of what the kernel writes, all of it. */
    long write(Vector vector) {
        long address = place(vector.address(), bytes(vector), false);
        return returned(vector, address);
    }

    /** Address of what the kernel reads and writes. */
    long update(Vector vector) {
        return returned(vector, read(vector));
    }

    /** Address of what the kernel reads. */
    long read(Matrix matrix) {
        return place(matrix.address(), bytes(matrix), true);
    }

    /** Address of what the kernel reads and writes. */
    long update(Matrix matrix) {
        long address = read(matrix);
        if (address != 0 && !device.holds(matrix.address())) results.add(() -> copyBack(matrix, address));
        return address;
    }

    /** Address of memory for intermediate results, uninitialised. */
    long scratch(long bytes) {
        if (bytes == 0) return 0;
        long address = device.allocate(bytes);
        allocated.add(address);
        return address;
    }

    /** Once all kernels have been launched. */
    void finish() {
        results.forEach(Runnable::run);
        // Host memory that was read is the caller's again, and an error has to be this operation's.
        if (staged) device.synchronize();
    }

    @Override
    public void close() {
        allocated.forEach(device::free);
        allocated.clear();
    }

    private long place(Pointer pointer, long bytes, boolean copy) {
        if (bytes == 0) return 0;
        if (device.holds(pointer)) return pointer.address();
        staged = true;
        long address = scratch(bytes);
        if (copy) device.copyToDevice(address, pointer, bytes);
        return address;
    }

    private long returned(Vector vector, long address) {
        if (address != 0 && !device.holds(vector.address())) {
            results.add(() -> device.copyToHost(vector.address(), address, bytes(vector)));
        }
        return address;
    }

    private void copyBack(Matrix matrix, long address) {
        if (matrix.rowStride() == matrix.columns()) {
            device.copyToHost(matrix.address(), address, bytes(matrix));
            return;
        }
        // By way of memory of our own: what is between the rows may be somebody else's.
        try (var whole = new BytePointer(bytes(matrix))) {
            device.copyToHost(whole, address, bytes(matrix));
            var rows = Matrix.borrow(matrix.type(), whole, matrix.rows(), matrix.columns(), matrix.rowStride());
            matrix.copyRows(0, rows, 0, matrix.rows());
        }
    }

    private static long bytes(Vector vector) {
        return vector.size() * vector.type().bytes();
    }

    /** From the first element to the last: the gap after the last row isn't part of it. */
    private static long bytes(Matrix matrix) {
        if (matrix.rows() == 0 || matrix.columns() == 0) return 0;
        return ((matrix.rows() - 1) * matrix.rowStride() + matrix.columns())
                * matrix.type().bytes();
    }
}
