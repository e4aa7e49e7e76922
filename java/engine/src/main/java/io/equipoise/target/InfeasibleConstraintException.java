package io.equipoise.target;

/** A constraint that no reweighting of the sample meets, or none that can be trusted; the message says what to do. */
public final class InfeasibleConstraintException extends IllegalArgumentException {
    /** @param message which constraint, what was measured, what to do */
    public InfeasibleConstraintException(String message) {
        super(message);
    }
}
