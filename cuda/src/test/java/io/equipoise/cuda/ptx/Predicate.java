package io.equipoise.cuda.ptx;

/**
 * A predicate as an operand.
 *
 * @param at its place, or −1 for a constant: false when negated
 */
record Predicate(int at, boolean negated) {
    /** The lanes where it is true. */
    int lanes(Warp warp, int lanes) {
        if (at < 0) return negated ? 0 : lanes;
        int mask = warp.predicate(at, lanes);
        return lanes & (negated ? ~mask : mask);
    }
}
