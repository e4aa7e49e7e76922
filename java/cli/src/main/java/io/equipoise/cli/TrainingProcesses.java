package io.equipoise.cli;

import io.equipoise.distributed.Collective;

/**
 * The processes that train together, of which this is one.
 *
 * @param local how many of them are on this machine
 * @param sharded whether they divide the optimiser's state
 */
record TrainingProcesses(Collective collective, int local, boolean sharded) {
    /** This process alone. */
    static TrainingProcesses one() {
        return new TrainingProcesses(Collective.alone(), 1, false);
    }
}
