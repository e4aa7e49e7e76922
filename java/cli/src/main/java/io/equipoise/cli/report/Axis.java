package io.equipoise.cli.report;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;

/**
 * An axis that begins and ends at round numbers.
 *
 * @param low its first tick
 * @param high its last
 * @param interval between two ticks: 1, 2 or 5 times a power of ten
 */
public record Axis(double low, double high, double interval) {
    /** The axis with about so many intervals that holds both values. */
    public static Axis of(double low, double high, int intervals) {
        double span = high - low;
        // All values alike still need room above and below.
        if (!(span > Math.abs(high) * 1e-9)) span = high == 0 ? 1 : Math.abs(high);
        double rough = span / intervals;
        double power = Math.pow(10, Math.floor(Math.log10(rough)));
        double interval = power * 10;
        for (double factor : new double[] {1, 2, 5}) {
            if (factor * power >= rough * 0.999) {
                interval = factor * power;
                break;
            }
        }
        double first = Math.floor(low / interval + 1e-9) * interval;
        double last = Math.ceil(high / interval - 1e-9) * interval;
        return new Axis(first, last > first ? last : first + interval, interval);
    }

    public List<Double> ticks() {
        var ticks = new ArrayList<Double>();
        long count = Math.round((high - low) / interval);
        for (long i = 0; i <= count; i++) ticks.add(low + i * interval);
        return ticks;
    }

    /** With as many decimals as the interval has. */
    public String label(double value) {
        int decimals = Math.max(0, (int) -Math.floor(Math.log10(interval) + 1e-9));
        var rounded = BigDecimal.valueOf(value).setScale(decimals, RoundingMode.HALF_EVEN);
        return rounded.signum() == 0 ? "0" : rounded.toPlainString().replace('-', '−');
    }
}
