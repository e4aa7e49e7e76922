package io.equipoise.training;

import io.equipoise.InvalidInputException;
import io.equipoise.distributed.Collective;
import io.equipoise.distributed.SharedWork;
import io.equipoise.kernels.KernelProvider;
import io.equipoise.kernels.Kernels;
import io.equipoise.model.CausalLanguageModel;
import io.equipoise.model.TextDecoder;
import io.equipoise.sampling.Prompts;
import io.equipoise.sampling.Sampler;
import io.equipoise.sampling.Sequences;
import io.equipoise.target.Constraint;
import java.util.List;
import java.util.Optional;

/** What a {@link Trainer} may be given besides model, constraints and configuration; from {@link Trainer#builder}. */
public final class TrainerBuilder {
    private final CausalLanguageModel base;
    private final TextDecoder text;
    private final List<Constraint> constraints;
    private final TrainingConfig config;
    private Kernels kernels = KernelProvider.kernels();
    private Prompts prompts = Prompts.NONE;
    private Optional<Sequences> baseSample = Optional.empty();
    private Collective collective = Collective.alone();
    private boolean sharded;

    TrainerBuilder(CausalLanguageModel base, TextDecoder text, List<Constraint> constraints, TrainingConfig config) {
        this.base = base;
        this.text = text;
        this.constraints = List.copyOf(constraints);
        this.config = config;
    }

    /** Kernels of the caller's choice rather than the process's. */
    public TrainerBuilder kernels(Kernels value) {
        kernels = value;
        return this;
    }

    /**
     * Texts that go on from prompts (Korbak, Elsahar, Kruszewski, Dymetman, ICML 2022, arXiv 2112.00791): every prompt has a target
     * of its own, moments are means over prompts.
     */
    public TrainerBuilder prompts(Prompts value) {
        prompts = value;
        return this;
    }

    /**
     * The base model's samples, drawn before, that the target is found on: runs that share them have the same target.
     *
     * @param value sampled from the base model without truncation at temperature 1, by another seed or as the first of this one's
     *     sequences; {@link TrainingConfig#momentSamples} is not looked at
     */
    public TrainerBuilder baseSample(Sequences value) {
        baseSample = Optional.of(value);
        return this;
    }

    /**
     * The processes that train together. Each has a trainer that is made alike and calls the same methods of it in the same
     * order; together they do what one does alone, each a share of every batch.
     *
     * @param value stays the caller's, and open as long as the trainer
     */
    public TrainerBuilder collective(Collective value) {
        collective = value;
        return this;
    }

    /** Whether the processes divide the optimiser's state among them; by default each has all of it. */
    public TrainerBuilder sharded(boolean value) {
        sharded = value;
        return this;
    }

    /**
     * Prepares the run: samples the base model, finds λ and a first Z.
     *
     * @throws io.equipoise.target.InfeasibleConstraintException when the constraints can't be met
     * @throws InvalidInputException if a prompt is too long, or the configuration isn't for {@link
     *     TrainingConfig#requirePossible so many}
     */
    public Trainer create() {
        config.requirePossible(prompts.size());
        config.requireMeaning(constraints);
        if (config.isPpo() && collective.size() > 1) {
            throw new InvalidInputException("objective ppo trains in one process, got " + collective.size()
                    + "; leave out --processes, or take kl-control, which has the same aim");
        }
        var work = new SharedWork(collective);
        var features = new SequenceFeatures(constraints, text, kernels, work);
        try {
            var sequenceKernels = new SequenceKernels(kernels);
            var rollouts = new Rollouts(
                    base,
                    text,
                    constraints,
                    prompts,
                    new Sampler(config.sampling()),
                    sequenceKernels,
                    config.microBatch(),
                    work);
            int[] prompt = prompts.evenly(baseSample.map(Sequences::size).orElse(config.momentSamples()));
            var sequences = baseSample.orElseGet(() -> rollouts.sample(base, prompt, 0));
            var sample = BaseSample.of(constraints, sequences, prompt, features, prompts);
            var parts = new TrainerParts(base, config, kernels, features, prompts, rollouts, sample, work, sharded);
            return new Trainer(config, sequenceKernels, sample, parts);
        } catch (RuntimeException | Error failure) {
            features.close();
            throw failure;
        }
    }
}
