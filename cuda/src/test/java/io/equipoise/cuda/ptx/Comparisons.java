package io.equipoise.cuda.ptx;

import io.equipoise.cuda.ptx.Instruction.Action;
import io.equipoise.cuda.ptx.Instruction.Test;
import java.util.Optional;
import java.util.function.DoubleUnaryOperator;
import java.util.function.LongToDoubleFunction;

/** {@code setp}, {@code set}, {@code selp}, {@code slct}, {@code testp}. */
final class Comparisons {
    private static final String[] NAMES = {
        "eq", "ne", "lt", "le", "gt", "ge", "lo", "ls", "hi", "hs", "equ", "neu", "ltu", "leu", "gtu", "geu", "num",
        "nan"
    };

    private Comparisons() {}

    /** {@code setp.lt.and.f32 p|q, a, b, c}: p = (a &lt; b) and c, q = not (a &lt; b) and c. */
    static Action setp(Operation o) {
        var name = comparison(o);
        var combine = o.takeAny("and", "or", "xor");
        boolean ftz = o.take("ftz");
        var type = o.type();
        o.expect(combine.isPresent() ? 4 : 3);
        var test = test(o, name, type, ftz);
        int p;
        int q;
        if (o.operand(0) instanceof Operand.Pair pair) {
            p = o.predicateTarget(pair.first());
            q = o.predicateTarget(pair.second());
        } else {
            p = o.predicateTarget(o.operand(0));
            q = -1;
        }
        int a = o.source(1, type);
        int b = o.source(2, type);
        if (combine.isEmpty()) {
            return (warp, lanes) -> {
                int holds = Actions.test(warp, lanes, a, b, test);
                warp.setPredicate(p, lanes, holds);
                warp.setPredicate(q, lanes, ~holds);
            };
        }
        var c = o.predicate(o.operand(3));
        var operator = combine.get();
        return (warp, lanes) -> {
            int holds = Actions.test(warp, lanes, a, b, test);
            int with = c.lanes(warp, lanes);
            warp.setPredicate(p, lanes, combine(operator, holds, with));
            warp.setPredicate(q, lanes, combine(operator, lanes & ~holds, with));
        };
    }

    private static int combine(String operator, int a, int b) {
        return switch (operator) {
            case "and" -> a & b;
            case "or" -> a | b;
            default -> a ^ b;
        };
    }

    /** {@code set.lt.u32.f32 d, a, b}: all ones, or 1 in f32, where it holds. */
    static Action set(Operation o) {
        var name = comparison(o);
        boolean ftz = o.take("ftz");
        var result = o.type();
        var type = o.type();
        o.expect(3);
        var test = test(o, name, type, ftz);
        long yes = result == Type.F32 ? Floats.bits(1) : result.mask();
        return Actions.binary(
                o.target(0, result), o.source(1, type), o.source(2, type), (a, b) -> test.test(a, b) ? yes : 0);
    }

    private static String comparison(Operation o) {
        return o.takeAny(NAMES).orElseThrow(() -> o.fail("unknown comparison"));
    }

    private static Test test(Operation o, String name, Type type, boolean ftz) {
        if (type == Type.PRED || type.kind == Type.Kind.PACKED) throw o.fail("no comparison of " + type);
        if (type.integer()) return integers(name, type).orElseThrow(() -> o.fail("no comparison of integers: " + name));
        if (ftz && type != Type.F32) throw o.fail("ftz is only supported for f32");
        LongToDoubleFunction value = value(type);
        if (ftz) return floats(o, name, bits -> value.applyAsDouble(Floats.flush(bits)));
        return floats(o, name, value);
    }

    private static LongToDoubleFunction value(Type type) {
        if (type == Type.F64) return Double::longBitsToDouble;
        var format = Format.of(type);
        return format::decode;
    }

    private static Optional<Test> integers(String name, Type type) {
        boolean signed = type.signed();
        return Optional.ofNullable(
                switch (name) {
                    case "eq" -> (a, b) -> a == b;
                    case "ne" -> (a, b) -> a != b;
                    case "lt" ->
                        signed ? (a, b) -> type.extend(a) < type.extend(b) : (a, b) -> Long.compareUnsigned(a, b) < 0;
                    case "le" ->
                        signed ? (a, b) -> type.extend(a) <= type.extend(b) : (a, b) -> Long.compareUnsigned(a, b) <= 0;
                    case "gt" ->
                        signed ? (a, b) -> type.extend(a) > type.extend(b) : (a, b) -> Long.compareUnsigned(a, b) > 0;
                    case "ge" ->
                        signed ? (a, b) -> type.extend(a) >= type.extend(b) : (a, b) -> Long.compareUnsigned(a, b) >= 0;
                    case "lo" -> (a, b) -> Long.compareUnsigned(a, b) < 0;
                    case "ls" -> (a, b) -> Long.compareUnsigned(a, b) <= 0;
                    case "hi" -> (a, b) -> Long.compareUnsigned(a, b) > 0;
                    case "hs" -> (a, b) -> Long.compareUnsigned(a, b) >= 0;
                    default -> null;
                });
    }

