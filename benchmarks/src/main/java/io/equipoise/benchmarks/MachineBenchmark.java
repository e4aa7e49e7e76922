package io.equipoise.benchmarks;

import io.equipoise.memory.DataType;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Setup;

/**
 * What this machine can do, on as many threads as the operations use: its memory's bandwidth on arrays far larger than its
 * caches, and, as a proxy of its peak, the speed of libtorch's product of two 2048 × 2048 matrices.
 */
public class MachineBenchmark extends OperationBenchmark {
    private static final long ELEMENTS = 1L << 27; // 512 MiB an array
    private static final int SIDE = 2048;

    private Tensor a = new Tensor();
    private Tensor b = new Tensor();
    private Tensor c = new Tensor();
    private Tensor leftF32 = new Tensor();
    private Tensor rightF32 = new Tensor();
    private Tensor leftBf16 = new Tensor();
    private Tensor rightBf16 = new Tensor();

    /** STREAM counts an array once, whether or not a store first reads the line it writes to. */
    static Work work(String method) {
        return switch (method) {
            case "read" -> Work.reads(4.0 * ELEMENTS);
            case "triad" -> Work.moves(3 * 4.0 * ELEMENTS);
            case "matmulF32" -> Work.multiplies(2.0 * SIDE * SIDE * SIDE, DataType.F32);
            case "matmulBf16" -> Work.multiplies(2.0 * SIDE * SIDE * SIDE, DataType.BF16);
            default -> throw new IllegalArgumentException("no method " + method);
        };
    }

    @Setup
    public void setUp() {
        a = owned(torch.zeros(ELEMENTS));
        b = owned(torch.ones(ELEMENTS));
        c = owned(torch.ones(ELEMENTS));
        leftF32 = owned(Tensors.normal(DataType.F32, 1, SIDE, SIDE));
        rightF32 = owned(Tensors.normal(DataType.F32, 1, SIDE, SIDE));
        leftBf16 = owned(Tensors.normal(DataType.BF16, 1, SIDE, SIDE));
        rightBf16 = owned(Tensors.normal(DataType.BF16, 1, SIDE, SIDE));
    }

    /** The sum of one array. */
    @Benchmark
    public long read() {
        try (var scope = new PointerScope()) {
            return b.sum().numel();
        }
    }

    /** STREAM's triad, a = b + s·c. */
    @Benchmark
    public Tensor triad() {
        return torch.add_out(a, b, c, new Scalar(3));
    }

    @Benchmark
    public long matmulF32() {
        return product(leftF32, rightF32);
    }

    @Benchmark
    public long matmulBf16() {
        return product(leftBf16, rightBf16);
    }

    private static long product(Tensor left, Tensor right) {
        try (var scope = new PointerScope()) {
            return left.mm(right).numel();
        }
    }
}
