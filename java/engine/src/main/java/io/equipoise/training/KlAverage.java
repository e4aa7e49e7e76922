package io.equipoise.training;

/**
 * A running mean of the steps' estimates of KL(p‖π), nats, by which checkpoints are compared: each counts {@value #KEEP} times as
 * much as the one after it; what isn't finite is passed over.
 */
record KlAverage(double sum, double weight) {
    static final KlAverage NONE = new KlAverage(0, 0);
    static final double KEEP = 0.9;

    KlAverage with(double kl) {
        if (!Double.isFinite(kl)) return this;
        return new KlAverage(KEEP * sum + (1 - KEEP) * kl, KEEP * weight + (1 - KEEP));
    }

    /** NaN before the first. */
    double value() {
        return sum / weight;
    }
}
