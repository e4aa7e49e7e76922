package io.equipoise.cuda.ptx;

import io.equipoise.cuda.ptx.Instruction.Action;

/** Extended-precision arithmetic: each lane has a carry flag. */
final class Carries {
    private Carries() {}

    static Action addc(Operation o) {
        return add(o, o.type(), true, o.take("cc"));
    }

    static Action subc(Operation o) {
        return sub(o, o.type(), true, o.take("cc"));
    }

    static Action madc(Operation o) {
        return mad(o, o.type(), true);
    }

    static Action add(Operation o, Type type, boolean carryIn, boolean carryOut) {
        o.expect(3);
        return add(o.target(0, type), o.source(1, type), o.source(2, type), type.mask(), carryIn, carryOut);
    }

    /** The borrow is kept as the carry. */
    static Action sub(Operation o, Type type, boolean borrowIn, boolean borrowOut) {
        o.expect(3);
        int d = o.target(0, type);
        int a = o.source(1, type);
        int b = o.source(2, type);
        return (warp, lanes) -> {
            warp.require(a, lanes);
            warp.require(b, lanes);
            if (borrowIn) warp.requireCarry(lanes);
            long[] r = warp.registers;
            int borrows = 0;
            for (int rest = lanes; rest != 0; rest &= rest - 1) {
                int lane = Integer.numberOfTrailingZeros(rest);
                long x = r[a + lane];
                long y = r[b + lane];
                long in = borrowIn ? warp.carry >>> lane & 1 : 0;
                boolean borrow = Long.compareUnsigned(x, y) < 0 || (x == y && in == 1);
                if (borrow) borrows |= 1 << lane;
                r[d + lane] = (x - y - in) & type.mask();
            }
            warp.define(d, lanes);
            if (borrowOut) warp.setCarry(lanes, borrows);
        };
    }

    static Action mad(Operation o, Type type, boolean carryIn) {
        o.expect(4);
        boolean carryOut = o.take("cc");
        var product = Integers.product(o, type);
        int scratch = o.decoder().registers().special("%product of " + type);
        var multiply = Actions.binary(scratch, o.source(1, type), o.source(2, type), product);
        var add = add(o.target(0, type), scratch, o.source(3, type), type.mask(), carryIn, carryOut);
        return (warp, lanes) -> {
            multiply.execute(warp, lanes);
            add.execute(warp, lanes);
        };
    }

    private static Action add(int d, int a, int b, long mask, boolean carryIn, boolean carryOut) {
        return (warp, lanes) -> {
            warp.require(a, lanes);
            warp.require(b, lanes);
            if (carryIn) warp.requireCarry(lanes);
            long[] r = warp.registers;
            int carries = 0;
            for (int rest = lanes; rest != 0; rest &= rest - 1) {
                int lane = Integer.numberOfTrailingZeros(rest);
                long x = r[a + lane];
                long in = carryIn ? warp.carry >>> lane & 1 : 0;
                long sum = (x + r[b + lane] + in) & mask;
                int order = Long.compareUnsigned(sum, x);
                if (order < 0 || (order == 0 && in == 1)) carries |= 1 << lane;
                r[d + lane] = sum;
            }
            warp.define(d, lanes);
            if (carryOut) warp.setCarry(lanes, carries);
        };
    }
}
