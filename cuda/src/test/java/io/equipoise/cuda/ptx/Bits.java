package io.equipoise.cuda.ptx;

import io.equipoise.cuda.ptx.Instruction.Action;
import java.util.function.IntBinaryOperator;
import java.util.function.LongBinaryOperator;

/** Logic, shifts and fields of bits. */
final class Bits {
    private Bits() {}

    static Action and(Operation o) {
        return logic(o, (a, b) -> a & b, (a, b) -> a & b);
    }

    static Action or(Operation o) {
        return logic(o, (a, b) -> a | b, (a, b) -> a | b);
    }

    static Action xor(Operation o) {
        return logic(o, (a, b) -> a ^ b, (a, b) -> a ^ b);
    }

    private static Action logic(Operation o, LongBinaryOperator f, IntBinaryOperator predicates) {
        var type = o.type();
        if (type != Type.PRED) return o.binary(type, f);
        o.expect(3);
        int d = o.predicateTarget(o.operand(0));
        var a = o.predicate(o.operand(1));
        var b = o.predicate(o.operand(2));
        return (warp, lanes) ->
                warp.setPredicate(d, lanes, predicates.applyAsInt(a.lanes(warp, lanes), b.lanes(warp, lanes)));
    }

    static Action not(Operation o) {
        var type = o.type();
        if (type != Type.PRED) return o.unary(type, a -> ~a & type.mask());
        int d = o.predicateTarget(o.operand(0));
        var a = o.predicate(o.operand(1));
        return (warp, lanes) -> warp.setPredicate(d, lanes, ~a.lanes(warp, lanes));
    }

    static Action cnot(Operation o) {
        return o.unary(o.type(), a -> a == 0 ? 1 : 0);
    }

    /** A shift past the width gives 0. */
    static Action shl(Operation o) {
        var type = o.type();
        return shift(o, type, (a, b) -> b >= type.bits ? 0 : a << b & type.mask());
    }

    /** A shift past the width gives 0, or the sign. */
    static Action shr(Operation o) {
        var type = o.type();
        if (!type.signed()) return shift(o, type, (a, b) -> b >= type.bits ? 0 : a >>> b);
        return shift(o, type, (a, b) -> type.extend(a) >> Math.min(b, 63) & type.mask());
    }

    private static Action shift(Operation o, Type type, LongBinaryOperator f) {
        o.expect(3);
        return Actions.binary(o.target(0, type), o.source(1, type), o.source(2, Type.U32), f);
    }

    /** {@code shf}: 32 of the 64 bits of {@code b:a}, shifted. */
    static Action shf(Operation o) {
        boolean left = o.take("l");
        if (!left && !o.take("r")) throw o.fail("shf is .l or .r");
        boolean clamp = o.take("clamp");
        if (!clamp && !o.take("wrap")) throw o.fail("shf is .clamp or .wrap");
        return o.ternary(o.type(), (a, b, c) -> {
            long amount = clamp ? Math.min(c, 32) : c & 31;
            long both = b << 32 | a;
            return (left ? both << amount >>> 32 : both >>> amount) & 0xffffffffL;
        });
    }

    static Action lop3(Operation o) {
        o.expect(5);
        var type = o.type();
        if (!(o.operand(4) instanceof Operand.Int table)) throw o.fail("lop3 needs a constant table");
        long lut = table.value();
        return Actions.ternary(
                o.target(0, type), o.source(1, type), o.source(2, type), o.source(3, type), (a, b, c) -> {
                    long result = 0;
                    for (int i = 0; i < 8; i++) {
                        if ((lut >>> i & 1) == 0) continue;
                        result |= ((i & 4) == 0 ? ~a : a) & ((i & 2) == 0 ? ~b : b) & ((i & 1) == 0 ? ~c : c);
                    }
                    return result & 0xffffffffL;
                });
    }

    /** Picks four of the eight bytes of {@code b:a}; bit 3 of a selector repeats the byte's sign. */
    static Action prmt(Operation o) {
        return o.ternary(o.type(), (a, b, c) -> {
            long both = b << 32 | a;
            long result = 0;
            for (int i = 0; i < 4; i++) {
                long selector = (c >>> (4 * i)) & 15;
                long value = (both >>> (8 * (selector & 7))) & 255;
                if ((selector & 8) != 0) value = (value & 128) == 0 ? 0 : 255;
                result |= value << (8 * i);
            }
            return result;
        });
    }

    /** {@code bfe d, a, position, length}; what lies past the sign is the sign. */
    static Action bfe(Operation o) {
        o.expect(4);
        var type = o.type();
        return Actions.ternary(
                o.target(0, type), o.source(1, type), o.source(2, Type.U32), o.source(3, Type.U32), (a, b, c) -> {
                    int position = (int) b & 255;
                    int length = (int) c & 255;
                    long value = type.extend(a);
                    if (length == 0) return 0;
                    long shifted =
                            type.signed() ? value >> Math.min(position, 63) : position > 63 ? 0 : value >>> position;
                    // The sign is the field's last bit, or the value's where the field passes it.
                    int kept = Math.min(length, Math.max(type.bits - position, 1));
                    if (kept < 64) {
                        int unused = 64 - kept;
                        shifted = type.signed() ? shifted << unused >> unused : shifted << unused >>> unused;
                    }
                    return shifted & type.mask();
                });
    }

    /** {@code bfi d, a, b, position, length}: a's lower bits within b. */
    static Action bfi(Operation o) {
        o.expect(5);
        var type = o.type();
        int length = o.source(4, Type.U32);
        int d = o.target(0, type);
        int a = o.source(1, type);
        int b = o.source(2, type);
        int position = o.source(3, Type.U32);
        return (warp, lanes) -> {
            warp.require(length, lanes);
            warp.require(a, lanes);
            warp.require(b, lanes);
            warp.require(position, lanes);
            long[] r = warp.registers;
            for (int rest = lanes; rest != 0; rest &= rest - 1) {
                int lane = Integer.numberOfTrailingZeros(rest);
                int from = (int) r[position + lane] & 255;
                int count = (int) r[length + lane] & 255;
                long field = from > 63 ? 0 : (count > 63 ? -1L : (1L << count) - 1) << from & type.mask();
                long moved = from > 63 ? 0 : r[a + lane] << from;
                r[d + lane] = (r[b + lane] & ~field) | (moved & field);
            }
            warp.define(d, lanes);
        };
    }

    static Action popc(Operation o) {
        return count(o, (type, a) -> Long.bitCount(a));
    }

    static Action clz(Operation o) {
        return count(o, (type, a) -> Long.numberOfLeadingZeros(a) - (64 - type.bits));
    }

    /** The highest bit that is not the sign; −1 without one. */
    static Action bfind(Operation o) {
        boolean amount = o.take("shiftamt");
        return count(o, (type, a) -> {
            long value = type.extend(a);
            int highest = 63 - Long.numberOfLeadingZeros(type.signed() && value < 0 ? ~value : value);
            return amount && highest >= 0 ? type.bits - 1 - highest : highest;
        });
    }

    private interface Count {
        int count(Type type, long value);
    }

    private static Action count(Operation o, Count f) {
        o.expect(2);
        var type = o.type();
        return Actions.unary(o.target(0, Type.U32), o.source(1, type), a -> f.count(type, a) & 0xffffffffL);
    }

    static Action brev(Operation o) {
        var type = o.type();
        return o.unary(type, a -> Long.reverse(a) >>> (64 - type.bits));
    }
}
