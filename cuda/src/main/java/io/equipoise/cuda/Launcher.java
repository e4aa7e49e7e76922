package io.equipoise.cuda;

import io.equipoise.cuda.Device.Grid;
import io.equipoise.kernels.KernelException;
import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.Pointer;

/** Launches kernels by name on one device; what all operations share. */
final class Launcher {
    /** A block, as {@code kThreads} in device.cuh. */
    static final int THREADS = 256;

    /** As the CPU's kernels have it, in log_sum_exp.h. */
    private static final double LARGEST_RECIPROCAL = 3e38;

    private final Device device;
    private final Map<String, Device.Kernel> kernels = new ConcurrentHashMap<>();

    Launcher(Device device) {
        this.device = device;
    }

    Device device() {
        return device;
    }

    /**
     * Launches a kernel, loaded on first use.
     *
     * @param operation whose PTX holds it
     * @param name of its entry
     * @param arguments in its order, as for {@link Device#launch}
     */
    void launch(String operation, String name, Grid grid, Object... arguments) {
        var kernel = kernels.computeIfAbsent(
                name, entry -> device.kernel(CudaKernels.ptx(operation, device.architecture()), entry));
        device.launch(kernel, grid, arguments);
    }

    /** So many blocks in a row, each of {@link #THREADS}. */
    static Grid blocks(long count) {
        return Grid.of(count, THREADS);
    }

    /** Enough blocks for a thread an element. */
    static Grid threads(long elements) {
        return blocks(parts(elements, THREADS));
    }

    /** How many parts of a size hold so many elements. */
    static long parts(long elements, int size) {
        return (elements + size - 1) / size;
    }

    /** The kernel of an operation for this type of logits. */
    static String entry(String operation, DataType type) {
        return switch (type) {
            case F32 -> operation + "_f32_kernel";
            case BF16 -> operation + "_bf16_kernel";
            case F16 -> operation + "_f16_kernel";
            case F64, I32, I64 -> throw new KernelException("logits are f32, bf16 or f16, got " + type);
        };
    }

    /** 1 / temperature in f32, finite so that 0 times it is 0. */
    static float reciprocal(double temperature) {
        return (float) Math.min(1 / temperature, LARGEST_RECIPROCAL);
    }

    /** A shape to be checked, without memory. */
    static Matrix shape(long rows, long columns) {
        return Matrix.borrow(DataType.F32, new Pointer(), rows, columns, columns);
    }

    /**
     * Before anything is launched: a token outside the vocabulary would be read outside the logits. Tokens in the
     * device's memory are copied to the host for this.
     */
    void checkTokens(String operation, Vector token, long columns) {
        int[] tokens = ints(token);
        for (int row = 0; row < tokens.length; row++) {
            if (tokens[row] >= columns) {
                throw new KernelException(operation + ": token " + tokens[row] + " at position " + row
                        + " is outside the vocabulary of " + columns);
            }
        }
    }

    private int[] ints(Vector vector) {
        if (vector.size() == 0 || !device.holds(vector.address())) return vector.toInts();
        var values = new int[Math.toIntExact(vector.size())];
        try (var host = new IntPointer(vector.size())) {
            device.copyToHost(host, vector.address().address(), vector.size() * DataType.I32.bytes());
            host.get(values);
        }
        return values;
    }
}
