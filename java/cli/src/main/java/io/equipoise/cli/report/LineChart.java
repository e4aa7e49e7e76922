package io.equipoise.cli.report;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.DoubleStream;

/**
 * A curve over steps as SVG: a faint line of the values, a bold one of their smoothing, a dashed one of what is desired, circles
 * for what was measured on fresh samples. Told apart by width, dashes and shape, not by colour.
 *
 * @param label what is measured, with its unit
 * @param steps x
 * @param values y; what isn't finite is passed over
 * @param fresh measurements on fresh samples
 * @param desired a level to reach; empty for none
 * @param least what can't be less, so that the axis begins there or above; estimates below are noise and drawn at it
 * @param marks steps at which the proposal was updated
 */
record LineChart(
        String label,
        int[] steps,
        double[] values,
        List<Point> fresh,
        Optional<Double> desired,
        Optional<Double> least,
        List<Integer> marks) {
    /** A measurement after so many steps. */
    record Point(int step, double value) {}

    private static final int WIDTH = 400;
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
        for (double value : all()) {
            low = Math.min(low, value);
            high = Math.max(high, value);
        }
        if (desired.isPresent()) {
            low = Math.min(low, desired.get());
            high = Math.max(high, desired.get());
        }
        if (!(low <= high)) return "";
        if (least.isPresent()) {
            low = Math.max(low, least.get());
            high = Math.max(high, low);
        }
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
        }
        for (var point : fresh) {
            if (!Double.isFinite(point.value())) continue;
            svg.append(String.format(
                    Locale.ROOT,
                    "<circle class=\"fresh\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"><title>%s after %d steps, on fresh texts</title>"
                            + "</circle>%n",
                    x(point.step(), last),
                    y(point.value(), axis),
                    OutcomeTable.number(point.value()),
                    point.step()));
        }
        return svg.append("</svg>\n").toString();
    }

    private double[] all() {
        return DoubleStream.concat(DoubleStream.of(values), fresh.stream().mapToDouble(Point::value))
                .filter(Double::isFinite)
                .toArray();
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
                + desired.map(value -> ", desired " + OutcomeTable.exact(value)).orElse("");
    }

    private String path(String style, double[] y, Axis axis, int last) {
        var path = new StringBuilder();
        int points = 0;
        for (int i = 0; i < y.length; i++) {
            // A line across: what is measured at every tenth step only is a curve still.
            if (!Double.isFinite(y[i])) continue;
            path.append(String.format(
                    Locale.ROOT, "%s%.1f %.1f", points == 0 ? "M" : "L", x(steps[i], last), y(y[i], axis)));
            points++;
        }
        // A point by itself is seen as a line of no length with round ends.
        if (points == 1) path.append("h0");
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

    /** What is below the axis is at its end. */
    private static double y(double value, Axis axis) {
        double share = Math.max(0, (value - axis.low()) / (axis.high() - axis.low()));
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share;
    }
}
