package io.equipoise.training;

import io.equipoise.InvalidInputException;

/** A checkpoint that can't be used as it is: damaged, incomplete, of another format. The message says what to do. */
public final class CheckpointException extends InvalidInputException {
    private static final long serialVersionUID = 1;

    CheckpointException(String message) {
        super(message);
    }

    CheckpointException(String message, Throwable cause) {
        super(message, cause);
    }
}
