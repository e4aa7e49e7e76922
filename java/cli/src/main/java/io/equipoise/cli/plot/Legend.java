package io.equipoise.cli.plot;

/** What a legend explains. */
public interface Legend {
    String label();

    /** How wide its sample is. */
    double width();

    /** Draws the sample, its left end at (x, y). */
    void sample(Svg svg, double x, double y);
}
