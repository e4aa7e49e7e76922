package io.equipoise.cuda.ptx;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Arithmetic in f16 and bf16, and on two numbers at a time. */
class HalvesTest {
    @Test
    void halvesAreRoundedOnce() {
        for (var type : new Type[] {Type.F16, Type.BF16}) {
            var format = Format.of(type);
            var word = type.word();
            var types = word + " " + word + " " + word;
            // In f64 the sum of two halves is exact but for bf16's range, the product always.
            Table.binary(
                    "mul.rn." + word + " %d, %a, %b;",
                    types,
                    (a, b) -> nearest(format, format.decode(a) * format.decode(b)));
            Table.binary("max." + word + " %d, %a, %b;", types, (a, b) -> {
                double x = format.decode(a);
                double y = format.decode(b);
                return nearest(format, Double.isNaN(x) ? y : Double.isNaN(y) ? x : Math.max(x, y));
            });
            Table.unary("neg." + word + " %d, %a;", word + " " + word, a -> a ^ 0x8000);
            Table.unary("abs." + word + " %d, %a;", word + " " + word, a -> a & 0x7fff);
        }
        long[] sums =
                Snippet.evaluate("add.rn.bf16 %d, %a, %b;", "bf16 bf16 bf16", new long[] {0x3f80}, new long[] {0x3b80});
        assertThat(sums[0]).as("1 + 2^-8 is a tie").isEqualTo(0x3f80);
        assertThat(
                        Snippet.evaluate(
                                "fma.rn.bf16 %d, %a, %b, %c;",
                                "bf16 bf16 bf16 bf16", new long[] {0x3f80}, new long[] {0x3b80}, new long[] {0x3f81})[
                                0])
                .as("1 + 2^-7 + 2^-8 is a tie")
                .isEqualTo(0x3f82);
        assertThat(
                        Snippet.evaluate(
                                "fma.rn.f16x2 %d, %a, %b, %c;",
                                "b32 b32 b32 b32", new long[] {0x3c004000L}, new long[] {0x44003c00L}, new long[] {
                                    0x3c00c000L
                                })[0])
                .isEqualTo(0x45000000L);
        assertThat(
                        Snippet.evaluate(
                                "add.bf16x2 %d, %a, %b;",
                                "b32 b32 b32", new long[] {0x3f803f80L}, new long[] {0x3f80bf80L})[0])
                .isEqualTo(0x40000000L);
        assertThat(
                        Snippet.evaluate(
                                "fma.rn.f32x2 %d, %a, %b, %c;",
                                "b64 b64 b64 b64",
                                new long[] {0x3f80000040000000L},
                                new long[] {0x4000000040000000L},
                                new long[] {0x3f8000003f800000L})[0])
                .isEqualTo(0x4040000040a00000L);
    }

    /** By looking through every finite number of the format. */
    private static long nearest(Format format, double exact) {
        if (Double.isNaN(exact)) return format.nan;
        long sign = Double.doubleToRawLongBits(exact) < 0 ? 0x8000 : 0;
        double magnitude = Math.abs(exact);
        long best = 0;
        for (long bits = 0; bits < 0x7fff; bits++) {
            double value = format.decode(bits);
            if (Double.isInfinite(value)) {
                // Where the next number would be, were there no end.
                double last = format.decode(bits - 1);
                value = last + (last - format.decode(bits - 2));
            }
            double here = Math.abs(value - magnitude);
            double before = Math.abs(format.decode(best) - magnitude);
            if (Double.isInfinite(magnitude) || here < before || (here == before && bits % 2 == 0)) best = bits;
            if (Double.isInfinite(format.decode(bits))) break;
        }
        return sign | best;
    }
}
