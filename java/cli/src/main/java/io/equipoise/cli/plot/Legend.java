package io.equipoise.cli.plot;

/** What a legend explains. */
public interface Legend {
    String label();

    /** How wide its sample is. */
    double width();

    /** A remark, which has no sample. */
    static Legend note(String text) {
        return new Layer.Sample(text, 0, (svg, x, y) -> {});
    }

    /** Draws the sample, its left end at (x, y). */
    void sample(Svg svg, double x, double y);
}
