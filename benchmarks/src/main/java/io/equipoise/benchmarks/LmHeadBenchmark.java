package io.equipoise.benchmarks;

import io.equipoise.kernels.PackedWeight;
import io.equipoise.kernels.TransformerKernels;
import io.equipoise.kernels.Truncation;
import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/**
 * A token a sequence and its log-probability from hidden states (B, D) and the head's weight (V, D), bf16: a decoding step's
 * last operation. {@code cpu} and {@code cuda} never write the logits, {@code cudaProductThenSample} has libtorch's product do
 * so and is what {@link io.equipoise.cuda.LmHeadModel} compares with. Cost to compare with: the operands' bytes, read once.
 */
public class LmHeadBenchmark extends OperationBenchmark {
    private static final long SEED = 3;
    private static final int CHECKED_ROWS = 8;

    @Param({"1", "64", "128"})
    int rows = 1;

    @Param({"768", "4096"})
    int width = 1;

    @Param("50257")
    int vocabulary = 1;

    private final TransformerKernels transformer = kernels.transformer().orElseThrow();
    /** (B, D) and (V, D), bf16. */
    private Matrix hidden = Matrix.NONE;

    private Matrix weight = Matrix.NONE;
    private PackedWeight packed = new PackedWeight(DataType.F32, 0, 0, 0);
    private Vector token = Vector.NONE;
    private Vector logProb = Vector.NONE;
    private Vector sequence = Vector.NONE;
    private Vector position = Vector.NONE;

    static Work work(Map<String, String> parameters) {
        double vectors = Work.number(parameters, "rows") + Work.number(parameters, "vocabulary");
        return Work.reads(DataType.BF16.bytes() * Work.number(parameters, "width") * vectors);
    }

    @Setup
    public void setUp() {
        hidden = owned(Noise.matrix(DataType.BF16, 1, rows, width, 1));
        weight = owned(Noise.matrix(DataType.BF16, 2, vocabulary, width, 2 / Math.sqrt(width)));
        token = owned(Vector.i32(rows));
        logProb = owned(Vector.f32(rows));
        sequence = owned(Vector.of(LongStream.range(0, rows).toArray()));
        position = owned(Vector.i32(rows));
        packed = owned(transformer.allocate(DataType.BF16, width, vocabulary));
        try (var exact = Matrix.allocate(DataType.F32, vocabulary, width)) {
            for (int v = 0; v < vocabulary; v++) exact.putRow(v, weight.row(v));
            transformer.pack(packed, exact, true);
        }
        cpu();
        requireRight(kernels.description(), token, logProb);
    }

    /** Log-probabilities of the tokens drawn, whichever they are, of some rows against sums in float64. */
    private void requireRight(String what, Vector drawn, Vector actual) {
        int[] tokens = drawn.toInts();
        float[] logProbs = actual.toFloats();
        for (int row = 0; row < rows; row += Math.max(1, rows / CHECKED_ROWS)) {
            double[] x = logits(hidden.row(row));
            double largest = Arrays.stream(x).max().orElseThrow();
            double sum = Arrays.stream(x).map(each -> Math.exp(each - largest)).sum();
            var expected = new float[] {(float) (x[tokens[row]] - largest - Math.log(sum))};
            Agreement.require(what + ", row " + row, new float[] {logProbs[row]}, expected, 1e-3);
        }
    }

    private double[] logits(float[] state) {
        return IntStream.range(0, vocabulary)
                .parallel()
                .mapToDouble(v -> {
                    float[] each = weight.row(v);
                    double product = 0;
                    for (int d = 0; d < width; d++) product += (double) state[d] * each[d];
                    return product;
                })
                .toArray();
    }

    @Benchmark
    public Vector cpu() {
        transformer.headSample(token, logProb, hidden, packed, sequence, position, 1, SEED);
        return token;
    }

    /** The operands on the device. */
    public static class Cuda extends CudaOperands {
        Matrix hidden = Matrix.NONE;
        Matrix weight = Matrix.NONE;
        Vector token = Vector.NONE;
        Vector logProb = Vector.NONE;
        Vector sequence = Vector.NONE;
        Vector position = Vector.NONE;

        @Setup
        public void setUp(LmHeadBenchmark host) throws IOException {
            hidden = copy(host.hidden);
            weight = copy(host.weight);
            token = zeros(DataType.I32, host.rows);
            logProb = zeros(DataType.F32, host.rows);
            sequence = copy(host.sequence);
            position = copy(host.position);
            sample();
            host.requireRight(kernels.description(), token, logProb);
            Dump.results(
                    dump -> {
                        dump.write("token", token);
                        dump.write("logProb", logProb);
                    },
                    "lmHead",
                    host.rows,
                    host.width,
                    host.vocabulary);
        }

        private void sample() {
            kernels.lmHeadSample(token, logProb, hidden, weight, sequence, position, 1, SEED);
            synchronize();
        }
    }

    @Benchmark
    public Vector cuda(Cuda device) {
        device.sample();
        return device.token;
    }

    /** The operands as libtorch's tensors on the device. */
    public static class CudaTensors extends CudaOperands {
        private Tensor hidden = new Tensor();
        private Tensor weight = new Tensor();
        private Vector token = Vector.NONE;
        private Vector logProb = Vector.NONE;
        private Vector sequence = Vector.NONE;
        private Vector position = Vector.NONE;

        @Setup
        public void setUp(LmHeadBenchmark host) {
            hidden = owned(onCard(host.hidden));
            weight = owned(onCard(host.weight));
            token = zeros(DataType.I32, host.rows);
            logProb = zeros(DataType.F32, host.rows);
            sequence = copy(host.sequence);
            position = copy(host.position);
            sample();
        }

        private static Tensor onCard(Matrix matrix) {
            return Tensors.tensor(matrix).to(new Device("cuda:0"), torch.ScalarType.BFloat16);
        }

        private void sample() {
            try (var scope = new PointerScope()) {
                var x = hidden.mm(weight.t());
                var logits =
                        Matrix.borrow(kernels.memory(), DataType.BF16, x.data_ptr(), x.size(0), x.size(1), x.stride(0));
                kernels.sample(token, logProb, logits, sequence, position, 1, Truncation.NONE, SEED);
                synchronize();
            }
        }
    }

    @Benchmark
    public Vector cudaProductThenSample(CudaTensors device) {
        device.sample();
        return device.token;
    }
}
