package io.equipoise.benchmarks;

import io.equipoise.cuda.CudaKernels;
import io.equipoise.kernels.KernelProvider;
import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;

/**
 * What the methods named {@code cuda} work on: the kernels' first device, and operands in its memory. The system property
 * {@code equipoise.benchmarks.device} names another provider of CUDA's kernels than {@code cuda}: to rehearse without a card.
 */
public abstract class CudaOperands extends Operands {
    final CudaKernels kernels =
            (CudaKernels) KernelProvider.named(System.getProperty("equipoise.benchmarks.device", "cuda"));

    /** A vector of zeros on the device. */
    final Vector zeros(DataType type, long size) {
        return owned(Vector.allocate(kernels.memory(), type, size));
    }

    /** A copy on the device. */
    final Vector copy(Vector vector) {
        var copy = zeros(vector.type(), vector.size());
        copy.copyFrom(vector);
        return copy;
    }

    /** A copy on the device, without gaps between rows. */
    final Matrix copy(Matrix matrix) {
        var copy = owned(
                Matrix.allocate(kernels.memory(), matrix.type(), matrix.rows(), matrix.columns(), matrix.columns()));
        copy.copyRows(0, matrix, 0, matrix.rows());
        return copy;
    }

    /** Waits for what was launched: a call that is timed includes what it does. */
    final void synchronize() {
        kernels.device().synchronize();
    }
}
