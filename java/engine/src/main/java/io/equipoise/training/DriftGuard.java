package io.equipoise.training;

import io.equipoise.metrics.Divergences;

/** Counts checks in a row at which π was further from the target than the proposal. */
final class DriftGuard {
    private final int patience;
    private int worse;

    DriftGuard(int patience) {
        this.patience = patience;
    }

    /** @return whether the run drifts; the count then starts again */
    boolean drifts(Divergences.Estimates estimates) {
        // Written so that a NaN counts as worse.
        boolean better = estimates.klTargetPolicy() <= estimates.klTargetProposal();
        worse = better ? 0 : worse + 1;
        if (worse < patience) return false;
        worse = 0;
        return true;
    }

    void reset() {
        worse = 0;
    }
}
