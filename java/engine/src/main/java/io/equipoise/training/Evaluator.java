package io.equipoise.training;

import io.equipoise.distributed.Collective;
import io.equipoise.distributed.SharedWork;
import io.equipoise.kernels.KernelProvider;
import io.equipoise.metrics.Divergences;
import io.equipoise.metrics.Diversity;
import io.equipoise.model.CausalLanguageModel;
import io.equipoise.model.PretrainedModel;
import io.equipoise.model.TextDecoder;
import io.equipoise.sampling.Prompts;
import io.equipoise.sampling.Sampler;
import io.equipoise.sampling.SamplerConfig;
import io.equipoise.sampling.Sequences;
import io.equipoise.target.EnergyBasedTarget;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;

/**
 * Measures policies against a target on fresh samples: KL(p‖π) and TVD(p, π) on samples of the base model, everything
 * else on samples of the policy. The base model's samples are drawn once and serve every policy. With prompts every number is
 * a mean over them, and each has as many samples.
 */
public final class Evaluator {
    /** Self-BLEU compares every text with all others, so it looks at so many. */
    private static final int SELF_BLEU_TEXTS = 500;

    private static final int MICRO_BATCH = 128;

    private final Rollouts rollouts;
    private final EnergyBasedTarget target;
    private final Rollout ofBase;
    private final Partition partition;
    /** The base model's samples with P normalised. */
    private final Rollout weighed;

    private Evaluator(
            CausalLanguageModel base,
            TextDecoder text,
            EnergyBasedTarget target,
            SamplerConfig sampling,
            Prompts prompts,
            SharedWork work,
            Function<Rollouts, Rollout> ofBase) {
        if (sampling.temperature() != 1 || !sampling.truncation().isNone()) {
            throw new IllegalArgumentException(
                    "divergences need samples of the models themselves: temperature 1, no top-k or top-p");
        }
        this.target = target;
        var kernels = new SequenceKernels(KernelProvider.kernels());
        rollouts = new Rollouts(
                base, text, target.constraints(), prompts, new Sampler(sampling), kernels, MICRO_BATCH, work);
        this.ofBase = ofBase.apply(rollouts);
        int[] prompt = prompts.evenly(this.ofBase.size());
        partition = new Partition(prompts.size());
        double[] logWeight = this.ofBase.logWeight();
        for (int i = 0; i < prompt.length; i++) partition.add(prompt[i], logWeight[i]);
        weighed = partition.normalized(this.ofBase, prompt);
    }

    /**
     * Draws the base model's samples.
     *
     * @param sampling its seed must not be the training's, or the samples aren't fresh
     * @param baseSamples on which KL(p‖π), TVD and Z are estimated
     */
    public static Evaluator create(
            PretrainedModel base, EnergyBasedTarget target, SamplerConfig sampling, int baseSamples) {
        return create(base, target, sampling, baseSamples, Prompts.NONE);
    }

    /**
     * The same for texts that go on from prompts.
     *
     * @param baseSamples of all prompts together, rounded up to as many of each
     * @throws IllegalArgumentException if a prompt is too long
     */
    public static Evaluator create(
            PretrainedModel base, EnergyBasedTarget target, SamplerConfig sampling, int baseSamples, Prompts prompts) {
        return create(base.model(), base.tokenizer(), target, sampling, baseSamples, prompts);
    }

    /** The same for a model whose tokens become text in another way. */
    public static Evaluator create(
            CausalLanguageModel base,
            TextDecoder text,
            EnergyBasedTarget target,
            SamplerConfig sampling,
            int baseSamples) {
        return create(base, text, target, sampling, baseSamples, Prompts.NONE);
    }

    /** The same with prompts. */
    public static Evaluator create(
            CausalLanguageModel base,
            TextDecoder text,
            EnergyBasedTarget target,
            SamplerConfig sampling,
            int baseSamples,
            Prompts prompts) {
        return create(base, text, target, sampling, baseSamples, prompts, SharedWork.ALONE);
    }

    /**
     * The same by ranks that divide the samples among them.
     *
     * @param collective each of its ranks makes the same evaluator and calls the same methods
     */
    public static Evaluator create(
            PretrainedModel base,
            EnergyBasedTarget target,
            SamplerConfig sampling,
            int baseSamples,
            Prompts prompts,
            Collective collective) {
        return create(
                base.model(), base.tokenizer(), target, sampling, baseSamples, prompts, new SharedWork(collective));
    }

    private static Evaluator create(
            CausalLanguageModel base,
            TextDecoder text,
            EnergyBasedTarget target,
            SamplerConfig sampling,
            int baseSamples,
            Prompts prompts,
            SharedWork work) {
        int[] prompt = prompts.evenly(baseSamples);
        return new Evaluator(
                base, text, target, sampling, prompts, work, rollouts -> rollouts.rollout(base, prompt, 0, target));
    }

    /**
     * Takes samples of the base model that were drawn before. Policies are asked about those only that p can write, so that
     * rare constraints can be measured on many samples; where there are others, TVD is NaN.
     *
     * @param sampling for the policies' samples; its seed must be another than that of {@code ofBase}
     */
    public static Evaluator create(
            PretrainedModel base, EnergyBasedTarget target, SamplerConfig sampling, Sequences ofBase) {
        return new Evaluator(
                base.model(),
                base.tokenizer(),
                target,
                sampling,
                Prompts.NONE,
                SharedWork.ALONE,
                rollouts -> rollouts.complete(
                        base.model(), ofBase, rollouts.features(ofBase), target, new float[0][], false));
    }

