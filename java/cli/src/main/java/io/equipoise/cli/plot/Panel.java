package io.equipoise.cli.plot;

import java.util.List;
import java.util.stream.DoubleStream;

/**
 * Axes with what is drawn between them.
 *
 * @param title above it; empty for none
 * @param xTitle below it, with its unit; empty for none
 * @param yTitle beside it; empty for none
 */
public record Panel(String title, Scale x, String xTitle, Scale y, String yTitle, List<Layer> layers) {
    /** As a share of the highest value. */
    private static final double NOISE = 0.06;

    public Panel {
        layers = List.copyOf(layers);
    }

    /** The values that a scale along y has to hold, those that are finite. */
    public static DoubleStream ys(List<Layer> layers) {
        return layers.stream().flatMapToDouble(Layer::ys).filter(Double::isFinite);
    }

    /** A scale along y that holds the layers' values and 0, and nothing below it but for what is negative beyond noise. */
    public static Scale fromZero(List<Layer> layers) {
        var ys = ys(layers).summaryStatistics();
        double high = Math.max(0, ys.getMax());
        return Scale.linear(ys.getMin() < -NOISE * high ? ys.getMin() : 0, high);
    }

    /** How wide the widest label beside it is. */
    double labelWidth() {
        return y.ticks().stream()
                .mapToDouble(tick -> Svg.width(tick.label(), Svg.SMALL))
                .max()
                .orElse(0);
    }

    /** Draws it, its plot area being the rectangle. */
    void draw(Svg svg, double left, double top, double width, double height, double labelWidth) {
        var canvas = new Canvas(svg, x, y, left, top, width, height);
        if (!title.isEmpty()) svg.title(left, top - 9, title);
        for (var tick : y.ticks()) {
            double at = canvas.y(tick.value());
            svg.line(left, at, left + width, at, Svg.RULE, 1, "");
            svg.text(left - 6, at + 4, "end", Svg.SMALL, Svg.FAINT, tick.label());
        }
        for (var tick : x.ticks()) {
            double at = canvas.x(tick.value());
            svg.line(at, top + height, at, top + height + 4, Svg.FAINT, 1, "");
            svg.text(at, top + height + 18, "middle", Svg.SMALL, Svg.FAINT, tick.label());
        }
        svg.line(left, top, left, top + height, Svg.FAINT, 1, "");
        svg.line(left, top + height, left + width, top + height, Svg.FAINT, 1, "");
        if (!xTitle.isEmpty()) {
            svg.text(left + width / 2, top + height + 36, "middle", Svg.NORMAL, Svg.INK, xTitle);
        }
        if (!yTitle.isEmpty()) svg.upwards(left - labelWidth - 14, top + height / 2, yTitle);
        for (var layer : layers) layer.draw(canvas);
    }
}
