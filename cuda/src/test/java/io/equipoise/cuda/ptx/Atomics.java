package io.equipoise.cuda.ptx;

import io.equipoise.cuda.ptx.Instruction.Action;
import io.equipoise.cuda.ptx.Instruction.Ternary;

/** {@code atom} and {@code red}. Lanes go one after the other. */
final class Atomics {
    private Atomics() {}

    static Action atom(Operation o) {
        return atomic(o, true);
    }

    static Action red(Operation o) {
        return atomic(o, false);
    }

    private static Action atomic(Operation o, boolean result) {
        var space = o.space();
        o.takeAny("relaxed", "acquire", "release", "acq_rel");
        o.takeAny("cta", "cluster", "gpu", "sys");
        o.take("noftz");
        var name = o.takeAny("and", "or", "xor", "cas", "exch", "add", "inc", "dec", "min", "max")
                .orElseThrow(() -> o.fail("unknown atomic operation"));
        var type = o.type();
        int first = result ? 1 : 0;
        boolean compared = name.equals("cas");
        o.expect(first + (compared ? 3 : 2));
        var at = Access.address(o, first);
        int b = o.source(first + 1, type);
        int c = compared ? o.source(first + 2, type) : b;
        int d = result ? o.target(0, type) : o.decoder().registers().special("_");
        var f = function(o, name, type);
        int size = type.bytes();
        return (warp, lanes) -> {
            warp.require(at.place(), lanes);
            warp.require(b, lanes);
            warp.require(c, lanes);
            long[] r = warp.registers;
            for (int rest = lanes; rest != 0; rest &= rest - 1) {
                int lane = Integer.numberOfTrailingZeros(rest);
                warp.access.locate(space, lane, at.of(r, lane), size);
                warp.access.requireDefined(lane, size);
                if (warp.access.raced()) {
                    int record =
                            warp.block.races.atomic(warp.access.bytes, warp.access.offset, size, warp.segment, lane);
                    warp.access.requireOrdered(lane, record);
                }
                long old = warp.access.bytes.get(warp.access.offset, size);
                warp.access.bytes.put(warp.access.offset, size, f.apply(old, r[b + lane], r[c + lane]));
                r[d + lane] = old;
            }
            warp.define(d, lanes);
        };
    }

    private static Ternary function(Operation o, String name, Type type) {
        long mask = type.mask();
        return switch (name) {
            case "and" -> (old, b, c) -> old & b;
            case "or" -> (old, b, c) -> old | b;
            case "xor" -> (old, b, c) -> old ^ b;
            case "cas" -> (old, b, c) -> old == b ? c : old;
            case "exch" -> (old, b, c) -> b;
            case "inc" -> (old, b, c) -> Long.compareUnsigned(old, b) >= 0 ? 0 : old + 1;
            case "dec" -> (old, b, c) -> old == 0 || Long.compareUnsigned(old, b) > 0 ? b : old - 1;
            case "min" -> {
                if (!type.integer()) throw o.fail("no atomic minimum of floats");
                yield (old, b, c) -> order(type, old, b) <= 0 ? old : b;
            }
            case "max" -> {
                if (!type.integer()) throw o.fail("no atomic maximum of floats");
                yield (old, b, c) -> order(type, old, b) >= 0 ? old : b;
            }
            default ->
                switch (type) {
                    case F32 -> (old, b, c) -> Floats.bits(Floats.f32(old) + Floats.f32(b));
                    case F64 -> (old, b, c) -> Doubles.bits(Doubles.f64(old) + Doubles.f64(b));
                    case F16, BF16, F16X2, BF16X2 -> {
                        var sum = Halves.binary(type, Rounding.NEAREST, Rounding.NEAREST::sum);
                        yield (old, b, c) -> sum.applyAsLong(old, b);
                    }
                    default -> (old, b, c) -> (old + b) & mask;
                };
        };
    }

    private static int order(Type type, long a, long b) {
        return type.signed() ? Long.compare(type.extend(a), type.extend(b)) : Long.compareUnsigned(a, b);
    }
}
