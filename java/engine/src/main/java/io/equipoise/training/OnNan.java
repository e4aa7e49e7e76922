package io.equipoise.training;

/** What a run does at a step in which a number that must be finite is NaN or infinite. */
public enum OnNan {
    /** Leaves the whole batch out, counts it in {@link Step#skipped} and goes on. */
    SKIP,
    /** Goes back to before the step and ends with {@link NonFiniteException}. */
    STOP
}
