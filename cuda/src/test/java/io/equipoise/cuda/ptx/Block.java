package io.equipoise.cuda.ptx;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** A block: its warps, shared memory and barrier. */
final class Block {
    /** Shared addresses begin here, so that 0 is none. */
    static final int SHARED_BASE = 1024;

    /** A block that runs this long is taken to run for ever. */
    private static final long FOREVER = 1L << 33;

    final Program program;
    final int index;
    final int x;
    final int y;
    final Launch launch;
    final Bytes shared;
    final Bytes parameters;
    final GlobalMemory memory;
    final Races races;
    /** How often the block has met. */
    int interval;

    private final List<Warp> warps = new ArrayList<>();

    Block(Launch launch, int index) {
        this.launch = launch;
        this.index = index;
        program = launch.program();
        x = (int) (index % launch.grid().blocksX());
        y = (int) (index / launch.grid().blocksX());
        memory = launch.memory();
        races = launch.races();
        parameters = launch.parameters();
        shared = new Bytes(launch.sharedBytes(), true);
        excludeGaps();
        int threads = launch.grid().threads();
        for (int first = 0; first < threads; first += 32) {
            int lanes = Math.min(32, threads - first);
            warps.add(new Warp(this, first / 32, lanes == 32 ? -1 : (1 << lanes) - 1));
        }
    }

    private void excludeGaps() {
        int end = 0;
        for (var variable : program.shared().offsets().entrySet()) {
            int from = variable.getValue() - SHARED_BASE;
            shared.exclude(end, from - end);
            end = from + Math.toIntExact(variable.getKey().bytes());
        }
    }

    /** Runs it to its end. Returns the instructions that its threads have executed. */
    long run(Order order) {
        var random = order.random(index);
        while (true) {
            var runnable = warps.stream()
                    .filter(warp -> !warp.finished() && !warp.atBarrier)
                    .toList();
            if (runnable.isEmpty()) {
                if (warps.stream().allMatch(Warp::finished)) return executed();
                meet();
            } else {
                step(runnable, order, random);
            }
        }
    }

    private void step(List<Warp> runnable, Order order, Random random) {
        var warp = runnable.get(order.next(runnable.size(), random));
        warp.run(order.quantum(random), random, order.eager(random));
        if (executed() > FOREVER) throw warp.fault(0, "runs for ever: " + executed() + " instructions in its block");
    }

    private long executed() {
        return warps.stream().mapToLong(warp -> warp.executed).sum();
    }

    /** Every warp that is left waits at the barrier. */
    private void meet() {
        Warp first = warps.stream().filter(warp -> !warp.finished()).findFirst().orElseThrow();
        var barrier = first.waiting();
        for (var warp : warps) {
            if (warp.alive != warp.existing) {
                throw faultAt(
                        first,
                        "waits at a barrier that thread "
                                + (warp.index * 32 + Integer.numberOfTrailingZeros(warp.existing & ~warp.alive))
                                + " never reaches: it has left the kernel");
            }
            if (warp.waiting().action() != barrier.action()) {
                throw faultAt(
                        first,
                        "divergent barrier: thread " + warp.index * 32 + " waits at another, line "
                                + warp.waiting().line());
            }
        }
        interval++;
        if (barrier.action() instanceof Barriers.Voting voting) voting.decide(warps);
        warps.forEach(Warp::release);
    }

    private static Fault faultAt(Warp warp, String what) {
        return warp.fault(0, what);
    }

    /** A special register's value. */
    long special(String name, Warp warp, int lane) {
        return switch (name) {
            case "%tid.x" -> warp.index * 32L + lane;
            case "%tid.y", "%tid.z", "%ctaid.z" -> 0;
            case "%ntid.x" -> launch.grid().threads();
            case "%ntid.y", "%ntid.z", "%nctaid.z" -> 1;
            case "%ctaid.x" -> x;
            case "%ctaid.y" -> y;
            case "%nctaid.x" -> launch.grid().blocksX();
            case "%nctaid.y" -> launch.grid().blocksY();
            case "%laneid" -> lane;
            case "%warpid" -> warp.index;
            case "%nwarpid" -> (launch.grid().threads() + 31) / 32;
            case "%lanemask_eq" -> 1L << lane;
            case "%lanemask_lt" -> (1L << lane) - 1;
            case "%lanemask_le" -> (2L << lane) - 1;
            case "%lanemask_gt" -> 0xffffffffL & -(2L << lane);
            case "%lanemask_ge" -> 0xffffffffL & -(1L << lane);
            default -> 0;
        };
    }
}
