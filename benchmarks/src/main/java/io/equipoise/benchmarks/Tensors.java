package io.equipoise.benchmarks;

import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;

/** The kernels' operands as libtorch sees them, and the other way round: the same memory. */
final class Tensors {
    /** The vocabulary that some implementations round up to a multiple of. */
    private static final int MULTIPLE = 64;
    /** Of the columns that rounding up adds: no probability, and no NaN where it is multiplied by that. */
    private static final double NOTHING = -1e4;

    private Tensors() {}

    /** Logits with columns without probability up to a multiple of 64; the same tensor where there are none to add. */
    static Tensor padded(Tensor logits) {
        long more = Math.floorMod(-logits.size(1), MULTIPLE);
        return more == 0 ? logits : torch.constant_pad_nd(logits, new long[] {0, more}, new Scalar(NOTHING));
    }

    /** Normal numbers of a deviation, made in place: no other memory is touched than what is returned. */
    static Tensor normal(DataType type, double deviation, long... shape) {
        return torch.empty(shape, new TensorOptions(scalarType(type)), new MemoryFormatOptional())
                .normal_(0, deviation, new GeneratorOptional());
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

    /** An f32 vector's memory. */
    static Tensor tensor(Vector vector) {
        return torch.from_blob(vector.address(), new long[] {vector.size()}, new TensorOptions(torch.ScalarType.Float));
    }

    /** A matrix's memory; it has no gaps between rows. */
    static Tensor tensor(Matrix matrix) {
        return torch.from_blob(
                matrix.address(),
                new long[] {matrix.rows(), matrix.columns()},
                new TensorOptions(scalarType(matrix.type())));
    }

    /** A tensor's memory. */
    static Matrix matrix(Tensor tensor) {
        var type =
                switch (tensor.scalar_type().intern()) {
                    case BFloat16 -> DataType.BF16;
                    case Half -> DataType.F16;
                    default -> DataType.F32;
                };
        return Matrix.borrow(type, tensor.data_ptr(), tensor.size(0), tensor.size(1), tensor.stride(0));
    }

    private static torch.ScalarType scalarType(DataType type) {
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
}
