package io.equipoise.training;

import io.equipoise.metrics.Divergences;

/** When the proposal q becomes a copy of the policy π, asked every so many steps. */
public enum ProposalUpdate {
    /** If KL(p‖π) &lt; KL(p‖q). */
    KL,
    /** If TVD(p, π) &lt; TVD(p, q). */
    TVD,
    /** Every time. */
    INTERVAL,
    /** q stays the base model. */
    NEVER;

    /** Whether q ← π, by estimates on samples that π had not been trained on. */
    public boolean accepts(Divergences.Estimates estimates) {
        return switch (this) {
            case KL -> estimates.klTargetPolicy() < estimates.klTargetProposal();
            case TVD -> estimates.tvdTargetPolicy() < estimates.tvdTargetProposal();
            case INTERVAL -> true;
            case NEVER -> false;
        };
    }
}
