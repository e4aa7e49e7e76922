package io.equipoise.cli.summary;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Locale;
import java.util.stream.DoubleStream;

/**
 * A mean over runs that differ by their seed.
 *
 * @param mean NaN without runs, or when it isn't finite in one of them
 * @param standardError of the mean, from the runs' sample variance; NaN for fewer than two runs
 * @param runs how many
 */
public record Estimate(double mean, double standardError, int runs) {
    /** The mean of some runs' values. */
    public static Estimate of(double... values) {
        int n = values.length;
        double mean = DoubleStream.of(values).sum() / n;
        if (n == 0 || !Double.isFinite(mean)) return new Estimate(Double.NaN, Double.NaN, n);
        if (n == 1) return new Estimate(mean, Double.NaN, n);
        double squares = DoubleStream.of(values)
                .map(value -> (value - mean) * (value - mean))
                .sum();
        return new Estimate(mean, Math.sqrt(squares / (n - 1) / n), n);
    }

    /** A number that is known. */
    public static Estimate exact(double value) {
        return new Estimate(value, 0, 0);
    }

    /** The difference from another, whose runs are others. */
    public Estimate minus(Estimate other) {
        return new Estimate(
                mean - other.mean, Math.hypot(standardError, other.standardError), Math.min(runs, other.runs));
    }

    /** How far it is from a value. */
    public Estimate distanceFrom(double value) {
        return new Estimate(Math.abs(mean - value), standardError, runs);
    }

    public boolean isKnown() {
        return Double.isFinite(mean);
    }

    /** {@code {"mean": …, "standardError": …, "runs": …}}; null for what isn't known. */
    public ObjectNode json() {
        var node = JsonNodeFactory.instance.objectNode();
        put(node, "mean", mean);
        put(node, "standardError", standardError);
        node.put("runs", runs);
        return node;
    }

    private static void put(ObjectNode node, String key, double value) {
        if (Double.isFinite(value)) node.put(key, value);
        else node.putNull(key);
    }

    /** Mean ± standard error, as far as they are known. */
    @Override
    public String toString() {
        if (!isKnown()) return "–";
        if (!Double.isFinite(standardError) || runs == 0) return number(mean);
        return number(mean) + " ± " + number(standardError);
    }

    /** Three decimals, fewer for what is large, powers of ten for what is larger. */
    static String number(double value) {
        double size = Math.abs(value);
        String format = size >= 1e5 ? "%.2e" : size >= 100 ? "%.0f" : size >= 10 ? "%.2f" : "%.3f";
        return String.format(Locale.ROOT, format, value).replace('-', '−');
    }
}
