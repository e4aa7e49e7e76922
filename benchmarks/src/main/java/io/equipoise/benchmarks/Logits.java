package io.equipoise.benchmarks;

import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.util.Random;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;

/** Random logits, tokens and coefficients, in the same memory for the kernels and for libtorch. */
final class Logits implements AutoCloseable {
    /** The vocabulary that some implementations round up to a multiple of. */
    private static final int MULTIPLE = 64;
    /** Of the columns that rounding up adds: no probability, and no NaN where it is multiplied by that. */
    private static final double NOTHING = -1e4;

    /** Stands in a field until a benchmark's parameters are known. */
    static final Logits NONE = new Logits(0, 1, DataType.F32);

    final int rows;
    final int columns;
    /** (N, V). */
    final Matrix matrix;
    /** (N), i32. */
    final Vector token;
    /** (N), f32. */
    final Vector coefficient;
    /** (N, V): the matrix's memory. */
    final Tensor tensor;
    /** (N, 1), the tokens as libtorch's indices. */
    final Tensor index;

    /** Normal logits of deviation 2, which make a softmax about as peaked as a language model's. */
    Logits(int rows, int columns, DataType type) {
        this.rows = rows;
        this.columns = columns;
        torch.manual_seed(1);
        tensor = normal(type, 2, rows, columns);
        matrix = matrix(tensor);
        var random = new Random(2);
        token = Vector.of(random.ints(rows, 0, columns).toArray());
        index = index(token);
        coefficient = Vector.of(normal(random, rows));
    }

    /** The logits with columns without probability up to a multiple of 64; the same tensor where there are none to add. */
    Tensor padded() {
        int more = Math.floorMod(-columns, MULTIPLE);
        return more == 0 ? tensor : torch.constant_pad_nd(tensor, new long[] {0, more}, new Scalar(NOTHING));
    }

    /** Normal numbers of a deviation, made in place: no other memory is touched than what is returned. */
    static Tensor normal(DataType type, double deviation, long... shape) {
        return torch.empty(shape, new TensorOptions(scalarType(type)), new MemoryFormatOptional())
                .normal_(0, deviation, new GeneratorOptional());
    }

    static float[] normal(Random random, int size) {
        var numbers = new float[size];
        for (int n = 0; n < size; n++) numbers[n] = (float) random.nextGaussian();
        return numbers;
    }

    /** (N, 1) i64 of (N) i32. */
    static Tensor index(Vector token) {
        var indices = new long[Math.toIntExact(token.size())];
        int[] tokens = token.toInts();
        for (int n = 0; n < indices.length; n++) indices[n] = tokens[n];
        try (var pointer = new LongPointer(indices)) {
            return torch.from_blob(pointer, new long[] {indices.length, 1}, new TensorOptions(torch.ScalarType.Long))
                    .clone();
        }
    }

    /** An f32 vector's memory as libtorch sees it. */
    static Tensor tensor(Vector vector) {
        return torch.from_blob(vector.address(), new long[] {vector.size()}, new TensorOptions(torch.ScalarType.Float));
    }

    /** A tensor's memory as the kernels see it. */
    static Matrix matrix(Tensor tensor) {
        var type =
                switch (tensor.scalar_type().intern()) {
                    case BFloat16 -> DataType.BF16;
                    case Half -> DataType.F16;
                    default -> DataType.F32;
                };
        return Matrix.borrow(type, tensor.data_ptr(), tensor.size(0), tensor.size(1), tensor.stride(0));
    }

    static torch.ScalarType scalarType(DataType type) {
        return switch (type) {
            case BF16 -> torch.ScalarType.BFloat16;
            case F16 -> torch.ScalarType.Half;
            default -> torch.ScalarType.Float;
        };
    }

    /** All elements as f32. */
    static float[] floats(Tensor tensor) {
        try (var scope = new PointerScope()) {
            var exact = tensor.toType(torch.ScalarType.Float).contiguous();
            var values = new float[Math.toIntExact(exact.numel())];
            exact.data_ptr_float().get(values);
            return values;
        }
    }

    @Override
    public void close() {
        matrix.close();
        token.close();
        coefficient.close();
        tensor.close();
        index.close();
    }
}
