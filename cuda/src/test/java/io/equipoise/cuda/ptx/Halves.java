package io.equipoise.cuda.ptx;

import io.equipoise.cuda.ptx.Instruction.Ternary;
import java.util.function.DoubleBinaryOperator;
import java.util.function.LongBinaryOperator;

/** Arithmetic of 16-bit floats, and of pairs of them or of f32: formed in f64 and rounded once. */
final class Halves {
    private Halves() {}

    private static int count(Type type) {
        return type.kind == Type.Kind.PACKED ? 2 : 1;
    }

    /** {@code f} gives a result exact enough to be rounded once. */
    static LongBinaryOperator binary(Type type, Rounding rounding, DoubleBinaryOperator f) {
        var format = Format.of(type);
        int bits = type.bits / count(type);
        long mask = (1L << bits) - 1;
        LongBinaryOperator one =
                (a, b) -> format.encode(f.applyAsDouble(format.decode(a & mask), format.decode(b & mask)), rounding);
        if (count(type) == 1) return one;
        return (a, b) -> one.applyAsLong(a, b) | one.applyAsLong(a >>> bits, b >>> bits) << bits;
    }

    static Ternary fma(Type type, Rounding rounding, boolean relu) {
        var format = Format.of(type);
        int bits = type.bits / count(type);
        long mask = (1L << bits) - 1;
        long sign = 1L << (bits - 1);
        Ternary one = (a, b, c) -> {
            double product = format.decode(a & mask) * format.decode(b & mask);
            long result = format.encode(rounding.sum(product, format.decode(c & mask)), rounding);
            return relu && (result & sign) != 0 ? 0 : result;
        };
        if (count(type) == 1) return one;
        return (a, b, c) -> one.apply(a, b, c) | one.apply(a >>> bits, b >>> bits, c >>> bits) << bits;
    }
}
