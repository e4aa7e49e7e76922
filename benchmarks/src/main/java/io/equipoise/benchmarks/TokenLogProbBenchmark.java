package io.equipoise.benchmarks;

import io.equipoise.kernels.KernelProvider;
import io.equipoise.kernels.Kernels;
import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Log-probabilities of given tokens. The kernel also yields the log-sum-exp and the entropy, libtorch's formula the
 * former only. Cost to compare with: the logits' bytes, read once.
 */
@State(Scope.Thread) // libtorch's and OpenMP's settings belong to a thread
@BenchmarkMode(Mode.SampleTime) // percentiles: other work on the machine shows in the tail, not in the median
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(2) // memory lies differently in each process
@Warmup(iterations = 3, time = 1) // JIT, thread pools, page faults
@Measurement(iterations = 5, time = 1)
public class TokenLogProbBenchmark {
    @Param
    Shape shape = Shape.GPT2_64;

    @Param({"F32", "BF16"})
    DataType type = DataType.F32;

    private final Kernels kernels = KernelProvider.named("cpu");
    private Matrix logits = Matrix.allocate(DataType.F32, 0, 1);
    private Vector token = Vector.i32(0);
    private Vector logProb = Vector.f32(0);
    private Vector logSumExp = Vector.f32(0);
    private Vector entropy = Vector.f32(0);
    private Tensor x = new Tensor();
    private Tensor y = new Tensor();

    @Setup
    public void setUp() {
        torch.set_num_threads(Runtime.getRuntime().availableProcessors()); // the kernels' too: one libgomp
        logits = shape.logits(type);
        token = Vector.i32(shape.rows);
        logProb = Vector.f32(shape.rows);
        logSumExp = Vector.f32(shape.rows);
        entropy = Vector.f32(shape.rows);
        int[] tokens = new Random(2).ints(shape.rows, 0, shape.columns).toArray();
        token.put(tokens);
        var indices = new long[shape.rows];
        for (int row = 0; row < tokens.length; row++) indices[row] = tokens[row];
        x = shape.tensor(logits);
        y = torch.from_blob(
                        new LongPointer(indices), new long[] {shape.rows, 1}, new TensorOptions(torch.ScalarType.Long))
                .clone();
        check();
    }

    private void check() {
        KernelProvider.named("reference").tokenLogProb(logProb, logSumExp, entropy, logits, token, 1);
        float[] reference = logProb.toFloats();
        cpu();
        Agreement.require(kernels.description(), logProb.toFloats(), reference, 1e-5);
        var peer = new float[shape.rows];
        try (var scope = new PointerScope()) {
            new FloatPointer(formula().data_ptr()).get(peer);
        }
        // bf16's own log-sum-exp keeps 8 bits; here it is summed in f32.
        Agreement.require("libtorch", peer, reference, 1e-4);
    }

    @Benchmark
    public Vector cpu() {
        kernels.tokenLogProb(logProb, logSumExp, entropy, logits, token, 1);
        return logProb;
    }

    @Benchmark
    public long libtorch() {
        try (var scope = new PointerScope()) {
            return formula().numel();
        }
    }

    /** The fastest of libtorch's forms that is exact in f32: gather − logsumexp. */
    private Tensor formula() {
        var exact = x.toType(torch.ScalarType.Float);
        return exact.gather(1, y).squeeze(1).sub(exact.logsumexp(1));
    }

    @TearDown
    public void tearDown() {
        logits.close();
        token.close();
        logProb.close();
        logSumExp.close();
        entropy.close();
        x.close();
        y.close();
    }
}
