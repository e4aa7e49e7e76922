package io.equipoise.cli.summary;

import java.util.Arrays;

/**
 * Smooths a series by a straight line around each step, nearer steps weighing more (Cleveland 1979, without the rounds for
 * outliers). Unlike a running mean it neither lags behind a trend nor bends it at the ends.
 */
final class LocalLinear {
    /** The share of all steps that a line reaches to each side. */
    private static final double REACH = 0.3;

    private static final int LEAST_REACH = 3;

    private LocalLinear() {}

    /**
     * The smoothed series; NaN before the first value that is finite and after the last.
     *
     * @param values one a step; what isn't finite counts for nothing
     */
    static double[] smooth(double[] values) {
        var weights = new double[values.length];
        Arrays.fill(weights, 1);
        return smooth(values, weights);
    }

    /**
     * The same for values of which some count more than others.
     *
     * @param weights 1: as much as any
     */
    static double[] smooth(double[] values, double[] weights) {
        var smooth = new double[values.length];
        double reach = Math.max(LEAST_REACH, REACH * values.length);
        int first = 0;
        while (first < values.length && !Double.isFinite(values[first])) first++;
        int last = values.length - 1;
        while (last >= 0 && !Double.isFinite(values[last])) last--;
        for (int i = 0; i < values.length; i++) {
            smooth[i] = i < first || i > last ? Double.NaN : at(i, values, weights, reach);
        }
        return smooth;
    }

    private static double at(int step, double[] values, double[] weights, double reach) {
        double total = 0;
        double sum = 0;
        double offsets = 0;
        double squares = 0;
        double products = 0;
        int from = Math.max(0, (int) Math.ceil(step - reach));
        int to = Math.min(values.length - 1, (int) Math.floor(step + reach));
        for (int i = from; i <= to; i++) {
            if (!Double.isFinite(values[i])) continue;
            double offset = i - step;
            double weight = weights[i] * tricube(offset / reach);
            total += weight;
            sum += weight * values[i];
            offsets += weight * offset;
            squares += weight * offset * offset;
            products += weight * offset * values[i];
        }
        if (total == 0) return Double.NaN;
        double spread = squares - offsets * offsets / total;
        // One value alone has no slope.
        if (spread <= 1e-9 * squares) return sum / total;
        double slope = (products - offsets * sum / total) / spread;
        return (sum - slope * offsets) / total;
    }

    private static double tricube(double u) {
        double distance = Math.min(1, Math.abs(u));
        double rest = 1 - distance * distance * distance;
        return rest * rest * rest;
    }
}
