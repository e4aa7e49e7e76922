package io.equipoise.cli.plot;

/**
 * How one thing looks wherever it appears, so that one legend serves all panels. Dashes and markers tell styles apart on
 * paper without colour.
 *
 * @param dash lengths of strokes and gaps; empty for an unbroken line
 * @param filled whether its marker is filled with the colour or with white
 */
public record Style(String label, String colour, String dash, Marker marker, boolean filled) implements Legend {
    private static final double MARKER = 12;

    @Override
    public double width() {
        return Layer.Sample.LINE;
    }

    @Override
    public void sample(Svg svg, double x, double y) {
        svg.line(x, y, x + width(), y, colour, 2, dash);
        mark(svg, x + width() / 2, y);
    }

    /** Explains it where there are markers and no lines. */
    public Legend withoutLine() {
        return new Layer.Sample(label, MARKER, (svg, x, y) -> mark(svg, x + MARKER / 2, y));
    }

    void mark(Svg svg, double x, double y) {
        svg.marker(marker, x, y, filled ? colour : "#ffffff", colour);
    }
}