    /** With a {@code u} at the end also true when either is NaN. */
    private static Test floats(Operation o, String name, LongToDoubleFunction f) {
        return switch (name) {
            case "eq" -> (a, b) -> f.applyAsDouble(a) == f.applyAsDouble(b);
            case "ne" -> (a, b) -> f.applyAsDouble(a) < f.applyAsDouble(b) || f.applyAsDouble(a) > f.applyAsDouble(b);
            case "lt" -> (a, b) -> f.applyAsDouble(a) < f.applyAsDouble(b);
            case "le" -> (a, b) -> f.applyAsDouble(a) <= f.applyAsDouble(b);
            case "gt" -> (a, b) -> f.applyAsDouble(a) > f.applyAsDouble(b);
            case "ge" -> (a, b) -> f.applyAsDouble(a) >= f.applyAsDouble(b);
            case "equ" ->
                (a, b) -> !(f.applyAsDouble(a) < f.applyAsDouble(b) || f.applyAsDouble(a) > f.applyAsDouble(b));
            case "neu" -> (a, b) -> f.applyAsDouble(a) != f.applyAsDouble(b);
            case "ltu" -> (a, b) -> !(f.applyAsDouble(a) >= f.applyAsDouble(b));
            case "leu" -> (a, b) -> !(f.applyAsDouble(a) > f.applyAsDouble(b));
            case "gtu" -> (a, b) -> !(f.applyAsDouble(a) <= f.applyAsDouble(b));
            case "geu" -> (a, b) -> !(f.applyAsDouble(a) < f.applyAsDouble(b));
            case "num" -> (a, b) -> !Double.isNaN(f.applyAsDouble(a)) && !Double.isNaN(f.applyAsDouble(b));
            case "nan" -> (a, b) -> Double.isNaN(f.applyAsDouble(a)) || Double.isNaN(f.applyAsDouble(b));
            default -> throw o.fail("no comparison of floats: " + name);
        };
    }

    static Action selp(Operation o) {
        o.expect(4);
        var type = o.type();
        int d = o.target(0, type);
        int a = o.source(1, type);
        int b = o.source(2, type);
        var c = o.predicate(o.operand(3));
        return (warp, lanes) -> {
            int first = c.lanes(warp, lanes);
            // What is not chosen need not be defined.
            warp.require(a, first);
            warp.require(b, lanes & ~first);
            long[] r = warp.registers;
            for (int rest = lanes; rest != 0; rest &= rest - 1) {
                int lane = Integer.numberOfTrailingZeros(rest);
                r[d + lane] = r[((first >>> lane & 1) == 1 ? a : b) + lane];
            }
            warp.define(d, lanes);
        };
    }

    /** {@code slct.type.s32 d, a, b, c}: a where c ≥ 0. */
    static Action slct(Operation o) {
        o.expect(4);
        boolean ftz = o.take("ftz");
        var type = o.type();
        var of = o.type();
        if (ftz || (of != Type.S32 && of != Type.F32)) throw o.fail("slct by s32 or f32");
        boolean whole = of == Type.S32;
        return Actions.ternary(
                o.target(0, type),
                o.source(1, type),
                o.source(2, type),
                o.source(3, of),
                (a, b, c) -> (whole ? (int) c >= 0 : Floats.f32(c) >= 0) ? a : b);
    }

    static Action testp(Operation o) {
        o.expect(2);
        var name = o.takeAny("finite", "infinite", "number", "notanumber", "normal", "subnormal")
                .orElseThrow(() -> o.fail("unknown test"));
        var type = o.type();
        var value = value(type);
        double normal = type == Type.F64 ? Double.MIN_NORMAL : Float.MIN_NORMAL;
        DoubleUnaryOperator magnitude = Math::abs;
        int p = o.predicateTarget(o.operand(0));
        int a = o.source(1, type);
        Test test = (bits, same) -> {
            double x = magnitude.applyAsDouble(value.applyAsDouble(bits));
            return switch (name) {
                case "finite" -> Double.isFinite(x);
                case "infinite" -> Double.isInfinite(x);
                case "number" -> !Double.isNaN(x);
                case "notanumber" -> Double.isNaN(x);
                case "normal" -> Double.isFinite(x) && x >= normal;
                default -> x > 0 && x < normal;
            };
        };
        return (warp, lanes) -> warp.setPredicate(p, lanes, Actions.test(warp, lanes, a, a, test));
    }
}
