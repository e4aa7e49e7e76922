package io.equipoise.cli.plot;

/** The part of a picture inside a panel's axes. */
public final class Canvas {
    private final Svg svg;
    private final Scale horizontal;
    private final Scale vertical;
    private final double left;
    private final double top;
    private final double width;
    private final double height;

    Canvas(Svg svg, Scale horizontal, Scale vertical, double left, double top, double width, double height) {
        this.svg = svg;
        this.horizontal = horizontal;
        this.vertical = vertical;
        this.left = left;
        this.top = top;
        this.width = width;
        this.height = height;
    }

    Svg svg() {
        return svg;
    }

    double left() {
        return left;
    }

    double width() {
        return width;
    }

    /** The position of a value; one beyond the axis is at its end, one that isn't finite is nowhere. */
    double x(double value) {
        return left + width * within(horizontal.share(value));
    }

    /** The same along y, upwards. */
    double y(double value) {
        return top + height * (1 - within(vertical.share(value)));
    }

    private static double within(double share) {
        // −∞ is where a logarithmic axis has what isn't above 0.
        return Math.min(1, Math.max(0, share));
    }
}
