package io.equipoise.cuda.ptx;

import io.equipoise.cuda.ptx.Instruction.Action;
import java.util.function.LongBinaryOperator;

/** What lanes of a warp tell one another: {@code shfl}, {@code vote}, {@code match}, {@code redux}, {@code activemask}. */
final class Shuffles {
    private Shuffles() {}

    private static void sync(Operation o) {
        if (!o.take("sync")) throw o.fail("only .sync is known");
    }

    /** {@code shfl.sync.mode.b32 d|p, a, b, c, mask}; c holds the last lane, and the bits that bound a segment. */
    static Action shfl(Operation o) {
        sync(o);
        var mode = o.takeAny("up", "down", "bfly", "idx").orElseThrow(() -> o.fail("unknown mode"));
        var type = o.type();
        if (type != Type.B32) throw o.fail("shuffles are of b32");
        o.expect(5);
        int d;
        int p;
        if (o.operand(0) instanceof Operand.Pair pair) {
            d = o.target(pair.first(), type);
            p = o.predicateTarget(pair.second());
        } else {
            d = o.target(0, type);
            p = -1;
        }
        int a = o.source(1, type);
        int b = o.source(2, type);
        int c = o.source(3, type);
        return Convergence.together(o.source(4, type), (warp, lanes) -> {
            warp.require(a, lanes);
            warp.require(b, lanes);
            warp.require(c, lanes);
            long[] r = warp.registers;
            var values = new long[32];
            int inside = 0;
            for (int rest = lanes; rest != 0; rest &= rest - 1) {
                int lane = Integer.numberOfTrailingZeros(rest);
                int from = source(mode, lane, (int) r[b + lane], (int) r[c + lane]);
                if (from >= 0) inside |= 1 << lane;
                else from = lane;
                if ((lanes >>> from & 1) == 0) {
                    throw warp.fault(lane, "takes from lane " + from + ", which takes no part");
                }
                values[lane] = r[a + from];
            }
            for (int rest = lanes; rest != 0; rest &= rest - 1) {
                int lane = Integer.numberOfTrailingZeros(rest);
                r[d + lane] = values[lane];
            }
            warp.define(d, lanes);
            warp.setPredicate(p, lanes, inside);
        });
    }

    /** The lane that is taken from; −1 when it is outside of the segment. */
    static int source(String mode, int lane, int b, int c) {
        int clamp = c & 31;
        int segment = c >> 8 & 31;
        int by = b & 31;
        int last = (lane & segment) | (clamp & ~segment);
        int from =
                switch (mode) {
                    case "up" -> lane - by;
                    case "down" -> lane + by;
                    case "bfly" -> lane ^ by;
                    default -> (lane & segment) | (by & ~segment);
                };
        return (mode.equals("up") ? from >= last : from <= last) ? from : -1;
    }

    static Action vote(Operation o) {
        sync(o);
        var mode = o.takeAny("all", "any", "uni", "ballot").orElseThrow(() -> o.fail("unknown vote"));
        var type = o.type();
        o.expect(3);
        var a = o.predicate(o.operand(1));
        int mask = o.source(2, Type.B32);
        if (mode.equals("ballot")) {
            int d = o.target(0, type);
            return Convergence.together(mask, (warp, lanes) -> fill(warp, d, lanes, a.lanes(warp, lanes)));
        }
        int p = o.predicateTarget(o.operand(0));
        return Convergence.together(mask, (warp, lanes) -> {
            int votes = a.lanes(warp, lanes);
            boolean holds =
                    switch (mode) {
                        case "all" -> votes == lanes;
                        case "any" -> votes != 0;
                        default -> votes == lanes || votes == 0;
                    };
            warp.setPredicate(p, lanes, holds ? -1 : 0);
        });
    }

    private static void fill(Warp warp, int d, int lanes, int value) {
        for (int rest = lanes; rest != 0; rest &= rest - 1) {
            warp.registers[d + Integer.numberOfTrailingZeros(rest)] = value & 0xffffffffL;
        }
        warp.define(d, lanes);
    }

    /** The lanes that hold the same value, or all of them if all do. */
    static Action match(Operation o) {
        boolean any = o.take("any");
        if (!any && !o.take("all")) throw o.fail("match is .any or .all");
        sync(o);
        var type = o.type();
        o.expect(3);
        int d;
        int p;
        if (o.operand(0) instanceof Operand.Pair pair) {
            d = o.target(pair.first(), Type.B32);
            p = o.predicateTarget(pair.second());
        } else {
            d = o.target(0, Type.B32);
            p = -1;
        }
        int a = o.source(1, type);
        return Convergence.together(o.source(2, Type.B32), (warp, lanes) -> {
            warp.require(a, lanes);
            var results = new int[32];
            for (int rest = lanes; rest != 0; rest &= rest - 1) {
                int lane = Integer.numberOfTrailingZeros(rest);
                for (int others = lanes; others != 0; others &= others - 1) {
                    int other = Integer.numberOfTrailingZeros(others);
                    if (warp.registers[a + lane] == warp.registers[a + other]) results[lane] |= 1 << other;
                }
            }
            boolean all = results[Integer.numberOfTrailingZeros(lanes)] == lanes;
            for (int rest = lanes; rest != 0; rest &= rest - 1) {
                int lane = Integer.numberOfTrailingZeros(rest);
                warp.registers[d + lane] = (any ? results[lane] : all ? lanes : 0) & 0xffffffffL;
            }
            warp.define(d, lanes);
            warp.setPredicate(p, lanes, all ? -1 : 0);
        });
    }

    static Action redux(Operation o) {
        sync(o);
        var name = o.takeAny("add", "min", "max", "and", "or", "xor").orElseThrow(() -> o.fail("unknown reduction"));
        var type = o.type();
        if (type.bits != 32 || !type.integer()) throw o.fail("only integers of 32 bits are reduced");
        o.expect(3);
        int d = o.target(0, type);
        int a = o.source(1, type);
        LongBinaryOperator f =
                switch (name) {
                    case "add" -> Long::sum;
                    case "min" -> Math::min;
                    case "max" -> Math::max;
                    case "and" -> (x, y) -> x & y;
                    case "or" -> (x, y) -> x | y;
                    default -> (x, y) -> x ^ y;
                };
        return Convergence.together(o.source(2, Type.B32), (warp, lanes) -> {
            warp.require(a, lanes);
            long result = type.extend(warp.registers[a + Integer.numberOfTrailingZeros(lanes)]);
            for (int rest = lanes & (lanes - 1); rest != 0; rest &= rest - 1) {
                int lane = Integer.numberOfTrailingZeros(rest);
                result = f.applyAsLong(result, type.extend(warp.registers[a + lane]));
            }
            fill(warp, d, lanes, (int) result);
        });
    }

    static Action activemask(Operation o) {
        var type = o.type();
        o.expect(1);
        int d = o.target(0, type);
        return (warp, lanes) -> fill(warp, d, lanes, lanes);
    }
}
