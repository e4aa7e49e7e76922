package io.equipoise.cuda.ptx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import org.junit.jupiter.api.Test;

class IntegersTest {
    private static BigInteger unsigned(long value) {
        return new BigInteger(Long.toUnsignedString(value));
    }

    @Test
    void sumsAndDifferencesWrap() {
        Table.binary("add.s32 %d, %a, %b;", "s32 s32 s32", (a, b) -> (int) a + (int) b);
        Table.binary("add.u64 %d, %a, %b;", "u64 u64 u64", Long::sum);
        Table.binary("add.s16 %d, %a, %b;", "s16 s16 s16", (a, b) -> (short) a + (short) b);
        Table.binary("sub.u32 %d, %a, %b;", "u32 u32 u32", (a, b) -> (int) a - (int) b);
        Table.binary("sub.s64 %d, %a, %b;", "s64 s64 s64", (a, b) -> a - b);
        Table.binary(
                "add.sat.s32 %d, %a, %b;",
                "s32 s32 s32",
                (a, b) -> Math.min(Integer.MAX_VALUE, Math.max(Integer.MIN_VALUE, (long) (int) a + (int) b)));
        Table.binary(
                "sub.sat.s32 %d, %a, %b;",
                "s32 s32 s32",
                (a, b) -> Math.min(Integer.MAX_VALUE, Math.max(Integer.MIN_VALUE, (long) (int) a - (int) b)));
    }

    @Test
    void productsHaveTwoHalves() {
        Table.binary("mul.lo.s32 %d, %a, %b;", "s32 s32 s32", (a, b) -> (int) (a * b));
        Table.binary("mul.lo.u64 %d, %a, %b;", "u64 u64 u64", (a, b) -> a * b);
        Table.binary("mul.hi.s32 %d, %a, %b;", "s32 s32 s32", (a, b) -> ((long) (int) a * (int) b) >> 32);
        Table.binary(
                "mul.hi.u32 %d, %a, %b;",
                "u32 u32 u32",
                (a, b) -> unsigned(a).multiply(unsigned(b)).shiftRight(32).longValue());
        Table.binary(
                "mul.hi.u64 %d, %a, %b;",
                "u64 u64 u64",
                (a, b) -> unsigned(a).multiply(unsigned(b)).shiftRight(64).longValue());
        Table.binary(
                "mul.hi.s64 %d, %a, %b;",
                "s64 s64 s64", (a, b) -> BigInteger.valueOf(a)
                        .multiply(BigInteger.valueOf(b))
                        .shiftRight(64)
                        .longValue());
        Table.binary("mul.wide.u32 %d, %a, %b;", "u64 u32 u32", (a, b) -> a * b);
        Table.binary("mul.wide.s32 %d, %a, %b;", "s64 s32 s32", (a, b) -> (long) (int) a * (int) b);
        Table.binary("mul.wide.s16 %d, %a, %b;", "s32 s16 s16", (a, b) -> (short) a * (short) b);
        Table.binary("mul.wide.u16 %d, %a, %b;", "u32 u16 u16", (a, b) -> a * b);
        Table.binary("mul24.lo.u32 %d, %a, %b;", "u32 u32 u32", (a, b) -> (a & 0xffffff) * (b & 0xffffff));
        Table.binary(
                "mul24.lo.s32 %d, %a, %b;", "s32 s32 s32", (a, b) -> (long) ((int) a << 8 >> 8) * ((int) b << 8 >> 8));
    }

    @Test
    void productsAreAdded() {
        Table.ternary("mad.lo.s32 %d, %a, %b, %c;", "s32 s32 s32 s32", (a, b, c) -> (int) a * (int) b + (int) c);
        Table.ternary("mad.lo.u64 %d, %a, %b, %c;", "u64 u64 u64 u64", (a, b, c) -> a * b + c);
        Table.ternary("mad.hi.u32 %d, %a, %b, %c;", "u32 u32 u32 u32", (a, b, c) -> ((a * b) >>> 32) + c);
        Table.ternary("mad.wide.u32 %d, %a, %b, %c;", "u64 u32 u32 u64", (a, b, c) -> a * b + c);
        Table.ternary("mad.wide.s32 %d, %a, %b, %c;", "s64 s32 s32 s64", (a, b, c) -> (long) (int) a * (int) b + c);
        Table.ternary(
                "mad24.lo.u32 %d, %a, %b, %c;", "u32 u32 u32 u32", (a, b, c) -> (a & 0xffffff) * (b & 0xffffff) + c);
        Table.ternary("sad.u32 %d, %a, %b, %c;", "u32 u32 u32 u32", (a, b, c) -> Math.max(a, b) - Math.min(a, b) + c);
    }

