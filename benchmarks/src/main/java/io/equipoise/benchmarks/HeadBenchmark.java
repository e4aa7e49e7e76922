package io.equipoise.benchmarks;

import io.equipoise.kernels.KernelProvider;
import io.equipoise.memory.DataType;
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
 * log-probabilities, and the gradients of Σ c·log π with respect to both. All methods hold the logits of 512 rows at a
 * time, as the engine does. Cost to compare with: three matrix products of 2·N·D·V operations.
 */
public class HeadBenchmark extends OperationBenchmark {
    private static final int CHUNK = 512;
    private static final int CHECKED_ROWS = 4;

    @Param("2560")
    int rows = 1;

    @Param("768")
    int width = 1;

    @Param({"32000", "50257", "128256"})
    int vocabulary = 1;

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
    /** (N, D), out. */
    Tensor gradHidden = new Tensor();
    /** (V, D), f32, out: a sum over chunks, which bf16 is too short for. */
    Tensor gradHead = new Tensor();

    private Tensor padded = new Tensor();
    private Tensor gradPadded = new Tensor();
    private Tensor index = new Tensor();
    private Tensor coefficients = new Tensor();
    private Vector logSumExp = Vector.f32(0);
    private Vector entropy = Vector.f32(0);

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
        int more = Math.floorMod(-vocabulary, 64);
        padded = owned(torch.constant_pad_nd(head, new long[] {0, 0, 0, more}, new Scalar(0)));
        gradPadded = owned(torch.zeros(vocabulary + more, width));
        index = owned(Logits.index(token));
        coefficients = owned(Logits.tensor(coefficient).unsqueeze(1));
        check();
    }

    void allocate() {
        var random = new Random(2);
        token = owned(Vector.of(random.ints(rows, 0, vocabulary).toArray()));
        coefficient = owned(Vector.of(Logits.normal(random, rows)));
        hidden = owned(Logits.normal(type, 1, rows, width));
        head = owned(Logits.normal(type, 0.02, vocabulary, width));
        logProb = owned(Vector.f32(rows));
        logSumExp = owned(Vector.f32(rows));
        entropy = owned(Vector.f32(rows));
        // Not touched yet: a run's memory is counted with its outputs.
        gradHidden = owned(torch.empty_like(hidden));
        gradHead = owned(torch.empty(vocabulary, width));
    }

    /** A few rows against the reference on f32 logits; the weights' gradient of one implementation against the other's. */
    private void check() {
        float[] expected = reference();
        double tolerance = type == DataType.F32 ? 1e-4 : 0.05;
        cpu();
        Agreement.require(kernels.description(), first(logProb), expected, tolerance);
        float[] gradients = Logits.floats(gradHead);
        libtorch();
        Agreement.require("libtorch", first(logProb), expected, tolerance);
        // Elements near 0 are sums of large ones that cancel.
        Agreement.require("libtorch, head's gradient", Logits.floats(gradHead), gradients, tolerance, 0.05);
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
            KernelProvider.named("reference").tokenLogProb(result, sums, entropies, Logits.matrix(exact), part, 1);
            return result.toFloats();
        }
    }

    private static float[] first(Vector vector) {
        return vector.slice(0, CHECKED_ROWS).toFloats();
    }

    /** libtorch's products, the kernels between them. */
    @Benchmark
    public Vector cpu() {
        gradHead.zero_();
        for (int from = 0; from < rows; from += CHUNK) {
            int count = Math.min(CHUNK, rows - from);
            try (var scope = new PointerScope()) {
                var input = hidden.narrow(0, from, count);
                var logits = input.mm(head.t());
                var matrix = Logits.matrix(logits);
                var tokens = token.slice(from, count);
                var sums = logSumExp.slice(from, count);
                kernels.tokenLogProb(logProb.slice(from, count), sums, entropy.slice(from, count), matrix, tokens, 1);
                kernels.gradient(matrix, sums, tokens, coefficient.slice(from, count));
                backward(logits, input, head, gradHidden.narrow(0, from, count), gradHead);
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
        for (int from = 0; from < rows; from += CHUNK) {
            int count = Math.min(CHUNK, rows - from);
            try (var scope = new PointerScope()) {
                var input = hidden.narrow(0, from, count);
                var logits = input.mm(weights.t());
                if (more > 0) logits.narrow(1, vocabulary, more).fill_(new Scalar(-1e4));
                var target = index.narrow(0, from, count);
                var weight = coefficients.narrow(0, from, count).toType(logits.scalar_type());
                var own = logits.gather(1, target).toType(torch.ScalarType.Float);
                var sums = logits.toType(torch.ScalarType.Float).logsumexp(new long[] {1}, true);
                Logits.tensor(logProb.slice(from, count)).copy_(own.sub(sums).squeeze(1));
                torch.softmax_out(logits, logits, 1).mul_(weight.neg()).scatter_add_(1, target, weight);
                backward(logits, input, weights, gradHidden.narrow(0, from, count), gradWeights);
            }
        }
        return logProb;
    }

    private static void backward(
            Tensor gradLogits, Tensor input, Tensor weights, Tensor gradInput, Tensor gradWeights) {
        torch.mm_out(gradInput, gradLogits, weights);
        if (gradLogits.scalar_type().intern() == torch.ScalarType.Float) gradWeights.addmm_(gradLogits.t(), input);
        else gradWeights.add_(gradLogits.t().mm(input));
    }
}
