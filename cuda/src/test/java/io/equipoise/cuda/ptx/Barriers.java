package io.equipoise.cuda.ptx;

import io.equipoise.cuda.ptx.Instruction.Action;
import java.util.List;

/**
 * Barriers of a block and of a warp, and fences. Every thread of a block must come to the same barrier instruction; barriers
 * of some of its warps are refused. Fences order nothing by themselves here: what they would, needs a barrier.
 */
final class Barriers {
    private Barriers() {}

    /** A barrier that also counts the threads for which a predicate is true. */
    record Voting(Action arrive, String operation, int target, Predicate predicate) implements Action {
        @Override
        public void execute(Warp warp, int lanes) {
            arrive.execute(warp, lanes);
        }

        /** Gives every thread the result. */
        void decide(List<Warp> warps) {
            int yes = 0;
            int threads = 0;
            for (var warp : warps) {
                yes += Integer.bitCount(predicate.lanes(warp, warp.existing));
                threads += Integer.bitCount(warp.existing);
            }
            boolean holds = operation.equals("and") ? yes == threads : yes > 0;
            for (var warp : warps) {
                if (!operation.equals("popc")) {
                    warp.setPredicate(target, warp.existing, holds ? -1 : 0);
                } else {
                    for (int lane = 0; lane < 32; lane++) warp.registers[target + lane] = yes;
                    warp.define(target, warp.existing);
                }
            }
        }
    }

    /** {@code bar} and {@code barrier}. */
    static Action bar(Operation o) {
        o.take("cta");
        o.take("aligned");
        if (o.take("warp")) {
            if (!o.take("sync")) throw o.fail("unknown barrier");
            o.expect(1);
            return Convergence.together(o.source(0, Type.B32), Warp::meet);
        }
        if (o.take("red")) {
            var operation = o.takeAny("popc", "and", "or").orElseThrow(() -> o.fail("unknown reduction"));
            var type = o.type();
            o.expect(3);
            requireIdentifier(o, 1);
            int target = operation.equals("popc") ? o.target(0, type) : o.predicateTarget(o.operand(0));
            return new Voting(arrive(), operation, target, o.predicate(o.operand(2)));
        }
        if (!o.take("sync")) throw o.fail("unknown barrier");
        o.expect(1); // with a number of threads it would be a barrier of some warps only
        requireIdentifier(o, 0);
        return arrive();
    }

    private static void requireIdentifier(Operation o, int operand) {
        if (!(o.operand(operand) instanceof Operand.Int)) throw o.fail("a barrier's number must be constant");
    }

    private static Action arrive() {
        return new Action() {
            @Override
            public void execute(Warp warp, int lanes) {
                if (!Convergence.aligned(warp, lanes)) return;
                // The others of the warp may be on their way; a warp that stays divided is found out.
                warp.atBarrier = warp.active == warp.alive;
                warp.await();
            }
        };
    }

    static Action fence(Operation o) {
        o.take("proxy");
        o.takeAny("sc", "acq_rel", "acquire", "release");
        if (o.takeAny("cta", "cluster", "gpu", "sys", "gl").isEmpty()) throw o.fail("no scope");
        o.expect(0);
        return (warp, lanes) -> {};
    }
}
