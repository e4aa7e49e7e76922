package io.equipoise.training;

import io.equipoise.model.CausalLanguageModel;
import io.equipoise.target.EnergyBasedTarget;
import java.util.List;

/** What a run's steps are trained on: the proposal's next sequences, weighed, and Z as these let it be known. */
final class Batches implements AutoCloseable {
    private final Rollouts rollouts;
    private final SequenceFeatures features;
    private final EnergyBasedTarget target;
    private final Partition partition;
    private final PromptGroups groups;
    private long sequences;

    /** @param sample that the run began with */
    Batches(Rollouts rollouts, SequenceFeatures features, BaseSample sample, TrainingConfig config) {
        this.rollouts = rollouts;
        this.features = features;
        target = sample.target();
        partition = sample.partition();
        groups = new PromptGroups(rollouts.prompts().size(), config);
        sequences = sample.sequences().size();
    }

    /**
     * One step's.
     *
     * @param rollout with P normalised as {@link Partition#normalized} says; never empty
     * @param first the run's index of the first sequence
     * @param tokens generated for it
     */
    record Batch(Rollout rollout, long first, long tokens) {}

    /**
     * Draws and weighs the next batch; its weights are in Z from here on.
     *
     * @param aim what the rollout's P is of
     * @param functions whose expectations under the base model are wanted (K, V)
     * @param weightless whether sequences with P = 0 are scored too
     */
    Batch next(
            CausalLanguageModel proposal,
            EnergyBasedTarget aim,
            float[][] functions,
            boolean weightless,
            PhaseClock clock) {
        long first = sequences;
        long tokens = 0;
        while (true) {
            int[] prompt = groups.next();
            var sampled = rollouts.sample(proposal, prompt, sequences);
            sequences += sampled.size();
            tokens += sampled.generatedTokens();
            clock.next("score");

            double[][] phi = features.score(rollouts.prompts().scored(sampled));
            var drawn = rollouts.complete(proposal, sampled, phi, aim, functions, weightless);
            // Z needs w alone, so q stands for the policy, which has not seen these sequences yet.
            var weights = rollouts.energies(drawn, target, sampled.tokenLogProb(), Double.NEGATIVE_INFINITY);
            partition.add(prompt, drawn, weights);
            var rollout = partition.normalized(drawn, prompt);
            // Empty where none of these prompts has a target. Some prompt has one, or none would have been found.
            boolean whole = rollout.size() > 0;
            clock.next(whole ? "gradient" : "sample");
            if (whole) return new Batch(rollout, first, tokens);
        }
    }

    /**
     * Weighs a batch under the target itself.
     *
     * @param tokenLogPolicy B ragged rows: log π of each generated token, nats
     */
    SequenceKernels.Energies energies(Rollout rollout, float[][] tokenLogPolicy) {
        return rollouts.energies(rollout, target, tokenLogPolicy, partition.remaining());
    }

    /**
     * All of it that changes.
     *
     * @param sequences drawn so far, the first samples included: the counter of the run's random numbers
     */
    record State(long sequences, List<Partition.Sum> partition, PromptGroups.State groups) {}

    State state() {
        return new State(sequences, partition.state(), groups.state());
    }

    /** Passes over the next batch as if it had been drawn, so that nobody draws it again. */
    void skip() {
        sequences += groups.next().length;
    }

    /** @throws IllegalArgumentException if it is of other prompts */
    void restore(State state) {
        groups.restore(state.groups());
        partition.restore(state.partition());
        sequences = state.sequences();
    }

    Partition partition() {
        return partition;
    }

    @Override
    public void close() {
        features.close();
    }
}
