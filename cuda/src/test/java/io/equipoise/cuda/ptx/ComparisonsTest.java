package io.equipoise.cuda.ptx;

import java.util.Map;
import org.junit.jupiter.api.Test;

class ComparisonsTest {
    private interface Holds {
        boolean of(double a, double b);
    }

    private static boolean unordered(double a, double b) {
        return Double.isNaN(a) || Double.isNaN(b);
    }

    private static final Map<String, Holds> ORDERED = Map.of(
            "eq", (a, b) -> a == b,
            "ne", (a, b) -> a != b && !unordered(a, b),
            "lt", (a, b) -> a < b,
            "le", (a, b) -> a <= b,
            "gt", (a, b) -> a > b,
            "ge", (a, b) -> a >= b);

    @Test
    void floatsAreComparedOrderedAndUnordered() {
        ORDERED.forEach((name, holds) -> {
            check("setp." + name + ".f32", "f32", holds);
            check("setp." + name + ".f64", "f64", holds);
            check("setp." + name + ".bf16", "bf16", holds);
            check("setp." + name + "u.f32", "f32", (a, b) -> unordered(a, b) || holds.of(a, b));
            check("setp." + name + "u.f64", "f64", (a, b) -> unordered(a, b) || holds.of(a, b));
        });
        check("setp.num.f32", "f32", (a, b) -> !unordered(a, b));
        check("setp.nan.f32", "f32", ComparisonsTest::unordered);
        check("setp.gt.ftz.f32", "f32", (a, b) -> flushed(a) > flushed(b));
    }

    private static double flushed(double x) {
        return Math.abs(x) < Float.MIN_NORMAL ? 0 : x;
    }

    private static double value(String type, long bits) {
        return switch (type) {
            case "f32" -> Float.intBitsToFloat((int) bits);
            case "f64" -> Double.longBitsToDouble(bits);
            default -> Float.intBitsToFloat((int) bits << 16);
        };
    }

    private static void check(String opcode, String type, Holds holds) {
        Table.binary(
                opcode + " %p1, %a, %b; selp.u32 %d, 1, 0, %p1;",
                "u32 " + type + " " + type,
                (a, b) -> holds.of(value(type, a), value(type, b)) ? 1 : 0);
    }

    @Test
    void integersAreComparedSignedAndUnsigned() {
        ints("lt.s32", "s32", (a, b) -> (int) a < (int) b);
        ints("le.s32", "s32", (a, b) -> (int) a <= (int) b);
        ints("gt.s64", "s64", (a, b) -> a > b);
        ints("ge.s64", "s64", (a, b) -> a >= b);
        ints("gt.s16", "s16", (a, b) -> (short) a > (short) b);
        ints("lt.u32", "u32", (a, b) -> a < b);
        ints("le.u64", "u64", (a, b) -> Long.compareUnsigned(a, b) <= 0);
        ints("gt.u64", "u64", (a, b) -> Long.compareUnsigned(a, b) > 0);
        ints("ge.u32", "u32", (a, b) -> a >= b);
        ints("lo.u32", "u32", (a, b) -> a < b);
        ints("ls.u32", "u32", (a, b) -> a <= b);
        ints("hi.u32", "u32", (a, b) -> a > b);
        ints("hs.u32", "u32", (a, b) -> a >= b);
        ints("eq.b64", "b64", (a, b) -> a == b);
        ints("ne.s32", "s32", (a, b) -> a != b);
    }

    private static void ints(String name, String type, Instruction.Test holds) {
        Table.binary(
                "setp." + name + " %p1, %a, %b; selp.b32 %d, 1, 0, %p1;",
                "b32 " + type + " " + type,
                (a, b) -> holds.test(a, b) ? 1 : 0);
    }

    @Test
    void predicatesAreCombined() {
        for (var operator : new String[] {"and", "or", "xor"}) {
            Table.ternary(
                    "setp.ne.u32 %p3, %c, 0; setp.lt." + operator + ".s32 %p1|%p2, %a, %b, %p3;"
                            + "selp.u32 %d, 1, 0, %p1; selp.u32 %r1, 2, 0, %p2; or.b32 %d, %d, %r1;",
                    "u32 s32 s32 u32",
                    (a, b, c) -> {
                        boolean less = (int) a < (int) b;
                        return (combine(operator, less, c != 0) ? 1 : 0) | (combine(operator, !less, c != 0) ? 2 : 0);
                    });
        }
        Table.binary(
                "setp.eq.s32 %p1|%p2, %a, %b; selp.u32 %d, 1, 2, %p1; @%p2 add.u32 %d, %d, 4;",
                "u32 s32 s32", (a, b) -> a == b ? 1 : 6);
    }

    private static boolean combine(String operator, boolean a, boolean b) {
        return switch (operator) {
            case "and" -> a && b;
            case "or" -> a || b;
            default -> a ^ b;
        };
    }

    @Test
    void resultsAreMasksOrNumbers() {
        Table.binary("set.lt.u32.s32 %d, %a, %b;", "u32 s32 s32", (a, b) -> (int) a < (int) b ? -1 : 0);
        Table.binary(
                "set.gt.f32.f32 %d, %a, %b;",
                "f32 f32 f32", (a, b) -> value("f32", a) > value("f32", b) ? Float.floatToRawIntBits(1) : 0);
        Table.ternary("slct.b64.s32 %d, %a, %b, %c;", "b64 b64 b64 s32", (a, b, c) -> (int) c >= 0 ? a : b);
        Table.unary(
                "testp.finite.f32 %p1, %a; selp.u32 %d, 1, 0, %p1; testp.notanumber.f32 %p1, %a; @%p1 add.u32 %d, %d, 2;"
                        + "testp.infinite.f32 %p1, %a; @%p1 add.u32 %d, %d, 4; testp.subnormal.f32 %p1, %a; @%p1 add.u32 %d, %d, 8;"
                        + "testp.normal.f32 %p1, %a; @%p1 add.u32 %d, %d, 16; testp.number.f32 %p1, %a; @%p1 add.u32 %d, %d, 32;",
                "u32 f32", a -> {
                    float x = Float.intBitsToFloat((int) a);
                    boolean subnormal = x != 0 && Math.abs(x) < Float.MIN_NORMAL;
                    return (Float.isFinite(x) ? 1L : 0)
                            + (Float.isNaN(x) ? 2 : 32)
                            + (Float.isInfinite(x) ? 4 : 0)
                            + (subnormal ? 8 : 0)
                            + (Float.isFinite(x) && x != 0 && !subnormal ? 16 : 0);
                });
    }
}
