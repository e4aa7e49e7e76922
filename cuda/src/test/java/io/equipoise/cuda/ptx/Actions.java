package io.equipoise.cuda.ptx;

import io.equipoise.cuda.ptx.Instruction.Action;
import java.util.function.LongBinaryOperator;
import java.util.function.LongUnaryOperator;

/** The loops over lanes. Arguments are places in the register file. */
final class Actions {
    private Actions() {}

    static Action unary(int d, int a, LongUnaryOperator f) {
        return (warp, lanes) -> {
            warp.require(a, lanes);
            long[] r = warp.registers;
            for (int rest = lanes; rest != 0; rest &= rest - 1) {
                int lane = Integer.numberOfTrailingZeros(rest);
                r[d + lane] = f.applyAsLong(r[a + lane]);
            }
            warp.define(d, lanes);
        };
    }

    static Action binary(int d, int a, int b, LongBinaryOperator f) {
        return (warp, lanes) -> {
            warp.require(a, lanes);
            warp.require(b, lanes);
            long[] r = warp.registers;
            if (lanes == -1) {
                for (int lane = 0; lane < 32; lane++) r[d + lane] = f.applyAsLong(r[a + lane], r[b + lane]);
            } else {
                for (int rest = lanes; rest != 0; rest &= rest - 1) {
                    int lane = Integer.numberOfTrailingZeros(rest);
                    r[d + lane] = f.applyAsLong(r[a + lane], r[b + lane]);
                }
            }
            warp.define(d, lanes);
        };
    }

    static Action ternary(int d, int a, int b, int c, Instruction.Ternary f) {
        return (warp, lanes) -> {
            warp.require(a, lanes);
            warp.require(b, lanes);
            warp.require(c, lanes);
            long[] r = warp.registers;
            for (int rest = lanes; rest != 0; rest &= rest - 1) {
                int lane = Integer.numberOfTrailingZeros(rest);
                r[d + lane] = f.apply(r[a + lane], r[b + lane], r[c + lane]);
            }
            warp.define(d, lanes);
        };
    }

    /** Copies; what was never written stays so, for only its use is wrong. */
    static Action copy(int d, int a, long mask) {
        return (warp, lanes) -> {
            long[] r = warp.registers;
            for (int rest = lanes; rest != 0; rest &= rest - 1) {
                int lane = Integer.numberOfTrailingZeros(rest);
                r[d + lane] = r[a + lane] & mask;
            }
            warp.copyDefined(d, a, lanes);
        };
    }

    /** The lanes for which a test holds. */
    static int test(Warp warp, int lanes, int a, int b, Instruction.Test test) {
        warp.require(a, lanes);
        warp.require(b, lanes);
        long[] r = warp.registers;
        int holds = 0;
        for (int rest = lanes; rest != 0; rest &= rest - 1) {
            int lane = Integer.numberOfTrailingZeros(rest);
            if (test.test(r[a + lane], r[b + lane])) holds |= 1 << lane;
        }
        return holds;
    }
}
