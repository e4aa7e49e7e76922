package io.equipoise.cuda.ptx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ConversionsTest {
    private static float f32(long bits) {
        return Float.intBitsToFloat((int) bits);
    }

    private static long bits(float x) {
        return Float.isNaN(x) ? 0x7fffffffL : Float.floatToRawIntBits(x);
    }

    private static long bits(double x) {
        return Double.isNaN(x) ? 0x7fffffffffffffffL : Double.doubleToRawLongBits(x);
    }

    @Test
    void integersAreExtendedAndCut() {
        Table.unary("cvt.s64.s32 %d, %a;", "s64 s32", a -> (int) a);
        Table.unary("cvt.u64.u32 %d, %a;", "u64 u32", a -> a);
        Table.unary("cvt.u32.u64 %d, %a;", "u32 u64", a -> a);
        Table.unary("cvt.s32.s8 %d, %a;", "s32 s32", a -> (byte) a);
        Table.unary("cvt.u16.u8 %d, %a;", "u16 u16", a -> a & 255);
        Table.unary("cvt.s16.s8 %d, %a;", "s16 s16", a -> (byte) a);
        Table.unary("cvt.s8.s32 %d, %a;", "s32 s32", a -> (byte) a);
        Table.unary("cvt.u8.u32 %d, %a;", "u32 u32", a -> a & 255);
        Table.unary("cvt.sat.u8.s32 %d, %a;", "u32 s32", a -> Math.max(0, Math.min(255, (int) a)));
        Table.unary("cvt.sat.s8.s32 %d, %a;", "s32 s32", a -> Math.max(-128, Math.min(127, (int) a)));
        Table.unary("cvt.sat.s32.u32 %d, %a;", "s32 u32", a -> Math.min(Integer.MAX_VALUE, a));
        Table.unary("cvt.sat.u32.s64 %d, %a;", "u32 s64", a -> Math.max(0, Math.min(0xffffffffL, a)));
    }

    @Test
    void floatsBecomeTheNearestIntegerThereIs() {
        var modes = Map.of(
                "rni",
                RoundingMode.HALF_EVEN,
                "rzi",
                RoundingMode.DOWN,
                "rmi",
                RoundingMode.FLOOR,
                "rpi",
                RoundingMode.CEILING);
        modes.forEach((mode, rounding) -> {
            for (var to : new Type[] {Type.S32, Type.U32, Type.S64, Type.U64}) {
                var word = to.word();
                Table.unary(
                        "cvt." + mode + "." + word + ".f32 %d, %a;",
                        word + " f32",
                        a -> integer(f32(a), rounding, to, to.bits == 64));
                Table.unary(
                        "cvt." + mode + "." + word + ".f64 %d, %a;",
                        word + " f64",
                        a -> integer(Double.longBitsToDouble(a), rounding, to, true));
            }
            Table.unary("cvt." + mode + ".f32.f32 %d, %a;", "f32 f32", a -> {
                float x = f32(a);
                if (!Float.isFinite(x) || x == 0) return bits(x);
                return bits(
                        Math.copySign(new BigDecimal(x).setScale(0, rounding).floatValue(), x));
            });
        });
        Table.unary(
                "cvt.rzi.s64.bf16 %d, %a;",
                "s64 bf16", a -> (long) f32(a << 16) | (Float.isNaN(f32(a << 16)) ? Long.MIN_VALUE : 0));
        assertThatThrownBy(() -> Snippet.evaluate("cvt.s32.f32 %d, %a;", "s32 f32", new long[1]))
                .hasMessageContaining("no rounding");
    }

    private static long integer(double x, RoundingMode rounding, Type to, boolean wide) {
        if (Double.isNaN(x)) return wide ? 1L << (to.bits - 1) : 0;
        var one = BigInteger.ONE;
        var lowest = to.signed() ? one.shiftLeft(to.bits - 1).negate() : BigInteger.ZERO;
        var highest = one.shiftLeft(to.signed() ? to.bits - 1 : to.bits).subtract(one);
        if (Double.isInfinite(x)) return (x < 0 ? lowest : highest).longValue();
        return new BigDecimal(x)
                .setScale(0, rounding)
                .toBigInteger()
                .max(lowest)
                .min(highest)
                .longValue();
    }

    @Test
    void integersBecomeFloats() {
        Table.unary("cvt.rn.f32.s32 %d, %a;", "f32 s32", a -> bits((float) (int) a));
        Table.unary("cvt.rn.f32.u32 %d, %a;", "f32 u32", a -> bits((float) a));
        Table.unary("cvt.rn.f32.s64 %d, %a;", "f32 s64", a -> bits((float) a));
        Table.unary("cvt.rn.f32.u64 %d, %a;", "f32 u64", a -> bits(unsigned(a).floatValue()));
        Table.unary("cvt.rn.f64.u64 %d, %a;", "f64 u64", a -> bits(unsigned(a).doubleValue()));
        Table.unary("cvt.rn.f64.s64 %d, %a;", "f64 s64", a -> bits((double) a));
        Table.unary("cvt.rn.f64.s32 %d, %a;", "f64 s32", a -> bits((double) (int) a));
        Table.unary("cvt.rz.f32.s64 %d, %a;", "f32 s64", a -> bits(directed(BigDecimal.valueOf(a), true, a < 0)));
        Table.unary("cvt.rm.f32.u64 %d, %a;", "f32 u64", a -> bits(directed(unsigned(a), true, false)));
        Table.unary("cvt.rp.f32.u32 %d, %a;", "f32 u32", a -> bits(directed(unsigned(a), false, false)));
        Table.unary(
                "cvt.rm.f64.s64 %d, %a;",
                "f64 s64", a -> {
                    double x = a;
                    return bits(new BigDecimal(x).compareTo(BigDecimal.valueOf(a)) > 0 ? Math.nextDown(x) : x);
                });
    }

    private static BigDecimal unsigned(long a) {
        return new BigDecimal(Long.toUnsignedString(a));
    }

    private static float directed(BigDecimal exact, boolean zero, boolean negative) {
        float x = exact.floatValue();
        boolean down = zero && !negative;
        int order = new BigDecimal(x).compareTo(exact);
        if (down) return order > 0 ? Math.nextDown(x) : x;
        return order < 0 ? Math.nextUp(x) : x;
    }

    @Test
    void floatsChangeTheirWidth() {
        Table.unary("cvt.f64.f32 %d, %a;", "f64 f32", a -> bits((double) f32(a)));
        Table.unary("cvt.rn.f32.f64 %d, %a;", "f32 f64", a -> bits((float) Double.longBitsToDouble(a)));
        Table.unary("cvt.sat.f32.f32 %d, %a;", "f32 f32", a -> f32(a) > 0 ? bits(Math.min(1, f32(a))) : 0);
        Table.unary("cvt.f32.bf16 %d, %a;", "f32 bf16", a -> bits(f32(a << 16)));
        Table.unary("cvt.f32.f16 %d, %a;", "f32 f16", a -> bits(f16(a)));
        long[] x = Snippet.bits(1f, 65504f, 65519f, 65520f, 0x1p-24f, 0x1p-25f, 0x1.8p-25f, -3.14159f, Float.NaN);
        assertThat(Snippet.evaluate("cvt.rn.f16.f32 %d, %a;", "f16 f32", x))
                .containsExactly(0x3c00, 0x7bff, 0x7bff, 0x7c00, 1, 0, 1, 0xc248, 0x7fff);
        assertThat(Snippet.evaluate("cvt.rz.f16.f32 %d, %a;", "f16 f32", x))
                .containsExactly(0x3c00, 0x7bff, 0x7bff, 0x7bff, 1, 0, 0, 0xc248, 0x7fff);
        // To nearest even by the carry of an addition, as every CPU code does it.
        Table.unary(
                "cvt.rn.bf16.f32 %d, %a;",
                "bf16 f32", a -> Float.isNaN(f32(a)) ? 0x7fff : (a + 0x7fff + (a >> 16 & 1)) >> 16);
        Table.unary("cvt.rz.bf16.f32 %d, %a;", "bf16 f32", a -> Float.isNaN(f32(a)) ? 0x7fff : a >> 16);
        Table.binary("cvt.rn.bf16x2.f32 %d, %a, %b;", "b32 f32 f32", (a, b) -> nearest(a) << 16 | nearest(b));
        assertThat(Snippet.evaluate("cvt.rn.f16x2.f32 %d, %a, %b;", "b32 f32 f32", Snippet.bits(1f), Snippet.bits(2f)))
                .containsExactly(0x3c004000L);
        assertThat(Snippet.evaluate(
                        "cvt.rn.relu.bf16x2.f32 %d, %a, %b;", "b32 f32 f32", Snippet.bits(-1f), Snippet.bits(2f)))
                .containsExactly(0x4000L);
        assertThat(Snippet.evaluate("cvt.rna.tf32.f32 %d, %a;", "b32 f32", new long[] {0x3f801000L, 0x3f800fffL}))
                .containsExactly(0x3f802000L, 0x3f800000L);
    }

    private static long nearest(long a) {
        return Float.isNaN(f32(a)) ? 0x7fff : (a + 0x7fff + (a >> 16 & 1)) >> 16;
    }

    private static float f16(long bits) {
        int exponent = (int) bits >> 10 & 31;
        float mantissa = bits & 1023;
        float magnitude = exponent == 31
                ? (mantissa == 0 ? Float.POSITIVE_INFINITY : Float.NaN)
                : exponent == 0 ? mantissa * 0x1p-24f : (1024 + mantissa) * (float) Math.pow(2, exponent - 25);
        return (bits & 0x8000) == 0 ? magnitude : -magnitude;
    }

    @Test
    void movesPackAndUnpack() {
        Table.binary("mov.b32 %d, {%a, %b};", "b32 b16 b16", (a, b) -> b << 16 | a);
        Table.binary("mov.b64 %d, {%a, %b};", "b64 b32 b32", (a, b) -> b << 32 | a);
        Table.unary("mov.b64 {%r1, %d}, %a;", "b32 b64", a -> a >>> 32);
        Table.unary("mov.b64 {%d, _}, %a;", "b32 b64", a -> a);
        Table.unary("mov.b32 {_, %d}, %a;", "b16 b32", a -> a >>> 16);
        Table.unary("mov.f32 %d, %a;", "f32 f32", a -> a);
        Table.unary(
                "{ .reg .b16 low; .reg .b16 high; mov.b32 {low, high}, %a; mov.b32 %d, {high, low}; }",
                "b32 b32", a -> (a << 16 & 0xffff0000L) | a >>> 16);
    }
}
