package io.equipoise.training;

import io.equipoise.kernels.KernelProvider;
import io.equipoise.model.PretrainedModel;
import io.equipoise.sampling.Prompts;
import io.equipoise.sampling.Sampler;
import io.equipoise.sampling.Sequences;
import io.equipoise.target.Constraint;
import io.equipoise.target.EnergyBasedTarget;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The base model's samples that a run begins with, and what is known from them: the target, the first Z, the moments before. */
public final class BaseSample {
    private static final Logger LOG = LoggerFactory.getLogger(BaseSample.class);

    private final Sequences sequences;
    private final double[][] phi;
    private final EnergyBasedTarget target;
    private final Partition partition;
    private final Map<String, Double> moments;

    private BaseSample(
            List<Constraint> constraints, Sequences sequences, int[] prompt, double[][] phi, Partition partition) {
        this.sequences = sequences;
        this.phi = phi;
        this.partition = partition;
        target = EnergyBasedTarget.fit(constraints, phi, new double[phi.length], prompt);
        // These samples come from a = q, so their weights are P/a and count for Z like any other's.
        double[] logPotential = target.logPotential(phi);
        for (int i = 0; i < logPotential.length; i++) partition.add(prompt[i], logPotential[i]);
        moments = Moments.weighted(constraints, phi, new double[phi.length]);
    }

    /**
     * Samples the base model as a run does and finds the run's target.
     *
     * @param config its seed, {@link TrainingConfig#momentSamples} and whatever else decides about samples
     * @throws io.equipoise.target.InfeasibleConstraintException when the constraints can't be met
     */
    public static EnergyBasedTarget target(
            PretrainedModel base, List<Constraint> constraints, TrainingConfig config, Prompts prompts) {
        var kernels = KernelProvider.kernels();
        var rollouts = new Rollouts(
                base.model(),
                base.tokenizer(),
                constraints,
                prompts,
                new Sampler(config.sampling()),
                new SequenceKernels(kernels),
                config.microBatch());
        try (var features = new SequenceFeatures(constraints, base.tokenizer(), kernels)) {
            int[] prompt = prompts.evenly(config.momentSamples());
            var sequences = rollouts.sample(base.model(), prompt, 0);
            return of(constraints, sequences, prompt, features, prompts).target();
        }
    }

    /**
     * Takes samples of the base model.
     *
     * @param prompt (B) which of {@code prompts} each goes on from
     */
    static BaseSample of(
            List<Constraint> constraints,
            Sequences sequences,
            int[] prompt,
            SequenceFeatures features,
            Prompts prompts) {
        double[][] phi = features.score(prompts.scored(sequences));
        var sample = new BaseSample(constraints, sequences, prompt, phi, new Partition(prompts.size()));
        int[] without = sample.partition.withoutWeight();
        if (without.length > 0) {
            LOG.warn(
                    "{} of {} prompts have no text that satisfies the pointwise constraints among {} each, such as"
                            + " \"{}\"; they are left out until one is found",
                    without.length,
                    prompts.size(),
                    prompt.length / prompts.size(),
                    prompts.text(without[0]));
        }
        return sample;
    }

    Sequences sequences() {
        return sequences;
    }

    /** (B, F) */
    double[][] phi() {
        return phi;
    }

    EnergyBasedTarget target() {
        return target;
    }

    /** With these samples' weights in it. */
    Partition partition() {
        return partition;
    }

    /** E_a φ by constraint. */
    Map<String, Double> moments() {
        return moments;
    }
}
