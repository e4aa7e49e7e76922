package io.equipoise.cuda.ptx;

import io.equipoise.cuda.ptx.Instruction.Action;
import io.equipoise.cuda.ptx.Instruction.Ternary;
import java.util.function.LongBinaryOperator;
import java.util.function.LongUnaryOperator;

/** f32 arithmetic, and the choice of a type's arithmetic. Every NaN that comes out is the same one, as on the device. */
final class Floats {
    private Floats() {}

    static float f32(long bits) {
        return Float.intBitsToFloat((int) bits);
    }

    static long bits(float value) {
        return Float.isNaN(value) ? Format.F32.nan : Float.floatToRawIntBits(value) & 0xffffffffL;
    }

    /** Subnormals become zeros of their sign. */
    static long flush(long bits) {
        return (bits & 0x7f800000L) == 0 ? bits & 0x80000000L : bits;
    }

    /** Into [0, 1]; NaN becomes 0. */
    static long saturate(long bits) {
        float value = f32(bits);
        return value > 0 ? bits(Math.min(value, 1)) : 0;
    }

    static LongUnaryOperator finish(boolean ftz, boolean sat) {
        if (ftz && sat) return bits -> saturate(flush(bits));
        if (ftz) return Floats::flush;
        return sat ? Floats::saturate : LongUnaryOperator.identity();
    }

    private static LongBinaryOperator modified(LongBinaryOperator f, boolean ftz, boolean sat) {
        if (!ftz && !sat) return f;
        var finish = finish(ftz, sat);
        if (!ftz) return (a, b) -> finish.applyAsLong(f.applyAsLong(a, b));
        return (a, b) -> finish.applyAsLong(f.applyAsLong(flush(a), flush(b)));
    }

    static Action add(Operation o) {
        var type = o.type();
        if (type.integer()) return Integers.add(o, type);
        var rounding = o.rounding(Rounding.NEAREST);
        return binary(o, type, sum(type, rounding));
    }

    static Action sub(Operation o) {
        var type = o.type();
        if (type.integer()) return Integers.sub(o, type);
        var rounding = o.rounding(Rounding.NEAREST);
        var sum = sum(type, rounding);
        long sign = signs(type);
        return binary(o, type, (a, b) -> sum.applyAsLong(a, b ^ sign));
    }

    private static LongBinaryOperator sum(Type type, Rounding rounding) {
        if (type == Type.F64) return Doubles.sum(rounding);
        if (type != Type.F32) return Halves.binary(type, rounding, (a, b) -> rounding.sum(a, b));
        if (rounding == Rounding.NEAREST) return (a, b) -> bits(f32(a) + f32(b));
        return (a, b) -> Format.F32.encode(rounding.sum(f32(a), f32(b)), rounding);
    }

    static Action mul(Operation o) {
        var type = o.type();
        if (type.integer()) return Integers.mul(o, type);
        var rounding = o.rounding(Rounding.NEAREST);
        if (type == Type.F64) return binary(o, type, Doubles.product(rounding));
        if (type != Type.F32) return binary(o, type, Halves.binary(type, rounding, (a, b) -> a * b));
        if (rounding == Rounding.NEAREST) return binary(o, type, (a, b) -> bits(f32(a) * f32(b)));
        return binary(o, type, (a, b) -> Format.F32.encode((double) f32(a) * f32(b), rounding));
    }

    static Action div(Operation o) {
        var type = o.type();
        if (type.integer()) return Integers.div(o, type);
        // Both may be wrong by 2 ulp; the quotient is within that.
        boolean approximate = o.take("approx") || o.take("full");
        var rounding = approximate ? Rounding.NEAREST : o.rounding();
        if (type == Type.F64) {
            if (rounding != Rounding.NEAREST) throw o.fail("f64 division is only rounded to nearest");
            return binary(o, type, (a, b) -> Doubles.bits(Double.longBitsToDouble(a) / Double.longBitsToDouble(b)));
        }
        if (type != Type.F32) throw o.fail("no division of " + type);
        if (rounding == Rounding.NEAREST) return binary(o, type, (a, b) -> bits(f32(a) / f32(b)));
        return binary(o, type, (a, b) -> Format.F32.encode(Rounding.quotient(f32(a), f32(b)), rounding));
    }

