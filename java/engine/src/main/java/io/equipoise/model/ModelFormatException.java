package io.equipoise.model;

/** A model folder or one of its files can't be used: which file, what is wrong with it, what to do. */
public class ModelFormatException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public ModelFormatException(String message) {
        super(message);
    }

    public ModelFormatException(String message, Throwable cause) {
        super(message, cause);
    }
}
