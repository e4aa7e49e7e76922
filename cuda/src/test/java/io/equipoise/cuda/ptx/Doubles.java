package io.equipoise.cuda.ptx;

import io.equipoise.cuda.ptx.Instruction.Ternary;
import java.math.BigDecimal;
import java.util.function.LongBinaryOperator;

/** f64 arithmetic. Directed roundings go through exact decimals: they are rare. */
final class Doubles {
    private Doubles() {}

    static double f64(long bits) {
        return Double.longBitsToDouble(bits);
    }

    static long bits(double value) {
        return Double.isNaN(value) ? 0x7fffffffffffffffL : Double.doubleToRawLongBits(value);
    }

    static LongBinaryOperator sum(Rounding rounding) {
        if (rounding == Rounding.NEAREST) return (x, y) -> bits(f64(x) + f64(y));
        return (x, y) -> {
            double a = f64(x);
            double b = f64(y);
            if (!Double.isFinite(a) || !Double.isFinite(b)) return bits(a + b);
            if (a + b == 0) return bits(rounding.sum(a, b));
            return bits(rounding.direct(a + b, new BigDecimal(a).add(new BigDecimal(b))));
        };
    }

    static LongBinaryOperator product(Rounding rounding) {
        if (rounding == Rounding.NEAREST) return (x, y) -> bits(f64(x) * f64(y));
        return (x, y) -> {
            double a = f64(x);
            double b = f64(y);
            if (!Double.isFinite(a) || !Double.isFinite(b) || a == 0 || b == 0) return bits(a * b);
            return bits(rounding.direct(a * b, new BigDecimal(a).multiply(new BigDecimal(b))));
        };
    }

    static Ternary fma(Rounding rounding) {
        if (rounding == Rounding.NEAREST) return (x, y, z) -> bits(Math.fma(f64(x), f64(y), f64(z)));
        return (x, y, z) -> {
            double a = f64(x);
            double b = f64(y);
            double c = f64(z);
            double nearest = Math.fma(a, b, c);
            if (!Double.isFinite(a) || !Double.isFinite(b) || !Double.isFinite(c)) return bits(nearest);
            if (a == 0 || b == 0) return bits(rounding.sum(a * b, c));
            var exact = new BigDecimal(a).multiply(new BigDecimal(b)).add(new BigDecimal(c));
            if (exact.signum() == 0) return bits(rounding == Rounding.DOWN ? -0.0 : 0.0);
            return bits(rounding.direct(nearest, exact));
        };
    }
}
