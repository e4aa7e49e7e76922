package io.equipoise.cuda.ptx;

import io.equipoise.cuda.ptx.Instruction.Action;
import io.equipoise.cuda.ptx.Instruction.Ternary;
import java.util.function.LongBinaryOperator;

/** Integer arithmetic on the bits of registers. */
final class Integers {
    private Integers() {}

    static Action add(Operation o, Type type) {
        if (o.take("cc")) return Carries.add(o, type, false, true);
        if (o.take("sat")) return saturated(o, type, Math::addExact);
        long mask = type.mask();
        return o.binary(type, (a, b) -> (a + b) & mask);
    }

    static Action sub(Operation o, Type type) {
        if (o.take("cc")) return Carries.sub(o, type, false, true);
        if (o.take("sat")) return saturated(o, type, Math::subtractExact);
        long mask = type.mask();
        return o.binary(type, (a, b) -> (a - b) & mask);
    }

    private static Action saturated(Operation o, Type type, LongBinaryOperator f) {
        if (type != Type.S32) throw o.fail("only s32 saturates");
        return o.binary(
                type,
                (a, b) -> Math.max(
                                Integer.MIN_VALUE,
                                Math.min(Integer.MAX_VALUE, f.applyAsLong((a << 32) >> 32, (b << 32) >> 32)))
                        & 0xffffffffL);
    }

    static Action mul(Operation o, Type type) {
        if (o.take("wide")) {
            var wide = wider(o, type);
            o.expect(3);
            return Actions.binary(
                    o.target(0, wide),
                    o.source(1, type),
                    o.source(2, type),
                    (a, b) -> (type.extend(a) * type.extend(b)) & wide.mask());
        }
        return o.binary(type, product(o, type));
    }

    static Action mad(Operation o, Type type) {
        if (o.take("wide")) {
            var wide = wider(o, type);
            o.expect(4);
            return Actions.ternary(
                    o.target(0, wide),
                    o.source(1, type),
                    o.source(2, type),
                    o.source(3, wide),
                    (a, b, c) -> (type.extend(a) * type.extend(b) + c) & wide.mask());
        }
        if (o.has("cc")) return Carries.mad(o, type, false);
        var product = product(o, type);
        long mask = type.mask();
        Ternary f = (a, b, c) -> (product.applyAsLong(a, b) + c) & mask;
        return o.ternary(type, f);
    }

    static Type wider(Operation o, Type type) {
        return Type.named(type.word().substring(0, 1) + 2 * type.bits)
                .orElseThrow(() -> o.fail("no type twice as wide as " + type));
    }

    /** The lower or upper half of a product. */
    static LongBinaryOperator product(Operation o, Type type) {
        long mask = type.mask();
        if (o.take("lo")) return (a, b) -> (a * b) & mask;
        if (!o.take("hi")) throw o.fail("mul is .lo, .hi or .wide");
        if (type.bits < 64) return (a, b) -> ((type.extend(a) * type.extend(b)) >>> type.bits) & mask;
        if (type.signed()) return Math::multiplyHigh;
        return (a, b) -> Math.multiplyHigh(a, b) + (a >> 63 & b) + (b >> 63 & a);
    }

    /** {@code mul24} and {@code mad24}: the lower halves of products of 24 bits. */
    static Action mul24(Operation o) {
        var type = o.type();
        if (!o.take("lo")) throw o.fail("only .lo is supported");
        return o.binary(type, (a, b) -> low24(type, a) * low24(type, b) & type.mask());
    }

    static Action mad24(Operation o) {
        var type = o.type();
        if (!o.take("lo")) throw o.fail("only .lo is supported");
        return o.ternary(type, (a, b, c) -> (low24(type, a) * low24(type, b) + c) & type.mask());
    }

    private static long low24(Type type, long value) {
        return type.signed() ? value << 40 >> 40 : value & 0xffffff;
    }

    static Action div(Operation o, Type type) {
        if (type.signed()) return o.binary(type, (a, b) -> type.extend(a) / type.extend(b) & type.mask());
        return o.binary(type, Long::divideUnsigned);
    }

    static Action rem(Operation o) {
        var type = o.type();
        if (type.signed()) return o.binary(type, (a, b) -> type.extend(a) % type.extend(b) & type.mask());
        return o.binary(type, Long::remainderUnsigned);
    }

    static Action neg(Operation o, Type type) {
        return o.unary(type, a -> -a & type.mask());
    }

    static Action abs(Operation o, Type type) {
        return o.unary(type, a -> Math.abs(type.extend(a)) & type.mask());
    }

    static Action min(Operation o, Type type) {
        if (type.signed()) return o.binary(type, (a, b) -> type.extend(a) <= type.extend(b) ? a : b);
        return o.binary(type, (a, b) -> Long.compareUnsigned(a, b) <= 0 ? a : b);
    }

    static Action max(Operation o, Type type) {
        if (type.signed()) return o.binary(type, (a, b) -> type.extend(a) >= type.extend(b) ? a : b);
        return o.binary(type, (a, b) -> Long.compareUnsigned(a, b) >= 0 ? a : b);
    }

    /** Sum of an absolute difference. */
    static Action sad(Operation o) {
        var type = o.type();
        return o.ternary(type, (a, b, c) -> {
            boolean less = type.signed() ? type.extend(a) < type.extend(b) : Long.compareUnsigned(a, b) < 0;
            return (c + (less ? b - a : a - b)) & type.mask();
        });
    }
}
