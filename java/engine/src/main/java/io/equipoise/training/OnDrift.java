package io.equipoise.training;

/**
 * What to do about a run that drifts: KL(p‖π) above KL(p‖q) at several checks in a row. π has then become worse than the
 * proposal, which so is never updated again, and importance weights grow until nothing is learnt.
 */
public enum OnDrift {
    /** Say so and go on. */
    WARN,
    /** π goes back to q, the optimiser starts afresh, the learning rate halves. */
    ROLLBACK,
    /** End the run. */
    STOP
}
