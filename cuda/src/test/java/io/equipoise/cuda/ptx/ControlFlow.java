package io.equipoise.cuda.ptx;

import io.equipoise.cuda.ptx.Instruction.Action;
import java.util.List;

/** Branches and exits. Targets are known only when a whole kernel is decoded. */
final class ControlFlow {
    private ControlFlow() {}

    static Action bra(Operation o) {
        // Says only that the lanes branch alike.
        o.take("uni");
        o.expect(1);
        var label = o.decoder().label(o, o.operand(0));
        return (warp, lanes) -> warp.branch(label.at(), lanes);
    }

    /** {@code brx.idx index, targets} */
    static Action brx(Operation o) {
        if (!o.take("idx")) throw o.fail("only brx.idx is known");
        o.take("uni");
        o.expect(2);
        int index = o.source(0, Type.U32);
        List<Decoder.Label> targets = o.decoder().targets(o, o.operand(1));
        return (warp, lanes) -> {
            if (!Convergence.aligned(warp, lanes)) return;
            warp.require(index, lanes);
            long first = warp.registers[index + Integer.numberOfTrailingZeros(lanes)];
            if (first >= targets.size()) {
                throw warp.fault(Integer.numberOfTrailingZeros(lanes), "branches to target " + first);
            }
            int others = 0;
            for (int rest = lanes; rest != 0; rest &= rest - 1) {
                int lane = Integer.numberOfTrailingZeros(rest);
                if (warp.registers[index + lane] != first) others |= 1 << lane;
            }
            // Those with another index come here once more.
            if (others != 0) warp.split(others, warp.pc, false);
            warp.pc = targets.get((int) first).at();
        };
    }

    /** Leaves the kernel. */
    static Action exit(Operation o) {
        o.expect(0);
        return leave();
    }

    static Action leave() {
        return (warp, lanes) -> {
            if (Convergence.aligned(warp, lanes)) warp.exit(lanes);
        };
    }

    /** Returns from a function, which is a part of its caller here. */
    static Action ret(Operation o) {
        o.take("uni");
        o.expect(0);
        var end = o.decoder().end();
        if (end.isEmpty()) return leave();
        return (warp, lanes) -> warp.branch(end.get().at(), lanes);
    }

    static Action trap(Operation o) {
        o.expect(0);
        return (warp, lanes) -> {
            if (lanes != 0) throw warp.fault(Integer.numberOfTrailingZeros(lanes), "trap");
            warp.pc++;
        };
    }
}
