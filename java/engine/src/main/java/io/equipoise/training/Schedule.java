package io.equipoise.training;

/** How the learning rate falls after the warm-up. */
public enum Schedule {
    CONSTANT,
    /** To 0 at the last step. */
    LINEAR,
    /** Half a cosine, to 0 at the last step. */
    COSINE;

    /**
     * What the learning rate is multiplied by.
     *
     * @param step from 1
     * @param warmupSteps linear from 0 over these steps
     * @param steps of the whole run
     */
    public double factor(int step, int warmupSteps, int steps) {
        if (step <= warmupSteps) return (double) step / warmupSteps;
        if (this == CONSTANT) return 1;
        // The step after the last would have rate 0; the last still moves.
        double done = Math.min(1, (double) (step - 1 - warmupSteps) / Math.max(1, steps - warmupSteps));
        return this == LINEAR ? 1 - done : 0.5 * (1 + Math.cos(Math.PI * done));
    }
}
