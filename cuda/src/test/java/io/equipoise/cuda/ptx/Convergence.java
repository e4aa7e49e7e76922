package io.equipoise.cuda.ptx;

import io.equipoise.cuda.ptx.Instruction.Action;

/** What lanes do together: those that a mask names wait for one another, at one instruction. */
final class Convergence {
    private Convergence() {}

    /**
     * @param mask place of the mask, which may differ between lanes that don't meet
     * @param then what each set of lanes does
     */
    static Action together(int mask, Action then) {
        return (warp, lanes) -> {
            if (!aligned(warp, lanes)) return;
            warp.require(mask, lanes);
            int ready = 0;
            for (int rest = lanes; rest != 0; ) {
                int same = sameMask(warp, mask, rest);
                int members = (int) warp.registers[mask + Integer.numberOfTrailingZeros(rest)];
                check(warp, same, members);
                if ((members & ~same) == 0) ready |= same;
                rest &= ~same;
            }
            if (ready == 0) {
                warp.await();
                return;
            }
            if (ready != lanes) warp.split(lanes & ~ready, warp.pc, true);
            for (int rest = ready; rest != 0; ) {
                int same = sameMask(warp, mask, rest);
                then.execute(warp, same);
                rest &= ~same;
            }
            warp.pc++;
        };
    }

    /** Lets lanes whose guard is false go on. Returns whether any are left. */
    static boolean aligned(Warp warp, int lanes) {
        if (lanes == 0) {
            warp.pc++;
            return false;
        }
        if (lanes != warp.active) warp.split(warp.active & ~lanes, warp.pc + 1, false);
        return true;
    }

    /** The lanes whose mask is that of the first of them. */
    private static int sameMask(Warp warp, int mask, int lanes) {
        long[] r = warp.registers;
        long first = r[mask + Integer.numberOfTrailingZeros(lanes)];
        int same = 0;
        for (int rest = lanes; rest != 0; rest &= rest - 1) {
            int lane = Integer.numberOfTrailingZeros(rest);
            if (r[mask + lane] == first) same |= 1 << lane;
        }
        return same;
    }

    private static void check(Warp warp, int lanes, int members) {
        int strangers = lanes & ~members;
        if (strangers != 0) {
            throw warp.fault(
                    Integer.numberOfTrailingZeros(strangers),
                    "is not among the lanes of its own mask 0x" + Integer.toHexString(members));
        }
        int gone = members & ~warp.alive;
        if (gone != 0) {
            throw warp.fault(
                    Integer.numberOfTrailingZeros(lanes),
                    "its mask names lanes that are not there or have exited: 0x" + Integer.toHexString(gone));
        }
    }
}
