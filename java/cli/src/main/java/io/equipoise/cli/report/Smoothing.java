package io.equipoise.cli.report;

/** A running mean that forgets: each value counts 0.9 times as much as the one after it. Passes over what isn't finite. */
public final class Smoothing {
    private static final double KEEP = 0.9;

    private double sum;
    private double weight;

    /** Takes in a value; NaN before the first finite one. */
    public double add(double value) {
        if (Double.isFinite(value)) {
            sum = KEEP * sum + (1 - KEEP) * value;
            weight = KEEP * weight + (1 - KEEP);
        }
        // Dividing by the weights' sum makes the first value the first mean.
        return weight == 0 ? Double.NaN : sum / weight;
    }
}
