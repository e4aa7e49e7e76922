package io.equipoise.benchmarks;

import io.equipoise.kernels.KernelProvider;
import io.equipoise.kernels.Philox;
import io.equipoise.kernels.Truncation;
import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.LongStream;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.StringViewOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/**
 * One token a row and its log-probability, by inverse CDF from the same uniform numbers. libtorch is given those numbers;
 * the kernel makes its own. Cost to compare with: the logits' bytes, read once.
 */
public class SampleBenchmark extends OperationBenchmark {
    static final long SEED = 3;

    /** 64: a decoding step. 1: what threads can share is a single row. */
    @Param({"64", "1"})
    int rows = 1;

    @Param({"32000", "50257", "128256"})
    int vocabulary = 1;

    @Param({"F32", "BF16"})
    DataType type = DataType.F32;

    Logits logits = Logits.NONE;
    Vector token = Vector.f32(0);
    Vector logProb = Vector.f32(0);
    /** (N), f32: what the kernel's seed makes of each row. */
    Vector uniform = Vector.f32(0);

    private Vector sequence = Vector.f32(0);
    private Vector position = Vector.f32(0);

    static Work work(Map<String, String> parameters) {
        return Work.reads(Work.logits(parameters));
    }

    @Setup
    public void setUp() {
        allocate();
        check();
    }

    void allocate() {
        logits = owned(new Logits(rows, vocabulary, type));
        token = owned(Vector.i32(rows));
        logProb = owned(Vector.f32(rows));
        position = owned(Vector.i32(rows));
        sequence = owned(Vector.of(LongStream.range(0, rows).toArray()));
        var numbers = new float[rows];
        for (int row = 0; row < rows; row++) numbers[row] = (float) Philox.uniform(SEED, row, 0, 0);
        uniform = owned(Vector.of(numbers));
    }

    private void check() {
        var reference = KernelProvider.named("reference");
        reference.sample(token, logProb, logits.matrix, sequence, position, 1, Truncation.NONE, SEED);
        float[] expected = logProb.toFloats();
        int[] tokens = token.toInts();
        cpu();
        if (!Arrays.equals(token.toInts(), tokens)) {
            throw new IllegalStateException(kernels.description() + " draws other tokens than the reference");
        }
        Agreement.require(kernels.description(), logProb.toFloats(), expected, 1e-5);
    }

    @Benchmark
    public Vector cpu() {
        kernels.sample(token, logProb, logits.matrix, sequence, position, 1, Truncation.NONE, SEED);
        return token;
    }

    /** The same on the device. */
    public static class Cuda extends CudaOperands {
        private Matrix logits = Matrix.NONE;
        private Vector token = Vector.NONE;
        private Vector logProb = Vector.NONE;
        private Vector sequence = Vector.NONE;
        private Vector position = Vector.NONE;

        @Setup
        public void setUp(SampleBenchmark host) throws IOException {
            logits = copy(host.logits.matrix);
            token = zeros(DataType.I32, host.rows);
            logProb = zeros(DataType.F32, host.rows);
            sequence = copy(host.sequence);
            position = copy(host.position);
            // Its check has left what the CPU's kernels gave.
            host.cpu();
            sample();
            if (!Arrays.equals(token.toInts(), host.token.toInts())) {
                throw new IllegalStateException(kernels.description() + " draws other tokens than the CPU");
            }
            Agreement.require(kernels.description(), logProb.toFloats(), host.logProb.toFloats(), 1e-5);
            Dump.results(
                    dump -> {
                        dump.write("token", token);
                        dump.write("logProb", logProb);
                        dump.write("uniform", host.uniform);
                    },
                    "sample",
                    host.rows,
                    host.vocabulary,
                    host.type);
        }

        private void sample() {
            kernels.sample(token, logProb, logits, sequence, position, 1, Truncation.NONE, SEED);
            synchronize();
        }
    }

    @Benchmark
    public Vector cuda(Cuda device) {
        device.sample();
        return device.token;
    }

    /** The same logits as libtorch's tensors. */
    public static class Libtorch extends Operands {
        private Tensor logits = new Tensor();
        private Tensor padded = new Tensor();
        private Tensor uniforms = new Tensor();

        @Setup
        public void setUp(SampleBenchmark host) {
            logits = owned(Tensors.tensor(host.logits.matrix));
            padded = owned(Tensors.padded(logits));
            uniforms = owned(Tensors.tensor(host.uniform).unsqueeze(1));
            host.cpu();
            int[] tokens = host.token.toInts();
            checkDraws("libtorch", logits, tokens);
            checkDraws("libtorch, padded", padded, tokens);
        }

        private void checkDraws(String what, Tensor x, int[] tokens) {
            var drawn = new long[tokens.length];
            try (var scope = new PointerScope()) {
                new LongPointer(draw(probabilities(x)).data_ptr()).get(drawn);
            }
            int different = 0;
            for (int row = 0; row < tokens.length; row++) if (drawn[row] != tokens[row]) different++;
            // Its f32 running sum may carry a draw past the end of a neighbour, seldom.
            if (different > tokens.length / 16 + 1) {
                throw new IllegalStateException(what + " draws " + different + " other tokens than the kernels");
            }
        }

        private long sample(Tensor x) {
            try (var scope = new PointerScope()) {
                var probabilities = probabilities(x);
                return probabilities.gather(1, draw(probabilities)).log().numel();
            }
        }

        private static Tensor probabilities(Tensor x) {
            return x.toType(torch.ScalarType.Float).softmax(1);
        }

        /** The fastest of libtorch's forms: searchsorted in the running sum. */
        private Tensor draw(Tensor probabilities) {
            boolean rightOfEquals = true;
            return torch.searchsorted(
                            probabilities.cumsum(1),
                            uniforms,
                            false,
                            rightOfEquals,
                            new StringViewOptional(),
                            new TensorOptional())
                    .clamp_max(new Scalar(logits.size(1) - 1));
        }
    }

    @Benchmark
    public long libtorch(Libtorch operands) {
        return operands.sample(operands.logits);
    }

    @Benchmark
    public long libtorchPadded(Libtorch operands) {
        return operands.sample(operands.padded);
    }
}
