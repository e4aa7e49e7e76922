package io.equipoise.files;

import io.equipoise.InvalidInputException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;

/** A path as people write it, {@code ~/} being their home folder where no shell has seen to that. */
public final class UserPath {
    private UserPath() {}

    /**
     * The path that is meant; relative ones stay so.
     *
     * @throws InvalidInputException if it can't be one, or is in another user's home
     */
    public static Path of(String written) {
        return of(written, Optional.ofNullable(System.getenv("HOME")).filter(home -> !home.isBlank()));
    }

    /** @param home what the environment says is the home folder, if anything: the JVM's own idea of it may be another */
    static Path of(String written, Optional<String> home) {
        try {
            if (!written.startsWith("~")) return Path.of(written);
            if (written.equals("~") || written.startsWith("~/")) {
                return Path.of(home.orElseGet(() -> System.getProperty("user.home")) + written.substring(1));
            }
        } catch (InvalidPathException e) {
            throw new InvalidInputException(
                    "'" + written + "' can't be a path (" + e.getReason() + "); write it without control characters",
                    e);
        }
        throw new InvalidInputException("'" + written + "': only ~/, your own home folder, is known; write out"
                + " another's, or ./" + written + " for a name that begins with ~");
    }
}