    @Test
    void carriesGoFromOneInstructionToTheNext() {
        Table.ternary(
                "add.cc.u32 %d, %a, %b; addc.u32 %d, %c, 0;", "u32 u32 u32 u32", (a, b, c) -> c + ((a + b) >>> 32));
        Table.ternary(
                "add.cc.u64 %d, %a, %b; addc.cc.u64 %d, %c, 0; addc.u64 %d, 0, 0;",
                "u64 u64 u64 u64", (a, b, c) -> unsigned(a)
                        .add(unsigned(b))
                        .shiftRight(64)
                        .add(unsigned(c))
                        .shiftRight(64)
                        .longValue());
        Table.ternary(
                "sub.cc.u32 %d, %a, %b; subc.u32 %d, %c, 0;", "u32 u32 u32 u32", (a, b, c) -> c - (a < b ? 1 : 0));
        Table.ternary(
                "mad.lo.cc.u32 %d, %a, %b, %c; madc.hi.u32 %d, %a, %b, 0;",
                "u32 u32 u32 u32", (a, b, c) -> unsigned(a)
                        .multiply(unsigned(b))
                        .add(unsigned(c))
                        .shiftRight(32)
                        .longValue());
        assertThatThrownBy(() -> Snippet.evaluate("addc.u32 %d, %a, %a;", "u32 u32", new long[] {1}))
                .hasMessageContaining("carry that was never set");
    }

    @Test
    void quotientsRoundTowardsZero() {
        long[] a = {7, -7, 7, -7, Integer.MIN_VALUE, 1L << 62};
        long[] b = {2, 2, -2, -2, 3, 10};
        assertThat(Snippet.evaluate("div.s64 %d, %a, %b;", "s64 s64 s64", a, b))
                .containsExactly(3, -3, -3, 3, Integer.MIN_VALUE / 3, (1L << 62) / 10);
        assertThat(Snippet.evaluate("rem.s64 %d, %a, %b;", "s64 s64 s64", a, b))
                .containsExactly(1, -1, 1, -1, Integer.MIN_VALUE % 3, (1L << 62) % 10);
        Table.unary("rem.u32 %d, %a, 10;", "u32 u32", x -> x % 10);
        Table.unary("div.u32 %d, %a, 10;", "u32 u32", x -> x / 10);
        Table.unary("div.u64 %d, %a, 10;", "u64 u64", x -> Long.divideUnsigned(x, 10));
        Table.unary("div.s32 %d, %a, -3;", "s32 s32", x -> (int) x / -3);
        assertThatThrownBy(() -> Snippet.evaluate("div.s32 %d, %a, 0;", "s32 s32", new long[] {1}))
                .hasMessageContaining("by zero");
    }

    @Test
    void signsAndExtremes() {
        Table.unary("neg.s32 %d, %a;", "s32 s32", a -> -(int) a);
        Table.unary("abs.s32 %d, %a;", "s32 s32", a -> Math.abs((int) a));
        Table.unary("abs.s64 %d, %a;", "s64 s64", Math::abs);
        Table.binary("min.s32 %d, %a, %b;", "s32 s32 s32", (a, b) -> Math.min((int) a, (int) b));
        Table.binary("max.s32 %d, %a, %b;", "s32 s32 s32", (a, b) -> Math.max((int) a, (int) b));
        Table.binary("min.u32 %d, %a, %b;", "u32 u32 u32", Math::min);
        Table.binary(
                "max.u64 %d, %a, %b;",
                "u64 u64 u64", (a, b) -> unsigned(a).max(unsigned(b)).longValue());
        Table.binary(
                "min.u64 %d, %a, %b;",
                "u64 u64 u64", (a, b) -> unsigned(a).min(unsigned(b)).longValue());
    }
}
