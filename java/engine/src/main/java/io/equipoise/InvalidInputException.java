package io.equipoise;

/**
 * Something that whoever uses Equipoise has written, chosen or supplied can't be used as it is: a value of a configuration, a
 * file, constraints that contradict each other, a machine that is too small. The message says what, what was wanted, and what
 * to do about it, and is meant for them.
 *
 * <p>It is an {@link IllegalArgumentException}, for those who catch that; the engine throws that type itself only for what no
 * user can mend, a call of a method with arguments that its contract rules out. The command line tells one from the other by
 * this class: exit code 2 and a sentence, or 1 and a stack trace.
 */
public class InvalidInputException extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    /** @param message what is wrong, what was wanted, what to do */
    public InvalidInputException(String message) {
        super(message);
    }

    /**
     * The same with what it was noticed by.
     *
     * @param message what is wrong, what was wanted, what to do
     */
    public InvalidInputException(String message, Throwable cause) {
        super(message, cause);
    }
}
