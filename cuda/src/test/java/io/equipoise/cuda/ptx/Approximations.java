package io.equipoise.cuda.ptx;

import io.equipoise.cuda.ptx.Instruction.Action;
import java.util.function.DoubleUnaryOperator;

/**
 * Functions that PTX gives with a documented error; here they are rounded from f64, which is within every one of them.
 * Subnormal results and arguments are zeros where PTX says so.
 */
final class Approximations {
    private static final double LN2 = Math.log(2);

    private Approximations() {}

    static Action ex2(Operation o) {
        return approximate(o, x -> Math.pow(2, x));
    }

    static Action lg2(Operation o) {
        return approximate(o, Approximations::log2);
    }

    private static double log2(double x) {
        // exact for powers of two, as the device is
        int exponent = Math.getExponent(x);
        if (x > 0 && Double.isFinite(x)) return exponent + Math.log(Math.scalb(x, -exponent)) / LN2;
        return Math.log(x);
    }

    static Action sin(Operation o) {
        return approximate(o, Math::sin);
    }

    static Action cos(Operation o) {
        return approximate(o, Math::cos);
    }

    static Action tanh(Operation o) {
        return approximate(o, Math::tanh);
    }

    static Action rcp(Operation o) {
        return rootOrReciprocal(o, x -> 1 / x, x -> Rounding.quotient(1, x));
    }

    static Action sqrt(Operation o) {
        return rootOrReciprocal(o, Math::sqrt, Rounding::root);
    }

    static Action rsqrt(Operation o) {
        if (!o.has("approx")) throw o.fail("rsqrt is approximate");
        return rootOrReciprocal(o, x -> 1 / Math.sqrt(x), x -> 1 / Math.sqrt(x));
    }

    private static Action approximate(Operation o, DoubleUnaryOperator f) {
        if (!o.take("approx")) throw o.fail("only .approx is known");
        boolean ftz = o.take("ftz");
        var type = o.type();
        if (type.bits > 32) throw o.fail("no " + type);
        return unary(o, type, Rounding.NEAREST, ftz && type == Type.F32, f);
    }

    /**
     * @param f nearest
     * @param exact to be rounded once more
     */
    private static Action rootOrReciprocal(Operation o, DoubleUnaryOperator f, DoubleUnaryOperator exact) {
        boolean approximate = o.take("approx");
        var rounding = approximate ? Rounding.NEAREST : o.rounding();
        boolean ftz = o.take("ftz");
        var type = o.type();
        if (type == Type.F64) {
            if (rounding != Rounding.NEAREST) throw o.fail("f64 is only rounded to nearest");
            // The approximation has the upper half of the result's bits, of a flushed argument.
            if (!approximate) return o.unary(type, a -> Doubles.bits(f.applyAsDouble(Doubles.f64(a))));
            return o.unary(type, a -> {
                double x = Doubles.f64(a);
                double result = f.applyAsDouble(Math.abs(x) < Double.MIN_NORMAL ? Math.copySign(0, x) : x);
                if (Math.abs(result) < Double.MIN_NORMAL) result = Math.copySign(0, result);
                return Doubles.bits(result) & (Double.isNaN(result) ? -1L : 0xffffffff00000000L);
            });
        }
        if (type != Type.F32) throw o.fail("no " + type);
        return unary(o, type, rounding, ftz, exact);
    }

    private static Action unary(Operation o, Type type, Rounding rounding, boolean ftz, DoubleUnaryOperator f) {
        if (type == Type.F32) {
            var flush = Floats.finish(ftz, false);
            return o.unary(
                    type,
                    a -> flush.applyAsLong(
                            Format.F32.encode(f.applyAsDouble(Floats.f32(flush.applyAsLong(a))), rounding)));
        }
        var pair = Halves.binary(type, rounding, (a, b) -> f.applyAsDouble(a));
        return o.unary(type, a -> pair.applyAsLong(a, a));
    }
}
