package io.equipoise.cuda.ptx;

import static io.equipoise.cuda.ptx.Encoding.bits;
import static io.equipoise.cuda.ptx.Encoding.f32;
import static io.equipoise.cuda.ptx.Encoding.f64;
import static io.equipoise.cuda.ptx.Encoding.flushed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import org.junit.jupiter.api.Test;

/** Results are rounded once, in each of four directions. The oracle rounds exact decimals by looking at their neighbours. */
class FloatsTest {
    private interface Exact {
        BigDecimal of(BigDecimal a, BigDecimal b, BigDecimal c);
    }

    /** The float below or above an exact number, found by walking from the nearest one. */
    private static float rounded(BigDecimal exact, String rounding) {
        float nearest = exact.floatValue();
        if (rounding.equals("rn")) return nearest;
        boolean down = rounding.equals("rm") || (rounding.equals("rz") && exact.signum() > 0);
        float x = Float.isInfinite(nearest) ? Math.copySign(Float.MAX_VALUE, nearest) : nearest;
        if (down) {
            while (new BigDecimal(x).compareTo(exact) > 0) {
                if (x == -Float.MAX_VALUE) return Float.NEGATIVE_INFINITY;
                x = Math.nextDown(x);
            }
            return Float.isInfinite(nearest) && nearest < 0 ? Float.NEGATIVE_INFINITY : x;
        }
        while (new BigDecimal(x).compareTo(exact) < 0) {
            if (x == Float.MAX_VALUE) return Float.POSITIVE_INFINITY;
            x = Math.nextUp(x);
        }
        return x;
    }

    private static long oracle(String rounding, Exact exact, float plain, long... operands) {
        var decimals = new BigDecimal[3];
        for (int i = 0; i < operands.length; i++) {
            float x = f32(operands[i]);
            if (Float.isNaN(x) || Float.isInfinite(x)) return bits(plain);
            decimals[i] = new BigDecimal(x);
        }
        var value = exact.of(decimals[0], decimals[1], decimals[2]);
        // Zeros' signs are those of IEEE 754: what cancels is −0 only when rounding down.
        if (value.signum() == 0) return rounding.equals("rm") ? -1 : bits(plain);
        return bits(rounded(value, rounding));
    }

    private static void check(String text, String rounding, long[] a, long[] b, long[] c, Exact exact, Plain plain) {
        long[] actual = c.length == 0
                ? Snippet.evaluate(text, "f32 f32 f32", a, b)
                : Snippet.evaluate(text, "f32 f32 f32 f32", a, b, c);
        for (int i = 0; i < a.length; i++) {
            long expected = c.length == 0
                    ? oracle(rounding, exact, plain.of(f32(a[i]), f32(b[i]), 0), a[i], b[i])
                    : oracle(rounding, exact, plain.of(f32(a[i]), f32(b[i]), f32(c[i])), a[i], b[i], c[i]);
            if (expected == -1) continue;
            assertThat(f32(actual[i]))
                    .as("%s of %s, %s", text, f32(a[i]), f32(b[i]))
                    .isEqualTo(Float.valueOf(f32(expected)));
        }
    }

    private interface Plain {
        float of(float a, float b, float c);
    }

    @Test
    void everyRoundingOfSumsAndProducts() {
        long[] values = Values.of(Type.F32);
        long[] a = Snippet.pairs(values, false);
        long[] b = Snippet.pairs(values, true);
        for (var rounding : new String[] {"rn", "rz", "rm", "rp"}) {
            var end = "." + rounding + ".f32 %d, %a, %b;";
            check("add" + end, rounding, a, b, new long[0], (x, y, z) -> x.add(y), (x, y, z) -> x + y);
            check("sub" + end, rounding, a, b, new long[0], (x, y, z) -> x.subtract(y), (x, y, z) -> x - y);
            check("mul" + end, rounding, a, b, new long[0], (x, y, z) -> x.multiply(y), (x, y, z) -> x * y);
            for (int shift = 0; shift < values.length; shift += 3) {
                var c = new long[a.length];
                for (int i = 0; i < c.length; i++) c[i] = values[(i + shift) % values.length];
                check(
                        "fma." + rounding + ".f32 %d, %a, %b, %c;",
                        rounding,
                        a,
                        b,
                        c,
                        (x, y, z) -> x.multiply(y).add(z),
                        Math::fma);
            }
        }
    }