    /** What the base model itself is worth: the state before training. */
    public Evaluation ofBase() {
        int[] prompt = rollouts.prompts().evenly(ofBase.size());
        return evaluation(ofBase, prompt, weighed.sequences().tokenLogProb());
    }

    /**
     * Measures a policy.
     *
     * @param samples fresh samples of the policy, rounded up to as many of each prompt
     */
    public Evaluation of(CausalLanguageModel policy, int samples) {
        float[][] logPolicyOnBase = rollouts.score(policy, weighed);
        int[] prompt = rollouts.prompts().evenly(samples);
        var rollout = rollouts.rollout(policy, prompt, ofBase.size(), target);
        return evaluation(rollout, prompt, logPolicyOnBase);
    }

    /**
     * @param rollout samples of the policy itself, so its log q is log π
     * @param prompt (B) of each
     * @param logPolicyOnBase log π of each token of the base model's samples that are weighed
     */
    private Evaluation evaluation(Rollout rollout, int[] prompt, float[][] logPolicyOnBase) {
        var onBase = Divergences.of(rollouts.energies(weighed, target, logPolicyOnBase, partition.remaining())
                .statistics());
        double klPolicyBase = 0;
        double logBase = 0;
        for (int i = 0; i < rollout.size(); i++) {
            klPolicyBase += (rollout.logProposal()[i] - rollout.logBase()[i]) / rollout.size();
            logBase += rollout.logBase()[i];
        }
        double perToken = logBase / rollout.sequences().generatedTokens();
        var moments = new LinkedHashMap<String, Double>();
        for (int f = 0; f < target.constraints().size(); f++) {
            double sum = 0;
            for (double[] row : rollout.phi()) sum += row[f];
            moments.put(target.constraints().get(f).name(), sum / rollout.size());
        }
        var texts = rollouts.texts(rollout.sequences());
        var written = new ArrayList<Text>();
        for (int i = 0; i < texts.size(); i++) {
            written.add(new Text(rollouts.prompts().text(prompt[i]), texts.get(i), features(rollout.phi()[i])));
        }
        var fewer = texts.subList(0, Math.min(SELF_BLEU_TEXTS, rollout.size()));
        var distinct = new ArrayList<Double>();
        for (int n = 1; n <= 3; n++) distinct.add(Diversity.distinct(n, texts));
        var selfBleu = new ArrayList<Double>();
        for (int n = 3; n <= 5; n++) selfBleu.add(Diversity.selfBleu(n, fewer));
        return new Evaluation(
                moments,
                onBase.klTargetPolicy(),
                onBase.klTargetPolicyError(),
                klPolicyBase,
                onBase.tvdTargetPolicy(),
                partition.logZ(),
                partition.withoutWeight().length,
                perToken,
                Math.exp(-perToken),
                distinct,
                selfBleu,
                written);
    }

    private Map<String, Double> features(double[] phi) {
        var features = new LinkedHashMap<String, Double>();
        for (int f = 0; f < phi.length; f++) {
            features.put(target.constraints().get(f).name(), phi[f]);
        }
        return features;
    }

    /** Texts of an evaluation picked without regard to what they say, the same for the same seed. */
    public static List<Text> pick(Evaluation evaluation, int count, long seed) {
        var random = new Random(seed);
        var picked = new ArrayList<Text>();
        for (int i = 0; i < count && !evaluation.texts().isEmpty(); i++) {
            picked.add(evaluation.texts().get(random.nextInt(evaluation.texts().size())));
        }
        return picked;
    }

    /**
     * What a model wrote.
     *
     * @param prompt that it went on from; empty without one
     * @param text what follows the prompt
     * @param features φ by constraint
     */
    public record Text(String prompt, String text, Map<String, Double> features) {}

    /**
     * What was measured of one policy; logarithms natural. With prompts KL(p‖π), TVD and log Z are means over those of which
     * the base model wrote a text with P &gt; 0.
     *
     * @param moments E_π φ by constraint
     * @param klTargetPolicy KL(p‖π), nats a sequence
     * @param klTargetPolicyError its standard error
     * @param klPolicyBase KL(π‖a), nats a sequence
     * @param tvdTargetPolicy TVD(p, π)
     * @param logZ on the base model's samples
     * @param promptsWithoutWeight how many prompts are left out of KL(p‖π), TVD and log Z because all their texts had P = 0
     * @param logBasePerToken mean log a of the policy's tokens, nats a token
     * @param perplexityUnderBase exp of minus that
     * @param distinct Distinct-1, -2, -3
     * @param selfBleu Self-BLEU-3, -4, -5, of the first 500 texts
     * @param texts what the policy wrote
     */
    public record Evaluation(
            Map<String, Double> moments,
            double klTargetPolicy,
            double klTargetPolicyError,
            double klPolicyBase,
            double tvdTargetPolicy,
            double logZ,
            int promptsWithoutWeight,
            double logBasePerToken,
            double perplexityUnderBase,
            List<Double> distinct,
            List<Double> selfBleu,
            List<Text> texts) {}
}
