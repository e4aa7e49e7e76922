package io.equipoise.benchmarks;

import io.equipoise.kernels.KernelProvider;
import io.equipoise.kernels.PackedWeight;
import io.equipoise.kernels.TransformerKernels;
import io.equipoise.kernels.Truncation;
import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.util.Map;
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

    @Param({"1", "64", "128"})
    int rows = 1;

    @Param({"768", "4096"})
    int width = 1;

    @Param("50257")
    int vocabulary = 1;

    private final TransformerKernels transformer = kernels.transformer().orElseThrow();
    /** (B, D) and (V, D), what bf16 holds. */
    private Tensor hidden = new Tensor();

    private Tensor weight = new Tensor();
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
        torch.manual_seed(1);
        hidden = owned(Logits.normal(DataType.BF16, 1, rows, width));
        weight = owned(Logits.normal(DataType.BF16, 2 / Math.sqrt(width), vocabulary, width));
        token = owned(Vector.i32(rows));
        logProb = owned(Vector.f32(rows));
        sequence = owned(Vector.of(LongStream.range(0, rows).toArray()));
        position = owned(Vector.i32(rows));
        packed = owned(transformer.allocate(DataType.BF16, width, vocabulary));
        try (var scope = new PointerScope()) {
            transformer.pack(packed, Logits.matrix(weight.toType(torch.ScalarType.Float)), true);
        }
        cpu();
        requireRight(kernels.description(), token, logProb);
    }

    /** Log-probabilities of the tokens drawn, whichever they are, against the reference's. */
    private void requireRight(String what, Vector drawn, Vector actual) {
        try (var scope = new PointerScope();
                var expected = Vector.f32(rows);
                var sums = Vector.f32(rows);
                var entropies = Vector.f32(rows);
                var tokens = Vector.of(drawn.toInts())) {
            var exact = hidden.toType(torch.ScalarType.Float)
                    .mm(weight.toType(torch.ScalarType.Float).t());
            KernelProvider.named("reference").tokenLogProb(expected, sums, entropies, Logits.matrix(exact), tokens, 1);
            Agreement.require(what, actual.toFloats(), expected.toFloats(), 1e-3);
        }
    }

    @Benchmark
    public Vector cpu() {
        transformer.headSample(token, logProb, Logits.matrix(hidden), packed, sequence, position, 1, SEED);
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
        public void setUp(LmHeadBenchmark host) {
            hidden = copy(Logits.matrix(host.hidden));
            weight = copy(Logits.matrix(host.weight));
            token = zeros(DataType.I32, host.rows);
            logProb = zeros(DataType.F32, host.rows);
            sequence = copy(host.sequence);
            position = copy(host.position);
            sample();
            host.requireRight(kernels.description(), token, logProb);
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
            hidden = owned(host.hidden.to(new Device("cuda:0"), torch.ScalarType.BFloat16));
            weight = owned(host.weight.to(new Device("cuda:0"), torch.ScalarType.BFloat16));
            token = zeros(DataType.I32, host.rows);
            logProb = zeros(DataType.F32, host.rows);
            sequence = copy(host.sequence);
            position = copy(host.position);
            sample();
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
