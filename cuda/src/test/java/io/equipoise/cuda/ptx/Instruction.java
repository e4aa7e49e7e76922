package io.equipoise.cuda.ptx;

/**
 * An instruction, decoded.
 *
 * @param line of the PTX
 * @param guard the predicate's place, or −1
 * @param control whether the action sets {@link Warp#pc} itself; others go on with the next instruction
 */
record Instruction(int line, int guard, boolean negated, boolean control, Action action) {
    /** What it does to the lanes of a warp that execute it together. */
    interface Action {
        void execute(Warp warp, int lanes);
    }

    /** A function of three operands' bits. */
    interface Ternary {
        long apply(long a, long b, long c);
    }

    /** A question about two operands' bits. */
    interface Test {
        boolean test(long a, long b);
    }
}
