package io.equipoise.distributed;

/** Ranks that this one waited for are gone, stopped, or have left. The message names them. */
public final class LostRankException extends RuntimeException {
    private static final long serialVersionUID = 1;

    LostRankException(String message, Throwable cause) {
        super(message, cause);
    }
}
