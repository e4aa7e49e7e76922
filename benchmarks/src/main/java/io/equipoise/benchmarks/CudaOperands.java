package io.equipoise.benchmarks;

import io.equipoise.cuda.CudaKernels;
import io.equipoise.kernels.KernelProvider;
import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.util.ArrayList;
import java.util.List;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * What the methods named {@code cuda} work on: the kernels' first device, and operands in its memory. JMH makes one for these
 * methods alone, so where there is no driver nothing of CUDA is loaded as long as they are left out.
 */
@State(Scope.Thread)
public abstract class CudaOperands {
    final CudaKernels kernels = (CudaKernels) KernelProvider.named("cuda");
    private final List<AutoCloseable> owned = new ArrayList<>();

    /** Closes it with the benchmark. */
    final <T extends AutoCloseable> T owned(T resource) {
        owned.add(resource);
        return resource;
    }

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

    @TearDown
    public void tearDown() throws Exception {
        for (var resource : owned) resource.close();
        owned.clear();
    }
}