    private static Action binary(Operation o, Type type, LongBinaryOperator f) {
        boolean ftz = o.take("ftz");
        boolean sat = o.take("sat");
        if ((ftz || sat) && type != Type.F32) throw o.fail("ftz and sat are only supported for f32");
        return o.binary(type, modified(f, ftz, sat));
    }

    /** {@code fma}, and {@code mad} of floats. */
    static Action fma(Operation o) {
        var type = o.type();
        if (type.integer()) return Integers.mad(o, type);
        var rounding = o.rounding();
        boolean ftz = o.take("ftz");
        boolean sat = o.take("sat");
        boolean relu = o.take("relu");
        if (((ftz || sat) && type != Type.F32) || (relu && type.bits > 32)) throw o.fail("modifier of another type");
        Ternary f;
        if (type == Type.F64) f = Doubles.fma(rounding);
        else if (type == Type.F32) f = fma32(rounding);
        else f = Halves.fma(type, rounding, relu);
        if (!ftz && !sat) return o.ternary(type, f);
        var finish = finish(ftz, sat);
        if (!ftz) return o.ternary(type, (a, b, c) -> finish.applyAsLong(f.apply(a, b, c)));
        return o.ternary(type, (a, b, c) -> finish.applyAsLong(f.apply(flush(a), flush(b), flush(c))));
    }

    private static Ternary fma32(Rounding rounding) {
        if (rounding == Rounding.NEAREST) return (a, b, c) -> bits(Math.fma(f32(a), f32(b), f32(c)));
        return (a, b, c) -> Format.F32.encode(rounding.sum((double) f32(a) * f32(b), f32(c)), rounding);
    }

    static Action neg(Operation o) {
        var type = o.type();
        if (type.integer()) return Integers.neg(o, type);
        var flush = finish(o.take("ftz"), false);
        long sign = signs(type);
        return o.unary(type, a -> flush.applyAsLong(a) ^ sign);
    }

    static Action abs(Operation o) {
        var type = o.type();
        if (type.integer()) return Integers.abs(o, type);
        var flush = finish(o.take("ftz"), false);
        long sign = signs(type);
        return o.unary(type, a -> flush.applyAsLong(a) & ~sign);
    }

    /** The sign bits of a value, or of each half. */
    static long signs(Type type) {
        return switch (type) {
            case F64 -> Long.MIN_VALUE;
            case F32 -> 0x80000000L;
            case F16, BF16 -> 0x8000L;
            case F16X2, BF16X2 -> 0x80008000L;
            case F32X2 -> 0x8000000080000000L;
            default -> throw new IllegalArgumentException("no float: " + type);
        };
    }

    /** {@code copysign d, a, b}: b with a's sign. */
    static Action copysign(Operation o) {
        var type = o.type();
        long sign = signs(type);
        return o.binary(type, (a, b) -> (a & sign) | (b & ~sign));
    }

    static Action min(Operation o) {
        var type = o.type();
        return type.integer() ? Integers.min(o, type) : extreme(o, type, false);
    }

    static Action max(Operation o) {
        var type = o.type();
        return type.integer() ? Integers.max(o, type) : extreme(o, type, true);
    }

    private static Action extreme(Operation o, Type type, boolean max) {
        boolean nan = o.take("NaN");
        boolean ftz = o.take("ftz");
        LongBinaryOperator f;
        if (type == Type.F64) {
            f = (a, b) -> Doubles.bits(pick(Double.longBitsToDouble(a), Double.longBitsToDouble(b), max, nan));
        } else if (type == Type.F32) {
            f = modified((a, b) -> bits((float) pick(f32(a), f32(b), max, nan)), ftz, false);
        } else {
            f = Halves.binary(type, Rounding.NEAREST, (a, b) -> pick(a, b, max, nan));
        }
        if (ftz && type != Type.F32) throw o.fail("ftz is only supported for f32");
        if (o.operands() == 4) return o.ternary(type, (a, b, c) -> f.applyAsLong(f.applyAsLong(a, b), c));
        return o.binary(type, f);
    }

    /** Of a number and a NaN the number, unless NaNs are kept; −0 is below +0. */
    private static double pick(double a, double b, boolean max, boolean nan) {
        if (!nan && Double.isNaN(a)) return b;
        if (!nan && Double.isNaN(b)) return a;
        return max ? Math.max(a, b) : Math.min(a, b);
    }
}