    @Test
    void everyRoundingOfQuotientsAndRoots() {
        long[] values = Values.of(Type.F32);
        long[] a = Snippet.pairs(values, false);
        long[] b = Snippet.pairs(values, true);
        var many = new MathContext(400, RoundingMode.DOWN);
        for (var rounding : new String[] {"rn", "rz", "rm", "rp"}) {
            long[] quotients = Snippet.evaluate("div." + rounding + ".f32 %d, %a, %b;", "f32 f32 f32", a, b);
            for (int i = 0; i < a.length; i++) {
                float x = f32(a[i]);
                float y = f32(b[i]);
                boolean plain = x == 0 || y == 0 || !Float.isFinite(x) || !Float.isFinite(y);
                float expected = plain ? x / y : rounded(new BigDecimal(x).divide(new BigDecimal(y), many), rounding);
                assertThat(f32(quotients[i]))
                        .as("div.%s of %s, %s", rounding, x, y)
                        .isEqualTo(Float.valueOf(expected));
            }
            long[] roots = Snippet.evaluate("sqrt." + rounding + ".f32 %d, %a;", "f32 f32", values);
            long[] reciprocals = Snippet.evaluate("rcp." + rounding + ".f32 %d, %a;", "f32 f32", values);
            for (int i = 0; i < values.length; i++) {
                float x = f32(values[i]);
                boolean plain = !(x > 0) || !Float.isFinite(x);
                float expected = plain ? (float) Math.sqrt(x) : rounded(new BigDecimal(x).sqrt(many), rounding);
                assertThat(f32(roots[i])).as("sqrt.%s of %s", rounding, x).isEqualTo(Float.valueOf(expected));
                expected = x == 0 || !Float.isFinite(x)
                        ? 1 / x
                        : rounded(BigDecimal.ONE.divide(new BigDecimal(x), many), rounding);
                assertThat(f32(reciprocals[i])).as("rcp.%s of %s", rounding, x).isEqualTo(Float.valueOf(expected));
            }
        }
    }

    @Test
    void sumsThatCancelAreNegativeZeroOnlyWhenRoundedDown() {
        long[] a = Snippet.bits(1f, 0f, -0f, 0f);
        long[] b = Snippet.bits(-1f, -0f, -0f, 0f);
        long negative = 0x80000000L;
        assertThat(Snippet.evaluate("add.rm.f32 %d, %a, %b;", "f32 f32 f32", a, b))
                .containsExactly(negative, negative, negative, 0);
        assertThat(Snippet.evaluate("add.rp.f32 %d, %a, %b;", "f32 f32 f32", a, b))
                .containsExactly(0, 0, negative, 0);
        assertThat(Snippet.evaluate(
                        "fma.rm.f32 %d, %a, %b, 0f3F800000;", "f32 f32 f32", a, Snippet.bits(-1f, 1f, 1f, 1f)))
                .containsExactly(negative, 0x3f800000L, 0x3f800000L, 0x3f800000L);
    }

    @Test
    void subnormalsAreFlushedAndResultsSaturated() {
        Table.binary("add.ftz.f32 %d, %a, %b;", "f32 f32 f32", (a, b) -> bits(flushed(bits(flushed(a) + flushed(b)))));
        Table.binary(
                "mul.rn.ftz.f32 %d, %a, %b;", "f32 f32 f32", (a, b) -> bits(flushed(bits(flushed(a) * flushed(b)))));
        Table.binary(
                "add.sat.f32 %d, %a, %b;",
                "f32 f32 f32", (a, b) -> {
                    float sum = f32(a) + f32(b);
                    return bits(sum > 0 ? Math.min(sum, 1) : 0f);
                });
        Table.ternary(
                "fma.rn.ftz.sat.f32 %d, %a, %b, %c;",
                "f32 f32 f32 f32", (a, b, c) -> {
                    float sum = flushed(bits(Math.fma(flushed(a), flushed(b), flushed(c))));
                    return bits(sum > 0 ? Math.min(sum, 1) : 0f);
                });
    }

