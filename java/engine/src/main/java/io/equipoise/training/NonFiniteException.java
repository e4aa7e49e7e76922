package io.equipoise.training;

/** A step met a NaN or an infinity where a finite number must be. The message names step, phase and, where it is known, sequence. */
public final class NonFiniteException extends ArithmeticException {
    private static final long serialVersionUID = 1;

    private final int step;
    private final String phase;
    private final boolean undone;

    NonFiniteException(int step, String phase, boolean undone, ArithmeticException cause) {
        super("step " + step + ", phase " + phase + ": " + cause.getMessage());
        initCause(cause);
        this.step = step;
        this.phase = phase;
        this.undone = undone;
    }

    /** From 1. */
    public int step() {
        return step;
    }

    /** {@code sample}, {@code score}, {@code gradient} or {@code update}, as in {@link Step#seconds}. */
    public String phase() {
        return phase;
    }

    /**
     * Whether the trainer is as it was before the step, so that a checkpoint of it is one of the last good step. It isn't
     * where the policy has been changed already: by an update whose result isn't finite, or by earlier updates of {@code ppo}
     * on the same batch.
     */
    public boolean isUndone() {
        return undone;
    }
}
