package io.equipoise.cuda;

import java.util.OptionalLong;
import org.bytedeco.javacpp.Pointer;

/**
 * What kernels are launched on: the driver of an NVIDIA card, or in tests an interpreter of the same PTX. Addresses are the
 * device's own and count bytes. Copies and launches happen in the order of their calls; a launch may return before it has
 * run, a copy to the host waits for what comes before it.
 *
 * <p>Every failure is a {@link io.equipoise.kernels.KernelException} that names the kernel or the amount of memory.
 */
public interface Device extends AutoCloseable {
    /** A kernel, loaded. */
    interface Kernel {
        /** Its name in the PTX. */
        String name();
    }

    /**
     * How many threads run a kernel.
     *
     * @param blocksX blocks along x
     * @param blocksY blocks along y
     * @param threads a block, along x
     */
    record Grid(long blocksX, int blocksY, int threads) {
        /** So many blocks in a row. */
        public static Grid of(long blocks, int threads) {
            return new Grid(blocks, 1, threads);
        }
    }

    /** What it is, for the log: {@code NVIDIA H100, sm_90}. */
    String description();

    /** Compute capability, major · 10 + minor. */
    int architecture();

    /** How many bytes can still be allocated, where that is known. */
    default OptionalLong freeBytes() {
        return OptionalLong.empty();
    }

    /** An address of so many uninitialised bytes, aligned to 256. */
    long allocate(long bytes);

    /** Gives back what {@link #allocate} gave, once everything launched before has run. */
    void free(long address);

    /** Whether a pointer's address is the device's rather than the host's. */
    boolean holds(Pointer pointer);

    /** Sets bytes to 0. */
    void clear(long address, long bytes);

    /** Copies bytes within the device's memory. */
    void copy(long to, long from, long bytes);

    void copyToDevice(long address, Pointer host, long bytes);

    void copyToHost(Pointer host, long address, long bytes);

    /**
     * Loads a kernel; the same one twice costs once.
     *
     * @param ptx the text of its module
     * @param name of its entry
     */
    Kernel kernel(String ptx, String name);

    /**
     * Launches a kernel. Grids without a block do nothing.
     *
     * @param arguments in the kernel's order: {@code Long} for addresses and 64-bit integers, {@code Integer}, {@code
     *     Float}, {@code Double}
     */
    void launch(Kernel kernel, Grid grid, Object... arguments);

    /** Waits until everything has run; what failed meanwhile is thrown here. */
    void synchronize();

    @Override
    void close();
}
