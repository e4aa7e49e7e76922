package io.equipoise.cli.config;

import io.equipoise.InvalidInputException;

/** A configuration can't be used: where, what it says, what was wanted. */
public final class ConfigException extends InvalidInputException {
    private static final long serialVersionUID = 1;

    public ConfigException(String message) {
        super(message);
    }

    public ConfigException(String message, Throwable cause) {
        super(message, cause);
    }
}
