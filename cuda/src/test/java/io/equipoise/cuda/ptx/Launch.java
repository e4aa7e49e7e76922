package io.equipoise.cuda.ptx;

import io.equipoise.cuda.Device.Grid;

/** A kernel's run over a grid. */
record Launch(Program program, Grid grid, GlobalMemory memory, Races races, Bytes parameters) {
    private static final int MOST_THREADS = 1024;

    /** What static shared memory may be, on every device. */
    private static final int MOST_SHARED = 48 << 10;

    /** With the bytes between variables. */
    int sharedBytes() {
        return program.shared().end() - Block.SHARED_BASE;
    }

    /** Refuses what a device refuses. */
    void check() {
        var function = program.function();
        if (grid.threads() < 1 || grid.threads() > Math.min(MOST_THREADS, function.maxThreads())) {
            throw refused("a block of " + grid.threads() + " threads, of at most "
                    + Math.min(MOST_THREADS, function.maxThreads()));
        }
        if (function.exactThreads() && grid.threads() != function.maxThreads()) {
            throw refused("a block of " + grid.threads() + " threads, not " + function.maxThreads());
        }
        if (grid.blocksX() > Integer.MAX_VALUE || grid.blocksY() > 65535) {
            throw refused("a grid of " + grid.blocksX() + " by " + grid.blocksY() + " blocks");
        }
        long fixed = program.shared().offsets().keySet().stream()
                .mapToLong(Item.Variable::bytes)
                .sum();
        if (fixed > MOST_SHARED) throw refused(fixed + " bytes of shared memory, of at most " + MOST_SHARED);
    }

    /** Runs every block. Returns the instructions that threads have executed. */
    long run(Order order) {
        long executed = 0;
        int blocks = Math.toIntExact(grid.blocksX() * grid.blocksY());
        for (int block : order.blocks(blocks)) executed += new Block(this, block).run(order);
        return executed;
    }

    Fault refused(String what) {
        return new Fault("kernel " + program.name() + " can't be launched: " + what);
    }
}
