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
    private static final String SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
    /** The power of ten from which on numbers are written with one. */
    private static final int LONGEST = 5;
    /** The same for small ones. */
    private static final int LEAST = 4;

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

    /** With as many decimals as the interval has, and a power of ten where that is shorter. */
    public String label(double value) {
        double largest = Math.max(Math.abs(low), Math.abs(high));
        int power = (int) Math.floor(Math.log10(largest) + 1e-9);
        if (power < LONGEST && power >= -LEAST) return rounded(value, interval);
        String mantissa = rounded(value / Math.pow(10, power), interval / Math.pow(10, power));
        return mantissa.equals("0") ? mantissa : mantissa + "·10" + superscript(power);
    }

    private static String rounded(double value, double interval) {
        int decimals = Math.max(0, (int) -Math.floor(Math.log10(interval) + 1e-9));
        var rounded = BigDecimal.valueOf(value).setScale(decimals, RoundingMode.HALF_EVEN);
        return rounded.signum() == 0 ? "0" : rounded.toPlainString().replace('-', '−');
    }

    /** An exponent, written small and high. */
    public static String superscript(int power) {
        var digits = new StringBuilder(power < 0 ? "⁻" : "");
        for (char digit : Integer.toString(Math.abs(power)).toCharArray())
            digits.append(SUPERSCRIPTS.charAt(digit - '0'));
        return digits.toString();
    }
}
