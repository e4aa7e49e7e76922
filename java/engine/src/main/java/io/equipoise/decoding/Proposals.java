package io.equipoise.decoding;

import io.equipoise.InvalidInputException;
import io.equipoise.model.CausalLanguageModel;
import io.equipoise.model.TextDecoder;
import io.equipoise.sampling.Sampler;
import io.equipoise.sampling.SamplerConfig;
import io.equipoise.sampling.Sequences;
import io.equipoise.target.EnergyBasedTarget;
import io.equipoise.target.FeatureScores;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The texts of a proposal q, each with its weight w = P/q under a target P = a·b·exp(λ·φ). q may be the base model a
 * itself, where w = b·exp(λ·φ) without scoring anything; a policy trained towards the target, whose weights vary less;
 * either of them at another temperature. It must be able to write whatever the target can.
 */
public final class Proposals {
    /** Sequences scored at once; speed and memory only. */
    private static final int MICRO_BATCH = 128;

    private final CausalLanguageModel base;
    private final CausalLanguageModel proposal;
    private final TextDecoder text;
    private final EnergyBasedTarget target;
    private final Sampler sampler;

    /**
     * Texts of q.
     *
     * @param base a
     * @param proposal q before its temperature; may be {@code base}
     * @param text turns tokens into what features are scored on
     * @param target P
     * @param sampling how q is drawn from; maxTokens and fixedLength belong to a and so to the target
     * @throws InvalidInputException if the sampling truncates q, or vocabularies, beginnings or ends of texts differ
     */
    public Proposals(
            CausalLanguageModel base,
            CausalLanguageModel proposal,
            TextDecoder text,
            EnergyBasedTarget target,
            SamplerConfig sampling) {
        if (!sampling.truncation().isNone()) {
            throw new IllegalArgumentException("a proposal with top-k or top-p never writes some of the texts that the"
                    + " target has, got " + sampling.truncation() + "; sample without them");
        }
        int size = base.config().vocabularySize();
        if (proposal.config().vocabularySize() != size) {
            throw new InvalidInputException(
                    "the proposal's vocabulary has " + proposal.config().vocabularySize() + " tokens, the base model's "
                            + size + "; the proposal must come from the same model");
        }
        proposal.config().requireSameTexts(base.config());
        this.base = base;
        this.proposal = proposal;
        this.text = text;
        this.target = target;
        sampler = new Sampler(sampling);
    }

    /** How q is drawn from. */
    public SamplerConfig sampling() {
        return sampler.config();
    }

    /**
     * Draws and weighs texts.
     *
     * @param first index of the first; a text depends on the seed and its index alone
     * @throws ArithmeticException if a model gives NaN
     */
    public List<Proposal> draw(int count, long first) {
        var sequences = sampler.sample(proposal, count, first);
        var generated = sequences.generated();
        var texts = text.decode(generated);
        double[][] phi = FeatureScores.score(target.constraints(), texts);
        double[] logProb = sequences.logProb();
        double[] logWeight = logWeight(sequences, phi, logProb);
        var proposals = new ArrayList<Proposal>(count);
        for (int i = 0; i < count; i++) {
            if (!(logWeight[i] < Double.POSITIVE_INFINITY)) {
                throw new ArithmeticException("log w of sequence " + (first + i) + " is " + logWeight[i]
                        + ", wanted a finite number or -Infinity; check the models' weights");
            }
            proposals.add(new Proposal(first + i, generated.get(i), texts.get(i), phi[i], logProb[i], logWeight[i]));
        }
        return proposals;
    }

    /** Texts with P = 0 are not scored: whatever a and q say of them, w = 0. */
    private double[] logWeight(Sequences sequences, double[][] phi, double[] logProb) {
        double[] logWeight = target.logPotential(phi);
        if (proposal == base && sampling().temperature() == 1) return logWeight;
        int[] possible = IntStream.range(0, logWeight.length)
                .filter(i -> logWeight[i] > Double.NEGATIVE_INFINITY)
                .toArray();
        var some = sequences.select(possible);
        double[] logBase = Sequences.sum(base.tokenLogProbs(some.tokens(), some.promptLength(), MICRO_BATCH));
        for (int k = 0; k < possible.length; k++) logWeight[possible[k]] += logBase[k] - logProb[possible[k]];
        return logWeight;
    }
}
