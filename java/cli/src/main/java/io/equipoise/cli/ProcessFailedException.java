package io.equipoise.cli;

/** A process of several ended with an exit code other than 0, after telling why if it could. */
final class ProcessFailedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int code;

    ProcessFailedException(String message, int code) {
        super(message);
        this.code = code;
    }

    /** As a shell has it. */
    int code() {
        return code;
    }
}
