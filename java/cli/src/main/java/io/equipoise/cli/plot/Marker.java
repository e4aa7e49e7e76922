package io.equipoise.cli.plot;

/** Shapes of about the same area around a point. */
public enum Marker {
    CIRCLE("M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z"),
    SQUARE("M-3.6 -3.6h7.2v7.2h-7.2z"),
    TRIANGLE("M0 -4.8L4.4 3.4H-4.4z"),
    DIAMOND("M0 -5.2L5.2 0L0 5.2L-5.2 0z"),
    TRIANGLE_DOWN("M0 4.8L4.4 -3.4H-4.4z"),
    STAR("M0 -6L1.4 -1.9L5.7 -1.9L2.3 0.7L3.5 4.9L0 2.4L-3.5 4.9L-2.3 0.7L-5.7 -1.9L-1.4 -1.9z");

    private final String path;

    Marker(String path) {
        this.path = path;
    }

    /** Its outline around (0, 0). */
    String path() {
        return path;
    }
}
