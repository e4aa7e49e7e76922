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
    private final int microBatch;

    Rollouts(
            CausalLanguageModel base, TextDecoder text, List<Constraint> constraints, Sampler sampler, int microBatch) {
        this.base = base;
        this.text = text;
        this.constraints = constraints;
        this.sampler = sampler;
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

    /** log π of whole sequences under any model, nats. */
    double[] score(CausalLanguageModel model, Sequences sequences) {
        return Sequences.sum(model.tokenLogProbs(sequences.tokens(), sequences.promptLength(), microBatch));
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
        double[] logTarget = target.logPotential(phi);
        for (int i = 0; i < logTarget.length; i++) logTarget[i] += logBase[i];
        return new Rollout(sequences, texts, phi, logProposal, scores, logBase, logTarget);
    }

    Rollout rollout(CausalLanguageModel proposal, int count, long first, EnergyBasedTarget target) {
        var sequences = sample(proposal, count, first);
        var texts = texts(sequences);
        return complete(proposal, sequences, texts, features(texts), target, new float[0][]);
    }
}
