package io.equipoise.training;

import io.equipoise.InvalidInputException;
import io.equipoise.metrics.Divergences;
import io.equipoise.model.CausalLanguageModel;
import java.util.List;
import java.util.Locale;

/** q, which sequences are drawn from: the base model until the first update, then a copy of its own that is kept; on-policy π. */
final class Proposal implements AutoCloseable {
    private final CausalLanguageModel base;
    private final CausalLanguageModel policy;
    private final TrainingConfig config;
    private final DriftGuard drift;
    private final CheckWindow window = new CheckWindow();
    private CausalLanguageModel model;

    Proposal(CausalLanguageModel base, CausalLanguageModel policy, TrainingConfig config) {
        this.base = base;
        this.policy = policy;
        this.config = config;
        drift = new DriftGuard(config.driftChecks());
        model = config.onPolicy() ? policy : base;
    }

    CausalLanguageModel model() {
        return model;
    }

    /** Keeps a batch for the next check, with log π (B) from before π was trained on it. */
    void keep(Rollout rollout, double[] logPolicy) {
        window.add(rollout, logPolicy);
    }

    /** (F) E_π φ over the batches kept. */
    double[] moments() {
        return window.moments();
    }

    /**
     * Compares π with q on the batches kept, forgets them, and q ← π if that's nearer to the target.
     *
     * @param logZ of the aim, which both are compared with
     * @param guarded whether distance from it says which is worse
     * @return {@code DRIFTED} where the caller must do something about π
     */
    Step.Check check(double logZ, boolean guarded) {
        var estimates = window.estimates(logZ);
        var excess = window.excess(logZ);
        window.clear();
        return new Step.Check(
                outcome(estimates, excess, guarded), estimates.klTargetPolicy(), estimates.klTargetProposal());
    }

    private Step.Outcome outcome(Divergences.Estimates estimates, CheckWindow.Excess excess, boolean guarded) {
        if (config.onPolicy()) return Step.Outcome.NONE;
        if (config.proposalUpdate().accepts(estimates)) {
            if (model == base) model = policy.copy();
            else model.copyFrom(policy);
            drift.reset();
            return Step.Outcome.UPDATED;
        }
        return guarded && drift.drifts(excess) ? Step.Outcome.DRIFTED : Step.Outcome.KEPT;
    }

    /** Which model q is. */
    enum Source {
        BASE,
        POLICY,
        /** A copy of what π once was. */
        OWN
    }

    /**
     * All of it that changes but q's weights.
     *
     * @param worse checks in a row at which π was further from the target
     * @param window the batches kept
     */
    record State(Source source, int worse, List<CheckWindow.Batch> window) {}

    State state() {
        return new State(source(), drift.state(), window.state());
    }

    private Source source() {
        if (model == policy) return Source.POLICY;
        return model == base ? Source.BASE : Source.OWN;
    }

    /** Takes up a saved state. Where q is a model of its own it is π's copy; its weights are the caller's to restore. */
    void restore(State state) {
        var former = source();
        if (state.source() != former && state.source() == Source.OWN) model = policy.copy();
        else if (state.source() != former) {
            throw new InvalidInputException("the checkpoint's proposal is "
                    + state.source().name().toLowerCase(Locale.ROOT) + ", the trainer's is "
                    + former.name().toLowerCase(Locale.ROOT) + "; restore a trainer that has made no step yet");
        }
        drift.restore(state.worse());
        window.restore(state.window());
    }

    @Override
    public void close() {
        if (model != base && model != policy) model.close();
    }
}
