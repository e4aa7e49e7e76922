package io.equipoise.benchmarks;

import io.equipoise.kernels.HeadScores;
import io.equipoise.kernels.KernelProvider;
import io.equipoise.kernels.PackedWeight;
import io.equipoise.kernels.TransformerKernels;
import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.util.Map;
import java.util.Random;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/**
 * A language-model head forward and backward: from hidden states (N, D) and the head's weights (V, D) the tokens'
 * log-probabilities, and the gradients of Σ c·log π with respect to both. All methods hold the logits of 512 rows at a time, as the engine does. Cost to compare with: three matrix products of 2·N·D·V operations.
 */
public class HeadBenchmark extends OperationBenchmark {
    private static final int CHECKED_ROWS = 4;

    @Param("2560")
    int rows = 1;

    @Param("768")
    int width = 1;

    @Param({"32000", "50257", "128256"})
    int vocabulary = 1;

    /** Rows whose logits are held at a time. */
    @Param("512")
    int chunk = 512;

    @Param({"F32", "BF16"})
    DataType type = DataType.F32;

    /** (N, D). */
    Tensor hidden = new Tensor();
    /** (V, D). */
    Tensor head = new Tensor();

    Vector token = Vector.i32(0);
    Vector coefficient = Vector.f32(0);
    /** (N), out. */
    Vector logProb = Vector.f32(0);
    /** (N, D), f32, out. */
    Tensor gradHidden = new Tensor();
    /** (V, D), f32, out: a sum over chunks, which bf16 is too short for. */
    Tensor gradHead = new Tensor();

    private Tensor padded = new Tensor();
    private Tensor gradPadded = new Tensor();
    private Tensor index = new Tensor();
    private Tensor coefficients = new Tensor();
    private final TransformerKernels transformer = kernels.transformer().orElseThrow();
    private Matrix weights = Matrix.NONE;
    private PackedWeight packed = new PackedWeight(DataType.F32, 0, 0, 0);
    private PackedWeight transposed = new PackedWeight(DataType.F32, 0, 0, 0);
    private HeadScores scores = HeadScores.of(0, 0);

    static Work work(Map<String, String> parameters) {
        double product = 2
                * Work.number(parameters, "rows")
                * Work.number(parameters, "width")
                * Work.number(parameters, "vocabulary");
        return Work.multiplies(3 * product, Work.type(parameters));
    }

    @Setup
    public void setUp() {
        allocate();
        prepare();
        int more = Math.floorMod(-vocabulary, 64);
        padded = owned(torch.constant_pad_nd(head, new long[] {0, 0, 0, more}, new Scalar(0)));
        gradPadded = owned(torch.zeros(vocabulary + more, width));
        index = owned(Tensors.index(token));
        coefficients = owned(Tensors.tensor(coefficient).unsqueeze(1));
        check();
    }

    void allocate() {
        var random = new Random(2);
        token = owned(Vector.of(random.ints(rows, 0, vocabulary).toArray()));
        coefficient = owned(Vector.of(gaussian(random, rows)));
        hidden = owned(Tensors.normal(type, 1, rows, width));
        head = owned(Tensors.normal(type, 0.02, vocabulary, width));
        logProb = owned(Vector.f32(rows));
        // Not touched yet: a run's memory is counted with its outputs.
        gradHidden = owned(torch.empty(rows, width));
        gradHead = owned(torch.empty(vocabulary, width));
    }

    private static float[] gaussian(Random random, int size) {
        var numbers = new float[size];
        for (int n = 0; n < size; n++) numbers[n] = (float) random.nextGaussian();
        return numbers;
    }

    /** What one pass needs beyond its arrays: the prepared head, and a chunk's exponentials. */
    void prepare() {
        weights = Tensors.matrix(owned(head.toType(torch.ScalarType.Float)));
        packed = owned(transformer.allocate(type, width, vocabulary));
        transposed = owned(transformer.allocate(type, vocabulary, width));
        scores = owned(HeadScores.forGradient(Math.min(chunk, rows), packed));
    }