    @Test
    void extremesLoseOrKeepNaN() {
        Table.binary(
                "max.f32 %d, %a, %b;",
                "f32 f32 f32", (a, b) -> {
                    float x = f32(a);
                    float y = f32(b);
                    return bits(Float.isNaN(x) ? y : Float.isNaN(y) ? x : Math.max(x, y));
                });
        Table.binary("max.NaN.f32 %d, %a, %b;", "f32 f32 f32", (a, b) -> bits(Math.max(f32(a), f32(b))));
        Table.binary("min.NaN.f32 %d, %a, %b;", "f32 f32 f32", (a, b) -> bits(Math.min(f32(a), f32(b))));
        Table.ternary(
                "max.f32 %d, %a, %b, %c;",
                "f32 f32 f32 f32", (a, b, c) -> {
                    float most = Float.NaN;
                    for (float x : new float[] {f32(a), f32(b), f32(c)}) {
                        if (Float.isNaN(most)) most = x;
                        else if (!Float.isNaN(x)) most = Math.max(most, x);
                    }
                    return bits(most);
                });
        Table.binary(
                "min.f64 %d, %a, %b;",
                "f64 f64 f64", (a, b) -> {
                    double x = Double.longBitsToDouble(a);
                    double y = Double.longBitsToDouble(b);
                    return bits(Double.isNaN(x) ? y : Double.isNaN(y) ? x : Math.min(x, y));
                });
    }

    @Test
    void signs() {
        Table.unary("neg.f32 %d, %a;", "f32 f32", a -> a ^ 0x80000000L);
        Table.unary("abs.f32 %d, %a;", "f32 f32", a -> a & 0x7fffffff);
        Table.unary("neg.f64 %d, %a;", "f64 f64", a -> a ^ Long.MIN_VALUE);
        Table.unary("abs.f64 %d, %a;", "f64 f64", a -> a & Long.MAX_VALUE);
        Table.unary("neg.ftz.f32 %d, %a;", "f32 f32", a -> Float.floatToRawIntBits(-flushed(a)));
        Table.binary("copysign.f32 %d, %a, %b;", "f32 f32 f32", (a, b) -> (a & 0x80000000L) | (b & 0x7fffffff));
    }

    @Test
    void doubles() {
        Table.binary("add.rn.f64 %d, %a, %b;", "f64 f64 f64", (a, b) -> bits(f64(a) + f64(b)));
        Table.binary("sub.f64 %d, %a, %b;", "f64 f64 f64", (a, b) -> bits(f64(a) - f64(b)));
        Table.binary("mul.f64 %d, %a, %b;", "f64 f64 f64", (a, b) -> bits(f64(a) * f64(b)));
        Table.binary("div.rn.f64 %d, %a, %b;", "f64 f64 f64", (a, b) -> bits(f64(a) / f64(b)));
        Table.ternary(
                "fma.rn.f64 %d, %a, %b, %c;", "f64 f64 f64 f64", (a, b, c) -> bits(Math.fma(f64(a), f64(b), f64(c))));
        Table.unary("sqrt.rn.f64 %d, %a;", "f64 f64", a -> bits(Math.sqrt(f64(a))));
        Table.unary("rcp.rn.f64 %d, %a;", "f64 f64", a -> bits(1 / f64(a)));
        // Directed roundings bracket the nearest one, and agree where it is exact.
        long[] a = Snippet.bits(1.0, 1, 1e-300, 3);
        long[] b = Snippet.bits(0x1p-60, -0x1p-60, 1e-300, 4);
        assertThat(Snippet.evaluate("add.rp.f64 %d, %a, %b;", "f64 f64 f64", a, b))
                .containsExactly(bits(Math.nextUp(1.0)), bits(1.0), bits(2e-300), bits(7.0));
        assertThat(Snippet.evaluate("add.rm.f64 %d, %a, %b;", "f64 f64 f64", a, b))
                .containsExactly(bits(1.0), bits(Math.nextDown(1.0)), bits(2e-300), bits(7.0));
        assertThat(Snippet.evaluate("mul.rp.f64 %d, %a, %b;", "f64 f64 f64", a, b)[2])
                .isEqualTo(bits(Double.MIN_VALUE));
        assertThat(Snippet.evaluate("fma.rz.f64 %d, %a, %a, %b;", "f64 f64 f64", a, b)[1])
                .isEqualTo(bits(Math.nextDown(1.0)));
    }

    @Test
    void modifiersOfOtherTypesAreRefused() {
        for (var text : new String[] {
            "add.ftz.f64 %d, %a, %a;", "div.rz.f64 %d, %a, %a;", "add.rx.f64 %d, %a, %a;", "ex2.approx.f64 %d, %a;"
        }) {
            assertThatThrownBy(() -> Snippet.evaluate(text, "f64 f64", Snippet.bits(1.0)))
                    .isInstanceOf(Fault.class)
                    .hasMessageContaining("PTX line")
                    .hasMessageContaining(text);
        }
    }
}
