package io.equipoise.model;

import java.util.Arrays;
import java.util.List;

/** The workers' gradients of one pass, added to the first of them piece by piece as soon as all workers are done with a piece. */
final class MergedGradient {
    private final List<FlatParameters> gradients;
    private final GradientProgress progress;
    /** By worker: its elements from there on are final. */
    private final long[] finalFrom;
    /** Elements from there on have been added up. */
    private long merged;

    /**
     * @param gradients one a worker that takes part; the first is where they are added up
     * @param progress told what is
     */
    MergedGradient(List<FlatParameters> gradients, GradientProgress progress) {
        this.gradients = List.copyOf(gradients);
        this.progress = progress;
        finalFrom = new long[gradients.size()];
        merged = gradients.get(0).size();
        Arrays.fill(finalFrom, merged);
    }

    /** Told by a worker. */
    synchronized void finalFrom(int worker, long element) {
        finalFrom[worker] = element;
        long all = Arrays.stream(finalFrom).max().orElse(0);
        if (all >= merged) return;
        for (var other : gradients.subList(1, gradients.size()))
            gradients.get(0).addGradient(other, all, merged);
        merged = all;
        progress.finalFrom(all);
    }
}