    /** A few rows against the reference on f32 logits; the weights' gradient of one implementation against the other's. */
    private void check() {
        float[] expected = reference();
        double tolerance = type == DataType.F32 ? 1e-4 : 0.05;
        cpu();
        Agreement.require(kernels.description(), first(logProb), expected, tolerance);
        float[] gradients = Tensors.floats(gradHead);
        libtorch();
        Agreement.require("libtorch", first(logProb), expected, tolerance);
        // Elements near 0 are sums of large ones that cancel.
        Agreement.require("libtorch, head's gradient", Tensors.floats(gradHead), gradients, tolerance, 0.05);
        libtorchPadded();
        Agreement.require("libtorch, padded", first(logProb), expected, tolerance);
    }

    private float[] reference() {
        try (var scope = new PointerScope();
                var part = token.slice(0, CHECKED_ROWS);
                var result = Vector.f32(CHECKED_ROWS);
                var sums = Vector.f32(CHECKED_ROWS);
                var entropies = Vector.f32(CHECKED_ROWS)) {
            var exact = hidden.narrow(0, 0, CHECKED_ROWS)
                    .toType(torch.ScalarType.Float)
                    .mm(head.toType(torch.ScalarType.Float).t());
            KernelProvider.named("reference").tokenLogProb(result, sums, entropies, Tensors.matrix(exact), part, 1);
            return result.toFloats();
        }
    }

    private static float[] first(Vector vector) {
        return vector.slice(0, CHECKED_ROWS).toFloats();
    }

    /** Preparing the head is counted: in training it changes with every step. */
    @Benchmark
    public Vector cpu() {
        gradHead.zero_();
        transformer.pack(packed, weights, true);
        transformer.pack(transposed, weights, false);
        for (int from = 0; from < rows; from += chunk) {
            int count = Math.min(chunk, rows - from);
            try (var scope = new PointerScope()) {
                var input = Tensors.matrix(hidden.narrow(0, from, count));
                var tokens = token.slice(from, count);
                var part = scores.first(count);
                transformer.headLogProb(part, input, packed, tokens, Matrix.NONE, 1);
                logProb.slice(from, count).copyFrom(part.logProb());
                transformer.headGradient(
                        Tensors.matrix(gradHidden.narrow(0, from, count)),
                        Tensors.matrix(gradHead),
                        part,
                        coefficient.slice(from, count),
                        tokens,
                        input,
                        transposed);
            }
        }
        return logProb;
    }

    @Benchmark
    public Vector libtorch() {
        return libtorch(head, gradHead);
    }

    /** The vocabulary rounded up to a multiple of 64 by rows of zeros, whose logits are then taken out of the softmax. */
    @Benchmark
    public Vector libtorchPadded() {
        return libtorch(padded, gradPadded);
    }

    private Vector libtorch(Tensor weights, Tensor gradWeights) {
        gradWeights.zero_();
        long more = weights.size(0) - vocabulary;
        for (int from = 0; from < rows; from += chunk) {
            int count = Math.min(chunk, rows - from);
            try (var scope = new PointerScope()) {
                var input = hidden.narrow(0, from, count);
                var logits = input.mm(weights.t());
                if (more > 0) logits.narrow(1, vocabulary, more).fill_(new Scalar(-1e4));
                var target = index.narrow(0, from, count);
                var weight = coefficients.narrow(0, from, count).toType(logits.scalar_type());
                var own = logits.gather(1, target).toType(torch.ScalarType.Float);
                var sums = logits.toType(torch.ScalarType.Float).logsumexp(new long[] {1}, true);
                Tensors.tensor(logProb.slice(from, count)).copy_(own.sub(sums).squeeze(1));
                torch.softmax_out(logits, logits, 1).mul_(weight.neg()).scatter_add_(1, target, weight);
                backward(logits, input, weights, gradHidden.narrow(0, from, count), gradWeights);
            }
        }
        return logProb;
    }

    private static void backward(
            Tensor gradLogits, Tensor input, Tensor weights, Tensor gradInput, Tensor gradWeights) {
        gradInput.copy_(gradLogits.mm(weights));
        if (gradLogits.scalar_type().intern() == torch.ScalarType.Float) gradWeights.addmm_(gradLogits.t(), input);
        else gradWeights.add_(gradLogits.t().mm(input));
    }
}
