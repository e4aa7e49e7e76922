package io.equipoise.training;

import io.equipoise.distributed.SharedWork;
import io.equipoise.model.CausalLanguageModel;
import io.equipoise.model.TextDecoder;
import io.equipoise.model.TokenScores;
import io.equipoise.sampling.Prompts;
import io.equipoise.sampling.Sampler;
import io.equipoise.sampling.Sequences;
import io.equipoise.target.Constraint;
import io.equipoise.target.EnergyBasedTarget;
import io.equipoise.target.FeatureScores;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Samples, reads and scores: what a step and an evaluation have in common before the policy comes in. */
final class Rollouts {
    private final CausalLanguageModel base;
    private final TextDecoder text;
    private final List<Constraint> constraints;
    private final Prompts prompts;
    private final Sampler sampler;
    private final SequenceKernels kernels;
    private final int microBatch;
    private final SharedWork work;

    /** Without prompts. */
    Rollouts(
            CausalLanguageModel base,
            TextDecoder text,
            List<Constraint> constraints,
            Sampler sampler,
            SequenceKernels kernels,
            int microBatch) {
        this(base, text, constraints, Prompts.NONE, sampler, kernels, microBatch);
    }

    /** In one process. */
    Rollouts(
            CausalLanguageModel base,
            TextDecoder text,
            List<Constraint> constraints,
            Prompts prompts,
            Sampler sampler,
            SequenceKernels kernels,
            int microBatch) {
        this(base, text, constraints, prompts, sampler, kernels, microBatch, SharedWork.ALONE);
    }

    /**
     * By ranks that divide the sequences among them and know all of them afterwards.
     *
     * @param work each rank then calls the same methods
     * @throws IllegalArgumentException if a prompt is too long for the model
     */
    Rollouts(
            CausalLanguageModel base,
            TextDecoder text,
            List<Constraint> constraints,
            Prompts prompts,
            Sampler sampler,
            SequenceKernels kernels,
            int microBatch,
            SharedWork work) {
        prompts.requireRoom(sampler.config().maxTokens(), base.config().contextLength());
        this.base = base;
        this.text = text;
        this.constraints = constraints;
        this.prompts = prompts;
        this.sampler = sampler;
        this.kernels = kernels;
        this.microBatch = microBatch;
        this.work = work;
    }

    /** Of the only prompt. */
    Sequences sample(CausalLanguageModel proposal, int count, long first) {
        return sample(proposal, new int[count], first);
    }

    /** @param prompt (B) which prompt each sequence goes on from */
    Sequences sample(CausalLanguageModel proposal, int[] prompt, long first) {
        if (work.isAlone()) return sampler.sample(proposal, prompts, prompt, first);
        return SampledSequence.join(work.all(
                prompt.length,
                (from, to) -> from == to
                        ? List.of()
                        : SampledSequence.of(
                                sampler.sample(proposal, prompts, Arrays.copyOfRange(prompt, from, to), first + from)),
                SampledSequence.FORMAT));
    }

    Prompts prompts() {
        return prompts;
    }

    /** What was generated, without prompts. */
    List<String> texts(Sequences sequences) {
        return text.decode(sequences.generated());
    }

    double[][] features(List<String> texts) {
        return work.all(
                        texts.size(),
                        (from, to) -> Arrays.asList(FeatureScores.score(constraints, texts.subList(from, to))),
                        SharedWork.Format.DOUBLES)
                .toArray(double[][]::new);
    }

    double[][] features(Sequences sequences) {
        return features(text.decode(prompts.scored(sequences)));
    }

    /**
     * B ragged rows: log-probability of each generated token under any model, nats; NaN where the rollout isn't {@link
     * Rollout#scored}.
     */
    float[][] score(CausalLanguageModel model, Rollout rollout) {
        return some(model, rollout.sequences(), new float[0][], rollout.scored())
                .logProb();
    }

    private TokenScores tokenScores(CausalLanguageModel model, Sequences sequences, float[][] functions) {
        return DistinctSequences.of(sequences, work).score(model, microBatch, functions);
    }

    /**
     * Scores sampled sequences; those of the base model itself are not scored twice.
     *
     * @param functions K functions of a token (K, V) whose expectations under the base model are wanted
     * @param weightless whether sequences with P = 0 are scored too
     */
    Rollout complete(
            CausalLanguageModel proposal,
            Sequences sequences,
            double[][] phi,
            EnergyBasedTarget target,
            float[][] functions,
            boolean weightless) {
        double[] logPotential = target.logPotential(phi);
        var scored = new boolean[logPotential.length];
        for (int i = 0; i < scored.length; i++) scored[i] = weightless || logPotential[i] > Double.NEGATIVE_INFINITY;
        boolean known = proposal == base && sampler.config().temperature() == 1 && functions.length == 0;
        var scores = known ? TokenScores.of(sequences.tokenLogProb()) : some(base, sequences, functions, scored);
        double[] logBase = Sequences.sum(scores.logProb());
        double[] logTarget = energies(
                        target,
                        phi,
                        scores,
                        sequences,
                        sequences.tokenLogProb(),
                        scored,
                        new double[phi.length],
                        Double.NEGATIVE_INFINITY)
                .logTarget();
        return new Rollout(sequences, phi, sequences.logProb(), scores, logBase, logTarget, target.reward(phi), scored);
    }

    private TokenScores some(CausalLanguageModel model, Sequences sequences, float[][] functions, boolean[] scored) {
        int[] rows = IntStream.range(0, scored.length).filter(i -> scored[i]).toArray();
        var some = tokenScores(model, sequences.select(rows), functions);
        var logProb = new float[scored.length][];
        var expected = new float[scored.length][][];
        for (int i = 0; i < scored.length; i++) {
            int tokens = sequences.tokenLogProb()[i].length;
            logProb[i] = new float[tokens];
            Arrays.fill(logProb[i], Float.NaN);
            expected[i] = new float[tokens][0];
        }
        for (int k = 0; k < rows.length; k++) {
            logProb[rows[k]] = some.logProb()[k];
            expected[rows[k]] = some.expected()[k];
        }
        return new TokenScores(logProb, expected);
    }

    /**
     * Weighs a rollout under any target, P divided by what the rollout says, with any policy.
     *
     * @param policy B ragged rows: log π of each generated token, nats; the sequences' own log-probabilities for π = q; may
     *     be NaN where the rollout isn't scored
     * @param logZ that the statistics are made with, nats
     */
    SequenceKernels.Energies energies(Rollout rollout, EnergyBasedTarget target, float[][] policy, double logZ) {
        return energies(
                target,
                rollout.phi(),
                rollout.base(),
                rollout.sequences(),
                policy,
                rollout.scored(),
                rollout.logDivisor(),
                logZ);
    }

    private SequenceKernels.Energies energies(
            EnergyBasedTarget target,
            double[][] phi,
            TokenScores scores,
            Sequences sequences,
            float[][] policy,
            boolean[] scored,
            double[] logDivisor,
            double logZ) {
        return PartialEstimates.energies(
                kernels, target, phi, scores.logProb(), sequences.tokenLogProb(), policy, scored, logDivisor, logZ);
    }

    Rollout rollout(CausalLanguageModel proposal, int count, long first, EnergyBasedTarget target) {
        return rollout(proposal, new int[count], first, target);
    }

    Rollout rollout(CausalLanguageModel proposal, int[] prompt, long first, EnergyBasedTarget target) {
        var sequences = sample(proposal, prompt, first);
        return complete(proposal, sequences, features(sequences), target, new float[0][], true);
    }
}
