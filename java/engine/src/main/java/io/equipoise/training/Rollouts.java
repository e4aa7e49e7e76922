package io.equipoise.training;

import io.equipoise.model.CausalLanguageModel;
import io.equipoise.model.TextDecoder;
import io.equipoise.model.TokenScores;
import io.equipoise.sampling.Sampler;
import io.equipoise.sampling.Sequences;
import io.equipoise.target.Constraint;
import io.equipoise.target.EnergyBasedTarget;
import io.equipoise.target.FeatureScores;
import java.util.List;

/** Samples, reads and scores: what a step and an evaluation have in common before the policy comes in. */
final class Rollouts {
    private final CausalLanguageModel base;
    private final TextDecoder text;
    private final List<Constraint> constraints;
    private final Sampler sampler;
    private final SequenceKernels kernels;
    private final int microBatch;

    Rollouts(
            CausalLanguageModel base,
            TextDecoder text,
            List<Constraint> constraints,
            Sampler sampler,
            SequenceKernels kernels,
            int microBatch) {
        this.base = base;
        this.text = text;
        this.constraints = constraints;
        this.sampler = sampler;
        this.kernels = kernels;
        this.microBatch = microBatch;
    }

    Sequences sample(CausalLanguageModel proposal, int count, long first) {
        return sampler.sample(proposal, count, first);
    }

    List<String> texts(Sequences sequences) {
        return text.decode(sequences.generated());
    }

    double[][] features(List<String> texts) {
        return FeatureScores.score(constraints, texts);
    }

    /** B ragged rows: log-probability of each generated token under any model, nats. */
    float[][] score(CausalLanguageModel model, Sequences sequences) {
        return model.tokenLogProbs(sequences.tokens(), sequences.promptLength(), microBatch);
    }

    /**
     * Scores sampled sequences; those of the base model itself are not scored twice.
     *
     * @param functions K functions of a token (K, V) whose expectations under the base model are wanted
     */
    Rollout complete(
            CausalLanguageModel proposal,
            Sequences sequences,
            List<String> texts,
            double[][] phi,
            EnergyBasedTarget target,
            float[][] functions) {
        double[] logProposal = sequences.logProb();
        boolean known = proposal == base && sampler.config().temperature() == 1 && functions.length == 0;
        var scores = known
                ? TokenScores.of(sequences.tokenLogProb())
                : base.tokenScores(sequences.tokens(), sequences.promptLength(), microBatch, functions);
        double[] logBase = Sequences.sum(scores.logProb());
        double[] logTarget = energies(
                        target, phi, scores, sequences, sequences.tokenLogProb(), Double.NEGATIVE_INFINITY)
                .logTarget();
        return new Rollout(sequences, texts, phi, logProposal, scores, logBase, logTarget);
    }

    /**
     * Weighs a rollout under any target, with any policy.
     *
     * @param policy B ragged rows: log π of each generated token, nats; the sequences' own log-probabilities for π = q
     * @param logZ that the statistics are made with, nats
     */
    SequenceKernels.Energies energies(Rollout rollout, EnergyBasedTarget target, float[][] policy, double logZ) {
        return energies(target, rollout.phi(), rollout.base(), rollout.sequences(), policy, logZ);
    }

    private SequenceKernels.Energies energies(
            EnergyBasedTarget target,
            double[][] phi,
            TokenScores scores,
            Sequences sequences,
            float[][] policy,
            double logZ) {
        return kernels.energies(target, phi, scores.logProb(), sequences.tokenLogProb(), policy, logZ);
    }

    Rollout rollout(CausalLanguageModel proposal, int count, long first, EnergyBasedTarget target) {
        var sequences = sample(proposal, count, first);
        var texts = texts(sequences);
        return complete(proposal, sequences, texts, features(texts), target, new float[0][]);
    }
}
