package io.equipoise.cuda.ptx;

import io.equipoise.cuda.ptx.Instruction.Action;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongToDoubleFunction;
import java.util.function.LongUnaryOperator;

/** {@code cvt}. */
final class Conversions {
    private static final Map<String, Rounding> INTEGRAL =
            Map.of("rni", Rounding.NEAREST, "rzi", Rounding.ZERO, "rmi", Rounding.DOWN, "rpi", Rounding.UP);

    private Conversions() {}

    static Action cvt(Operation o) {
        Optional<Rounding> integral =
                o.takeAny(INTEGRAL.keySet().toArray(String[]::new)).map(INTEGRAL::get);
        boolean away = o.take("rna");
        var rounding = away ? Rounding.AWAY : o.rounding(Rounding.NEAREST);
        boolean ftz = o.take("ftz");
        boolean sat = o.take("sat");
        boolean relu = o.take("relu");
        var to = o.type();
        var from = o.type();
        if (to.kind == Type.Kind.PACKED) return pair(o, to, from, rounding, relu);
        o.expect(2);
        if (ftz && to != Type.F32 && from != Type.F32) throw o.fail("ftz without f32");
        LongUnaryOperator f;
        if (to.integer() && from.integer()) {
            f = sat ? bits -> clamp(from, from.extend(bits), to) : from::extend;
        } else if (to.integer()) {
            // A float never leaves the integer's range, saturated or not.
            var round = integral.orElseThrow(() -> o.fail("no rounding to an integer"));
            var value = value(from, ftz);
            f = bits -> integer(round.integral(value.applyAsDouble(bits)), from, to);
        } else if (from.integer()) {
            f = bits -> fromInteger(from.extend(bits), !from.signed(), to, rounding);
            if (sat) f = after(f, Floats::saturate);
            if (sat && to != Type.F32) throw o.fail("only f32 saturates");
        } else {
            if (sat && to != Type.F32) throw o.fail("only f32 saturates");
            f = floats(from, to, rounding, integral, ftz);
            if (sat) f = after(f, Floats::saturate);
            if (relu) f = after(f, bits -> (bits & Floats.signs(to)) == 0 ? bits : 0);
        }
        var source = o.wide(o.operand(1), from);
        var target = o.wideTarget(o.operand(0), to);
        if (!to.integer() && target.type().bits != to.bits) throw o.fail("a float in a wider register");
        var convert = f;
        // A wider register is filled up with the sign, or with zeros.
        long mask = to.signed() ? target.type().mask() : to.mask();
        return Actions.unary(
                target.at(),
                source.at(),
                bits -> to.extend(convert.applyAsLong(bits & from.mask()) & to.mask()) & mask);
    }

    private static LongUnaryOperator after(LongUnaryOperator f, LongUnaryOperator g) {
        return bits -> g.applyAsLong(f.applyAsLong(bits));
    }

    /** {@code cvt.rn.bf16x2.f32 d, a, b}: a in the upper half. */
    private static Action pair(Operation o, Type to, Type from, Rounding rounding, boolean relu) {
        if (from != Type.F32) throw o.fail("pairs are converted from f32");
        o.expect(3);
        var format = Format.of(to);
        LongUnaryOperator half = bits -> {
            long result = format.encode(Floats.f32(bits), rounding);
            return relu && (result & 0x8000) != 0 ? 0 : result;
        };
        return Actions.binary(
                o.target(0, to),
                o.source(1, from),
                o.source(2, from),
                (a, b) -> half.applyAsLong(a) << 16 | half.applyAsLong(b));
    }

    private static LongToDoubleFunction value(Type type, boolean ftz) {
        if (type == Type.F64) return Double::longBitsToDouble;
        var format = Format.of(type);
        return ftz && type == Type.F32 ? bits -> format.decode(Floats.flush(bits)) : format::decode;
    }

    private static LongUnaryOperator floats(
            Type from, Type to, Rounding rounding, Optional<Rounding> integral, boolean ftz) {
        var value = value(from, ftz);
        LongToDoubleFunction rounded =
                integral.isPresent() ? bits -> integral.get().integral(value.applyAsDouble(bits)) : value;
        if (to == Type.F64) return bits -> Doubles.bits(rounded.applyAsDouble(bits));
        var format = Format.of(to);
        var flush = Floats.finish(ftz && to == Type.F32, false);
        int shift = to == Type.TF32 ? 13 : 0;
        return bits -> flush.applyAsLong(format.encode(rounded.applyAsDouble(bits), rounding) << shift);
    }

    /** NaN is 0, or the highest bit alone where 64 bits are involved. */
    private static long integer(double value, Type from, Type to) {
        if (Double.isNaN(value)) return from == Type.F64 || to.bits == 64 ? 1L << (to.bits - 1) : 0;
        if (to == Type.U64) {
            if (value >= 0x1p64) return -1;
            if (value >= 0x1p63) return (long) (value - 0x1p63) ^ Long.MIN_VALUE;
            return (long) Math.max(value, 0);
        }
        return clamp(Type.S64, (long) value, to);
    }

    /** {@code value} of a type at the nearest that another can hold. */
    private static long clamp(Type from, long value, Type to) {
        if (to.signed()) {
            long highest = to.mask() >>> 1;
            if (!from.signed() && value < 0) return highest;
            return Math.max(-highest - 1, Math.min(highest, value));
        }
        if (from.signed() && value < 0) return 0;
        return Long.compareUnsigned(value, to.mask()) > 0 ? to.mask() : value;
    }

    private static long fromInteger(long value, boolean unsigned, Type to, Rounding rounding) {
        // Both halves are exact in f64, and so is what their sum lacks.
        double high = unsigned ? (double) (value >>> 32) * 0x1p32 : (double) (value >> 32) * 0x1p32;
        double low = (double) (value & 0xffffffffL);
        double sum = high + low;
        double error = low - (sum - high);
        if (to != Type.F64) return Format.of(to).encode(Rounding.odd(sum, error), rounding);
        boolean down = rounding == Rounding.DOWN || (rounding == Rounding.ZERO && sum > 0);
        if (rounding == Rounding.NEAREST || error == 0) return Doubles.bits(sum);
        if (down) return Doubles.bits(error < 0 ? Math.nextDown(sum) : sum);
        return Doubles.bits(error > 0 ? Math.nextUp(sum) : sum);
    }
}
