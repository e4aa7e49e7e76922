package io.equipoise.target;

import io.equipoise.InvalidInputException;

/** A constraint that no reweighting of the sample meets, or none that can be trusted; the message says what to do. */
public final class InfeasibleConstraintException extends InvalidInputException {
    /** @param message which constraint, what was measured, what to do */
    public InfeasibleConstraintException(String message) {
        super(message);
    }
}
