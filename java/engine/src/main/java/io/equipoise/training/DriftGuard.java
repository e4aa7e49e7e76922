package io.equipoise.training;

/** Counts checks in a row at which π was further from the target than the proposal. */
final class DriftGuard {
    private final int patience;
    private int worse;

    DriftGuard(int patience) {
        this.patience = patience;
    }

    /**
     * Takes in one check. Near the target both divergences are the same but for noise, so a difference within one standard
     * error counts as none.
     *
     * @return whether the run drifts; the count then starts again
     */
    boolean drifts(CheckWindow.Excess excess) {
        // Written so that a NaN counts as worse.
        boolean better = excess.mean() <= excess.standardError();
        worse = better ? 0 : worse + 1;
        if (worse < patience) return false;
        worse = 0;
        return true;
    }

    void reset() {
        worse = 0;
    }

    /** How many checks in a row, to be saved. */
    int state() {
        return worse;
    }

    void restore(int state) {
        worse = state;
    }
}
