package io.equipoise.cli;

/** A signal ended a run between two steps; its checkpoint is written and the user has been told. */
final class RunStoppedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    RunStoppedException(String message) {
        super(message);
    }
}
