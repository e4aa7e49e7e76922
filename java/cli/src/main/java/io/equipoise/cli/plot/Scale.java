package io.equipoise.cli.plot;

import io.equipoise.cli.report.Axis;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleUnaryOperator;

/**
 * Where values are along one side of a panel.
 *
 * @param low the value at its beginning
 * @param high at its end
 * @param along what distances are proportional to: the value itself, or its logarithm
 */
public record Scale(double low, double high, DoubleUnaryOperator along, List<Tick> ticks) {
    /** A value that is written beside the axis. */
    public record Tick(double value, String label) {}

    private static final int INTERVALS = 4;
    private static final int MOST_TICKS = 6;

    public Scale {
        if (!(low < high) || !Double.isFinite(along.applyAsDouble(low)) || !Double.isFinite(high)) {
            throw new IllegalArgumentException(
                    "a scale goes from a number to a larger one, got " + low + " to " + high);
        }
        ticks = List.copyOf(ticks);
    }

    /** From 0 at the first value to 1 at the last. */
    double share(double value) {
        double first = along.applyAsDouble(low);
        return (along.applyAsDouble(value) - first) / (along.applyAsDouble(high) - first);
    }

    /** From a round number to another, with both values between. */
    public static Scale linear(double low, double high) {
        var axis = Axis.of(low, high, INTERVALS);
        return new Scale(axis.low(), axis.high(), DoubleUnaryOperator.identity(), ticks(axis));
    }

    /** Steps of training, from 0 to the last one. */
    public static Scale steps(int last) {
        var ticks = Axis.of(0, last, INTERVALS).ticks().stream()
                .filter(step -> step <= last && step == Math.rint(step))
                .map(step -> new Tick(step, Long.toString(Math.round(step))))
                .toList();
        return new Scale(0, last, DoubleUnaryOperator.identity(), ticks);
    }

    private static List<Tick> ticks(Axis axis) {
        return axis.ticks().stream()
                .map(value -> new Tick(value, axis.label(value)))
                .toList();
    }

    /** Shares between 0 and 1, with room above for markers at 1. */
    public static Scale shares() {
        return new Scale(0, 1.06, DoubleUnaryOperator.identity(), ticks(new Axis(0, 1, 0.5)));
    }

    /** Logarithmic, from 1, 2 or 5 times a power of ten to another, with both values between; both above 0. */
    public static Scale logarithmic(double low, double high) {
        // Values next to a round one count as it.
        double least = low * (1 + 1e-9);
        double most = high * (1 - 1e-9);
        int first = (int) Math.floor(Math.log10(least));
        int last = (int) Math.ceil(Math.log10(most));
        var round = new ArrayList<Tick>();
        for (int power = first; power <= last; power++) {
            for (int factor : new int[] {1, 2, 5}) round.add(tick(factor, power));
        }
        int from = 0;
        while (round.get(from + 1).value() <= least) from++;
        int to = from + 1;
        while (round.get(to).value() < most) to++;
        double bottom = round.get(from).value();
        double top = round.get(to).value();
        if (to - from < MOST_TICKS) return new Scale(bottom, top, Scale::log, round.subList(from, to + 1));
        var powers = new ArrayList<Tick>();
        int interval = (last - first) / MOST_TICKS + 1;
        for (int power = first; power <= last; power += interval) {
            var tick = tick(1, power);
            if (tick.value() >= bottom && tick.value() <= top) powers.add(tick);
        }
        return new Scale(bottom, top, Scale::log, powers);
    }

    /** What isn't above 0 is infinitely far down, so that an error bar may reach there. */
    private static double log(double value) {
        return value <= 0 ? Double.NEGATIVE_INFINITY : Math.log10(value);
    }

    private static Tick tick(int factor, int power) {
        double value = factor * Math.pow(10, power);
        if (power >= -3 && power <= 3) {
            return new Tick(value, String.format(Locale.ROOT, "%." + Math.max(0, -power) + "f", value));
        }
        return new Tick(value, (factor == 1 ? "10" : factor + "·10") + Axis.superscript(power));
    }

    /** Logarithmic, with room beside the first and the last of some values, which are its ticks. */
    public static Scale sizes(List<Integer> sizes) {
        var ticks = sizes.stream()
                .map(size -> new Tick(size, Integer.toString(size)))
                .toList();
        double room = Math.sqrt(2);
        return new Scale(sizes.get(0) / room, sizes.get(sizes.size() - 1) * room, Scale::log, ticks);
    }

    /** One place a name, at 0, 1, …; along y the first at the top. */
    public static Scale names(List<String> names) {
        var ticks = new ArrayList<Tick>();
        for (int i = 0; i < names.size(); i++) ticks.add(new Tick(-i, names.get(i)));
        return new Scale(0.5 - names.size(), 0.5, DoubleUnaryOperator.identity(), ticks);
    }
}
