package io.equipoise.benchmarks;

import io.equipoise.kernels.KernelProvider;
import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/**
 * The gradient of Σ c·log π with respect to logits whose log-sum-exp is known, over the logits. Each call starts from fresh
 * logits; copying them isn't timed. Cost to compare with: the logits' bytes, read and written once.
 */
public class GradientBenchmark extends OperationBenchmark {
    private static final long DUMPED_ROWS = 8;

    @Param("512")
    int rows = 1;

    @Param({"32000", "50257", "128256"})
    int vocabulary = 1;

    @Param({"F32", "BF16"})
    DataType type = DataType.F32;

    Logits logits = Logits.NONE;
    Vector logProb = Vector.f32(0);
    Vector logSumExp = Vector.f32(0);
    private Vector entropy = Vector.f32(0);
    private Matrix fresh = Matrix.NONE;

    static Work work(Map<String, String> parameters) {
        return Work.moves(2 * Work.logits(parameters));
    }

    @Setup
    public void setUp() {
        allocate();
        forward();
        check();
    }

    void allocate() {
        logits = owned(new Logits(rows, vocabulary, type));
        fresh = owned(Matrix.allocate(type, rows, vocabulary));
        fresh.copyRows(0, logits.matrix, 0, rows);
        logProb = owned(Vector.f32(rows));
        logSumExp = owned(Vector.f32(rows));
        entropy = owned(Vector.f32(rows));
    }

    /** What comes before the gradient in a training step. */
    void forward() {
        kernels.tokenLogProb(logProb, logSumExp, entropy, logits.matrix, logits.token, 1);
    }

    /** The last call wrote over them. */
    @Setup(Level.Invocation)
    public void refresh() {
        logits.matrix.copyRows(0, fresh, 0, rows);
    }

    private void check() {
        var reference = KernelProvider.named("reference");
        reference.gradient(logits.matrix, logSumExp, logits.token, logits.coefficient);
        float[][] expected = results();
        refresh();
        cpu();
        agree(kernels.description(), logits.matrix, expected);
    }

    private float[][] results() {
        var results = new float[rows][];
        for (int row = 0; row < rows; row++) results[row] = logits.matrix.row(row);
        return results;
    }

    private void agree(String what, Matrix matrix, float[][] expected) {
        // bf16 rounds by up to 2⁻⁹, and libtorch does so at every operation.
        double share = type == DataType.F32 ? 1e-4 : 0.02;
        for (int row = 0; row < rows; row++) {
            Agreement.require(what + ", row " + row, row(matrix, row), expected[row], 1e-6, share);
        }
    }

    private float[] row(Matrix matrix, int row) {
        return Arrays.copyOf(matrix.row(row), vocabulary);
    }

    @Benchmark
    public Matrix cpu() {
        kernels.gradient(logits.matrix, logSumExp, logits.token, logits.coefficient);
        return logits.matrix;
    }

    /** The same on the device. */
    public static class Cuda extends CudaOperands {
        private Matrix logits = Matrix.NONE;
        private Matrix fresh = Matrix.NONE;
        private Vector logSumExp = Vector.NONE;
        private Vector token = Vector.NONE;
        private Vector coefficient = Vector.NONE;

        @Setup
        public void setUp(GradientBenchmark host) throws IOException {
            host.refresh();
            logits = copy(host.logits.matrix);
            fresh = copy(host.logits.matrix);
            logSumExp = copy(host.logSumExp);
            token = copy(host.logits.token);
            coefficient = copy(host.logits.coefficient);
            host.cpu();
            float[][] expected = host.results();
            gradient();
            host.agree(kernels.description(), logits, expected);
            long rows = Math.min(DUMPED_ROWS, host.rows);
            Dump.results(
                    dump -> dump.write("gradient", logits, rows), "gradient", host.rows, host.vocabulary, host.type);
        }

        @Setup(Level.Invocation)
        public void refresh() {
            logits.copyRows(0, fresh, 0, fresh.rows());
            synchronize();
        }

        private void gradient() {
            kernels.gradient(logits, logSumExp, token, coefficient);
            synchronize();
        }
    }

    @Benchmark
    public Matrix cuda(Cuda device) {
        device.gradient();
        return device.logits;
    }

    /** The same logits as libtorch's tensors. */
    public static class Libtorch extends Operands {
        private Tensor logits = new Tensor();
        private Tensor padded = new Tensor();
        private Tensor fresh = new Tensor();
        private Tensor freshPadded = new Tensor();
        /** (N, 1), the tokens. */
        private Tensor index = new Tensor();
        /** (N, 1). */
        private Tensor coefficients = new Tensor();

        @Setup
        public void setUp(GradientBenchmark host) {
            host.refresh();
            logits = owned(Tensors.tensor(host.logits.matrix));
            fresh = owned(logits.clone());
            padded = owned(Tensors.padded(logits));
            freshPadded = owned(padded.clone());
            index = owned(Tensors.index(host.logits.token));
            coefficients = owned(Tensors.tensor(host.logits.coefficient).unsqueeze(1));
            host.cpu();
            float[][] expected = host.results();
            refresh();
            gradient(logits);
            host.agree("libtorch", Tensors.matrix(logits), expected);
            refresh();
            gradient(padded);
            host.agree("libtorch, padded", Tensors.matrix(padded), expected);
        }

        @Setup(Level.Invocation)
        public void refresh() {
            logits.copy_(fresh);
            padded.copy_(freshPadded);
        }

        /** The fastest of libtorch's forms: a softmax over the logits needs fewer passes than exp(x − log-sum-exp). */
        private long gradient(Tensor x) {
            try (var scope = new PointerScope()) {
                var weight = coefficients.toType(x.scalar_type());
                return torch.softmax_out(x, x, 1)
                        .mul_(weight.neg())
                        .scatter_add_(1, index, weight)
                        .numel();
            }
        }
    }

    @Benchmark
    public long libtorch(Libtorch operands) {
        return operands.gradient(operands.logits);
    }

    @Benchmark
    public long libtorchPadded(Libtorch operands) {
        return operands.gradient(operands.padded);
    }
}
