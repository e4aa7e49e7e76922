package io.equipoise.cuda.ptx;

import static io.equipoise.cuda.ptx.Encoding.bits;
import static io.equipoise.cuda.ptx.Encoding.f32;
import static io.equipoise.cuda.ptx.Encoding.f64;
import static io.equipoise.cuda.ptx.Encoding.flushed;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What the PTX manual allows an approximation to be off by. */
class ApproximationsTest {
    @Test
    void approximationsAreWithinTheirDocumentedErrors() {
        long[] values = Values.of(Type.F32);
        within("ex2.approx.f32 %d, %a;", values, x -> Math.pow(2, x), 0x1p-22);
        within("lg2.approx.f32 %d, %a;", values, x -> Math.log(x) / Math.log(2), 0x1p-22);
        within("rsqrt.approx.f32 %d, %a;", values, x -> 1 / Math.sqrt(x), 0x1p-22);
        within("rcp.approx.ftz.f32 %d, %a;", values, x -> 1 / x, 0x1p-23);
        within("sqrt.approx.f32 %d, %a;", values, Math::sqrt, 0x1p-23);
        within("tanh.approx.f32 %d, %a;", values, Math::tanh, 0x1p-11);
        within("sin.approx.f32 %d, %a;", values, Math::sin, 0x1p-20);
        within("cos.approx.f32 %d, %a;", values, Math::cos, 0x1p-20);
        assertThat(Snippet.evaluate("ex2.approx.ftz.f32 %d, %a;", "f32 f32", Snippet.bits(-127f, -126f, 128f, 0f)))
                .containsExactly(0, bits(Float.MIN_NORMAL), bits(Float.POSITIVE_INFINITY), bits(1f));
        assertThat(Snippet.evaluate("ex2.approx.f32 %d, %a;", "f32 f32", Snippet.bits(-127f)))
                .containsExactly(bits(0x1p-127f));
        assertThat(Snippet.evaluate("lg2.approx.f32 %d, %a;", "f32 f32", Snippet.bits(0f, 8f, -1f, 0x1p-140f)))
                .containsExactly(
                        bits(Float.NEGATIVE_INFINITY) & 0xffffffffL, bits(3f), 0x7fffffffL, bits(-140f) & 0xffffffffL);
        Table.binary("div.approx.f32 %d, %a, %b;", "f32 f32 f32", (a, b) -> bits(f32(a) / f32(b)));
        Table.binary("div.full.f32 %d, %a, %b;", "f32 f32 f32", (a, b) -> bits(f32(a) / f32(b)));
        // The upper half of an f64.
        long third = Snippet.evaluate("rcp.approx.ftz.f64 %d, %a;", "f64 f64", Snippet.bits(3.0))[0];
        assertThat(third & 0xffffffffL).isZero();
        assertThat(f64(third)).isBetween(1 / 3.0 - 0x1p-20, 1 / 3.0);
        assertThat(f64(Snippet.evaluate("rsqrt.approx.f64 %d, %a;", "f64 f64", Snippet.bits(4.0))[0]))
                .isEqualTo(0.5);
    }

    private interface Real {
        double of(double x);
    }

    private static void within(String text, long[] values, Real real, double relative) {
        long[] actual = Snippet.evaluate(text, "f32 f32", values);
        for (int i = 0; i < values.length; i++) {
            float x = text.contains("ftz") ? flushed(values[i]) : f32(values[i]);
            float expected = (float) real.of(x);
            if (text.contains("ftz")) expected = flushed(bits(expected));
            if (!Float.isFinite(expected) || (Math.abs(x) > 1e6 && text.matches("(sin|cos).*"))) {
                if (!Float.isFinite(expected))
                    assertThat(f32(actual[i])).as("%s of %s", text, x).isEqualTo(Float.valueOf(expected));
                continue;
            }
            assertThat((double) Math.abs(f32(actual[i]) - expected))
                    .as("%s of %s", text, x)
                    .isLessThanOrEqualTo(relative * Math.max(Math.abs(expected), Float.MIN_NORMAL));
        }
    }
}
