package io.equipoise.benchmarks;

import io.equipoise.kernels.KernelProvider;
import io.equipoise.kernels.Kernels;
import io.equipoise.kernels.Philox;
import io.equipoise.kernels.Truncation;
import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.StringViewOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
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
 * One token a row and its log-probability, by inverse CDF from the same uniform numbers. libtorch is given those numbers;
 * the kernel makes its own. Cost to compare with: the logits' bytes, read once.
 */
@State(Scope.Thread) // libtorch's and OpenMP's settings belong to a thread
@BenchmarkMode(Mode.SampleTime) // percentiles: other work on the machine shows in the tail, not in the median
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(2) // memory lies differently in each process
@Warmup(iterations = 3, time = 1) // JIT, thread pools, page faults
@Measurement(iterations = 5, time = 1)
public class SampleBenchmark {
    private static final long SEED = 3;

    @Param
    Shape shape = Shape.GPT2_64;

    @Param({"F32", "BF16"})
    DataType type = DataType.F32;

    private final Kernels kernels = KernelProvider.named("cpu");
    private Matrix logits = Matrix.allocate(DataType.F32, 0, 1);
    private Vector token = Vector.i32(0);
    private Vector logProb = Vector.f32(0);
    private Vector sequence = Vector.i64(0);
    private Vector position = Vector.i32(0);
    private Tensor x = new Tensor();
    private Tensor uniform = new Tensor();

    @Setup
    public void setUp() {
        torch.set_num_threads(Runtime.getRuntime().availableProcessors()); // the kernels' too: one libgomp
        logits = shape.logits(type);
        token = Vector.i32(shape.rows);
        logProb = Vector.f32(shape.rows);
        position = Vector.i32(shape.rows);
        sequence = Vector.of(LongStream.range(0, shape.rows).toArray());
        var numbers = new float[shape.rows];
        for (int row = 0; row < numbers.length; row++) numbers[row] = (float) Philox.uniform(SEED, row, 0, 0);
        x = shape.tensor(logits);
        uniform = torch.from_blob(
                        new FloatPointer(numbers),
                        new long[] {shape.rows, 1},
                        new TensorOptions(torch.ScalarType.Float))
                .clone();
        check();
    }

    private void check() {
        var reference = KernelProvider.named("reference");
        reference.sample(token, logProb, logits, sequence, position, 1, Truncation.NONE, SEED);
        float[] expected = logProb.toFloats();
        int[] tokens = token.toInts();
        cpu();
        if (!Arrays.equals(token.toInts(), tokens)) {
            throw new IllegalStateException(kernels.description() + " draws other tokens than the reference");
        }
        Agreement.require(kernels.description(), logProb.toFloats(), expected, 1e-5);
        var drawn = new long[shape.rows];
        try (var scope = new PointerScope()) {
            new LongPointer(draw(x.toType(torch.ScalarType.Float).softmax(1)).data_ptr()).get(drawn);
        }
        int different = 0;
        for (int row = 0; row < drawn.length; row++) if (drawn[row] != tokens[row]) different++;
        // Its f32 running sum may carry a draw past the end of a neighbour, seldom.
        if (different > shape.rows / 16 + 1) {
            throw new IllegalStateException("libtorch draws " + different + " other tokens than the reference");
        }
    }

    @Benchmark
    public Vector cpu() {
        kernels.sample(token, logProb, logits, sequence, position, 1, Truncation.NONE, SEED);
        return token;
    }

    @Benchmark
    public long libtorch() {
        try (var scope = new PointerScope()) {
            var probabilities = x.toType(torch.ScalarType.Float).softmax(1);
            return probabilities.gather(1, draw(probabilities)).log().numel();
        }
    }

    /** The fastest of libtorch's forms: searchsorted in the running sum. */
    private Tensor draw(Tensor probabilities) {
        boolean rightOfEquals = true;
        return torch.searchsorted(
                        probabilities.cumsum(1),
                        uniform,
                        false,
                        rightOfEquals,
                        new StringViewOptional(),
                        new TensorOptional())
                .clamp_max(new Scalar(shape.columns - 1));
    }

    @TearDown
    public void tearDown() {
        logits.close();
        token.close();
        logProb.close();
        sequence.close();
        position.close();
        x.close();
        uniform.close();
    }
}
