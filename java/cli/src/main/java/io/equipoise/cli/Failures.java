package io.equipoise.cli;

import io.equipoise.InvalidInputException;
import io.equipoise.distributed.LostRankException;
import io.equipoise.kernels.KernelException;
import io.equipoise.kernels.KernelUnavailableException;
import io.equipoise.model.ModelFormatException;
import java.nio.file.FileSystemException;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.Marker;
import org.slf4j.MarkerFactory;

/** Turns whatever went wrong into one message and an exit code. */
final class Failures {
    /** The user's to mend: configuration, model, options. */
    static final int USAGE = 2;
    /** Anything else. */
    static final int UNEXPECTED = 1;
    /** Marks what the user has been told already, so that it only goes to the log file. */
    static final Marker TOLD = MarkerFactory.getMarker("TOLD");

    /** Characters of a message that are shown. */
    private static final int LONGEST = 2000;

    /** Control characters, those that change the direction of writing, halves of pairs. */
    private static final Set<Byte> HIDDEN =
            Set.of(Character.CONTROL, Character.FORMAT, Character.LINE_SEPARATOR, Character.SURROGATE);

    private static final Logger LOG = LoggerFactory.getLogger(Failures.class);

    private Failures() {}

    /**
     * Tells the user.
     *
     * @param logFile where the stack trace goes, if there is a run
     * @return the exit code
     */
    static int report(Throwable thrown, Console console, Optional<String> logFile) {
        // The signal decides about the exit code, and nothing is wrong.
        if (thrown instanceof RunStoppedException) return UNEXPECTED;
        if (thrown instanceof ProcessFailedException ended) {
            String message = String.valueOf(ended.getMessage());
            console.say("error: " + message);
            console.failure(message, ended.code());
            return ended.code();
        }
        var failure = cause(thrown);
        LOG.error(TOLD, "failed", failure);
        boolean usage = isUsers(failure);
        int code = usage ? USAGE : UNEXPECTED;
        String message = printable(message(failure));
        console.say("error: " + message);
        console.failure(message, code);
        if (console.verbose()) failure.printStackTrace(console.err());
        else if (!usage) {
            console.say(logFile.map(file -> "The stack trace is in " + file + ".")
                    .orElse("Run again with --verbose for the stack trace."));
        }
        return code;
    }

    private static Throwable cause(Throwable thrown) {
        // What a static initialiser throws arrives wrapped.
        var cause = thrown instanceof ExceptionInInitializerError ? thrown.getCause() : null;
        return cause == null ? thrown : cause;
    }

    /** Whether it is the user's to mend; all else is the program's own fault, or the machine's. */
    static boolean isUsers(Throwable failure) {
        return failure instanceof InvalidInputException
                || failure instanceof ModelFormatException
                || failure instanceof KernelUnavailableException;
    }

    /** What a file says must not move the terminal's cursor, nor fill its screen. */
    private static String printable(String message) {
        var printable = new StringBuilder();
        for (int i = 0; i < message.length() && i < LONGEST; i++) {
            char character = message.charAt(i);
            boolean shown = character == '\n' || !HIDDEN.contains((byte) Character.getType(character));
            if (shown || isPair(message, i)) printable.append(character);
            else printable.append(String.format(Locale.ROOT, "\\u%04x", (int) character));
        }
        if (message.length() > LONGEST)
            printable.append("… (").append(message.length() - LONGEST).append(" more)");
        return printable.toString();
    }

    /** Whether a character is half of one beyond the first 65,536. */
    private static boolean isPair(String text, int at) {
        int before = Math.max(0, at - 1);
        return Character.isSupplementaryCodePoint(text.codePointAt(at))
                || Character.isSupplementaryCodePoint(text.codePointAt(before));
    }

    private static String message(Throwable failure) {
        String message = failure.getMessage();
        if (failure instanceof OutOfMemoryError) {
            return "out of memory (" + message + "); lower training.microBatch or batchSize, or give the JVM more with"
                    + " EQUIPOISE_JAVA_OPTS=-Xmx8g";
        }
        if (failure instanceof FileSystemException) return "can't use the file " + failure;
        // The user's own errors and those of arithmetic are sentences; others need their kind to make sense.
        if (message != null
                && (isUsers(failure)
                        || failure instanceof ArithmeticException
                        || failure instanceof KernelException
                        || failure instanceof RunWriteException
                        || failure instanceof LostRankException)) return message;
        return failure.toString();
    }
}
