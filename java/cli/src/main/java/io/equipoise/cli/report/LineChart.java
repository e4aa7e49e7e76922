package io.equipoise.cli.report;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A curve over steps as SVG: a faint line of the values, a bold one of their smoothing, a dashed one of what is desired.
 * Told apart by width, dashes and labels, not by colour.
 *
 * @param label what is measured, with its unit
 * @param steps x
 * @param values y; what isn't finite is left out
 * @param desired a level to reach
 * @param marks steps at which the proposal was updated
 */
record LineChart(String label, int[] steps, double[] values, Optional<Double> desired, List<Integer> marks) {
    private static final int WIDTH = 460;
    private static final int HEIGHT = 220;
    private static final int LEFT = 58;
    private static final int RIGHT = 14;
    private static final int TOP = 12;
    private static final int BOTTOM = 34;
    private static final int TICKS = 4;

    String svg() {
        double[] smooth = smoothed();
        double low = Double.POSITIVE_INFINITY;
        double high = Double.NEGATIVE_INFINITY;
        for (double value : values) {
            if (!Double.isFinite(value)) continue;
            low = Math.min(low, value);
            high = Math.max(high, value);
        }
        if (desired.isPresent()) {
            low = Math.min(low, desired.get());
            high = Math.max(high, desired.get());
        }
        if (!(low <= high)) return "";
        var axis = Axis.of(low, high, TICKS);
        int last = steps[steps.length - 1];
        var svg = new StringBuilder(String.format(
                Locale.ROOT,
                "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">%n",
                WIDTH,
                HEIGHT,
                Html.escape(description(smooth))));
        for (double tick : axis.ticks()) {
            double y = y(tick, axis);
            svg.append(line("grid", LEFT, y, WIDTH - RIGHT, y));
            svg.append(text(LEFT - 6, y + 4, "end", axis.label(tick)));
        }
        for (int mark : marks) {
            double x = x(mark, last);
            svg.append(String.format(
                    Locale.ROOT,
                    "<path class=\"mark\" d=\"M%.1f %d l4 7 h-8 z\"><title>proposal updated after step %d</title></path>%n",
                    x,
                    HEIGHT - BOTTOM,
                    mark));
        }
        for (double tick : Axis.of(0, last, 5).ticks()) {
            if (tick == Math.rint(tick) && tick <= last) {
                svg.append(text(x(tick, last), HEIGHT - BOTTOM + 22, "middle", String.valueOf((long) tick)));
            }
        }
        svg.append(path("raw", values, axis, last));
        svg.append(path("smooth", smooth, axis, last));
        if (desired.isPresent()) {
            double y = y(desired.get(), axis);
            svg.append(line("desired", LEFT, y, WIDTH - RIGHT, y));
            double above = y - 5 < TOP + 8 ? y + 14 : y - 5;
            svg.append(text(WIDTH - RIGHT, above, "end", "desired " + axis.label(desired.get())));
        }
        return svg.append("</svg>\n").toString();
    }

    private double[] smoothed() {
        var smoothing = new Smoothing();
        var smooth = new double[values.length];
        for (int i = 0; i < smooth.length; i++) smooth[i] = smoothing.add(values[i]);
        return smooth;
    }

    private String description(double[] smooth) {
        return label + " over " + steps.length + " steps, smoothed from " + OutcomeTable.number(smooth[0]) + " to "
                + OutcomeTable.number(smooth[smooth.length - 1])
                + desired.map(value -> ", desired " + OutcomeTable.number(value))
                        .orElse("");
    }

    private String path(String style, double[] y, Axis axis, int last) {
        var path = new StringBuilder();
        boolean pen = false;
        for (int i = 0; i < y.length; i++) {
            if (!Double.isFinite(y[i])) {
                pen = false;
                continue;
            }
            path.append(String.format(Locale.ROOT, "%s%.1f %.1f", pen ? "L" : "M", x(steps[i], last), y(y[i], axis)));
            // A point by itself is seen as a line of no length with round ends.
            if (!pen && (i + 1 == y.length || !Double.isFinite(y[i + 1]))) path.append("h0");
            pen = true;
        }
        return String.format("<path class=\"%s\" d=\"%s\"/>%n", style, path);
    }

    private static String line(String style, double x1, double y1, double x2, double y2) {
        return String.format(
                Locale.ROOT,
                "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>%n",
                style,
                x1,
                y1,
                x2,
                y2);
    }

    private static String text(double x, double y, String anchor, String text) {
        return String.format(
                Locale.ROOT,
                "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>%n",
                x,
                y,
                anchor,
                Html.escape(text));
    }

    private static double x(double step, int last) {
        return LEFT + (WIDTH - LEFT - RIGHT) * step / last;
    }

    private static double y(double value, Axis axis) {
        double share = (value - axis.low()) / (axis.high() - axis.low());
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share;
    }
}
