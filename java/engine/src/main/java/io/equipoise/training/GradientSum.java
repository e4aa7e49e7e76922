package io.equipoise.training;

import io.equipoise.distributed.Collective;
import io.equipoise.memory.Vector;
import io.equipoise.model.GradientProgress;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Sums one step's gradient over the ranks, a bucket at a time from the last element down: in the order in which a backward
 * pass has them ready, so that what is ready travels while the rest is computed. Where the buckets' bounds are is the same
 * on all ranks, and so is their order, whichever of a rank's threads begins one.
 */
final class GradientSum implements GradientProgress {
    /** f32 elements, 4 MiB: long enough that a bucket's latency doesn't matter, and that several are under way in small models. */
    private static final long BUCKET = 1L << 20;

    /** Whether sums travel while the backward pass is on; not wanted only to measure what that gains. */
    private static final boolean OVERLAP = !"false".equals(System.getProperty("equipoise.overlap"));

    private final Collective collective;
    private final Vector gradient;
    private final long bucket;
    private final Deque<Collective.Pending> pending = new ArrayDeque<>();
    /** Elements from here on have been begun. */
    private long begun;

    /** @param gradient (P), f32, this rank's; summed in place */
    GradientSum(Collective collective, Vector gradient) {
        this(collective, gradient, BUCKET);
    }

    /** @param bucket elements summed at once, the same on all ranks */
    GradientSum(Collective collective, Vector gradient, long bucket) {
        this.bucket = bucket;
        this.collective = collective;
        this.gradient = gradient;
        begun = collective.size() == 1 ? 0 : gradient.size();
    }

    @Override
    public boolean cares() {
        return OVERLAP && collective.size() > 1;
    }

    @Override
    public synchronized void finalFrom(long element) {
        if (!OVERLAP) return;
        beginFrom(element);
    }

    private void beginFrom(long element) {
        while (begun > 0 && begun - bucket >= element) begin(bucket);
        if (element == 0 && begun > 0) begin(begun);
    }

    private void begin(long size) {
        begun -= size;
        pending.add(collective.sum(gradient.slice(begun, size)));
    }

    /** Begins what hasn't been, and waits for all of it. */
    synchronized void finish() {
        beginFrom(0);
        while (!pending.isEmpty()) pending.remove().await();
    }
}
