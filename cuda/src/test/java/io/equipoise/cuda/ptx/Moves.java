package io.equipoise.cuda.ptx;

import io.equipoise.cuda.ptx.Instruction.Action;
import java.util.List;

/** {@code mov} with its packing and unpacking, {@code cvta}, {@code isspacep}. */
final class Moves {
    private Moves() {}

    static Action mov(Operation o) {
        o.expect(2);
        var type = o.type();
        if (type == Type.PRED) {
            int d = o.predicateTarget(o.operand(0));
            var a = o.predicate(o.operand(1));
            return (warp, lanes) -> warp.setPredicate(d, lanes, a.lanes(warp, lanes));
        }
        if (o.operand(0) instanceof Operand.Tuple tuple) return unpack(o, type, tuple.elements());
        if (o.operand(1) instanceof Operand.Tuple tuple) return pack(o, type, tuple.elements());
        return Actions.copy(o.target(0, type), o.source(1, type), type.mask());
    }

    private static Type part(Operation o, Type type, int count) {
        return Type.named("b" + type.bits / count).orElseThrow(() -> o.fail("can't be cut into " + count));
    }

    private static Action pack(Operation o, Type type, List<Operand> parts) {
        var part = part(o, type, parts.size());
        int d = o.target(0, type);
        int[] places =
                parts.stream().mapToInt(operand -> o.source(operand, part)).toArray();
        return (warp, lanes) -> {
            for (int place : places) warp.require(place, lanes);
            long[] r = warp.registers;
            for (int rest = lanes; rest != 0; rest &= rest - 1) {
                int lane = Integer.numberOfTrailingZeros(rest);
                long bits = 0;
                for (int i = places.length - 1; i >= 0; i--) bits = bits << part.bits | r[places[i] + lane];
                r[d + lane] = bits;
            }
            warp.define(d, lanes);
        };
    }

    private static Action unpack(Operation o, Type type, List<Operand> parts) {
        var part = part(o, type, parts.size());
        int a = o.source(1, type);
        int[] places =
                parts.stream().mapToInt(operand -> o.target(operand, part)).toArray();
        return (warp, lanes) -> {
            warp.require(a, lanes);
            long[] r = warp.registers;
            for (int rest = lanes; rest != 0; rest &= rest - 1) {
                int lane = Integer.numberOfTrailingZeros(rest);
                long bits = r[a + lane];
                for (int place : places) {
                    r[place + lane] = bits & part.mask();
                    bits >>>= part.bits;
                }
            }
            for (int place : places) warp.define(place, lanes);
        };
    }

    static Action cvta(Operation o) {
        o.expect(2);
        boolean to = o.take("to");
        var space = o.space();
        var type = o.type();
        if (space == Space.GENERIC || type.bits != 64) throw o.fail("cvta of a space, in 64 bits");
        long window = space.window;
        if (!to) return o.unary(type, a -> a + window);
        return o.unary(type, a -> {
            // An address of another space would be silently wrong on the device.
            if (window != 0 && Space.of(a) != space) throw new ArithmeticException("not an address of " + space);
            return a - window;
        });
    }

    static Action isspacep(Operation o) {
        o.expect(2);
        var space = o.space();
        int p = o.predicateTarget(o.operand(0));
        int a = o.source(1, Type.U64);
        return (warp, lanes) ->
                warp.setPredicate(p, lanes, Actions.test(warp, lanes, a, a, (x, y) -> Space.of(x) == space));
    }
}
