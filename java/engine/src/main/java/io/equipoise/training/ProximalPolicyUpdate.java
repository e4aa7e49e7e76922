package io.equipoise.training;

import io.equipoise.kernels.Kernels;
import io.equipoise.kernels.Philox;
import io.equipoise.memory.Vector;
import io.equipoise.model.CausalLanguageModel;
import io.equipoise.model.SequenceCoefficients;
import io.equipoise.objective.ClippedSurrogate;
import io.equipoise.objective.GeneralizedAdvantage;
import io.equipoise.objective.KlControl;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Trains a policy on a batch of its own samples by proximal policy optimisation, as Ziegler et al. (2019) do for {@link
 * KlControl}: every token is rewarded for its share of r − β·log(π/a), advantages are taken against a {@link ValueHead}, and
 * several optimiser steps are made on the {@link ClippedSurrogate} of one batch. Formulas: docs/estimator.md.
 */
final class ProximalPolicyUpdate implements AutoCloseable {
    /** The sampler draws number 0 of a position, {@link Subsampling} number 1. */
    private static final int DRAW = 2;
    /** Keeps advantages that are all the same from being divided by 0 (Ziegler et al.). */
    private static final double LEAST_VARIANCE = 1e-8;

    private final CausalLanguageModel policy;
    private final Adam adam;
    private final TrainingConfig config;
    private final GeneralizedAdvantage advantage;
    private final ClippedSurrogate surrogate;
    private final Optional<ValueHead> head;
    /** Sequences of earlier batches, for the random numbers. */
    private long seen;

    ProximalPolicyUpdate(CausalLanguageModel policy, Adam adam, TrainingConfig config, Kernels kernels) {
        this.policy = policy;
        this.adam = adam;
        this.config = config;
        var options = config.objectiveOptions();
        advantage = new GeneralizedAdvantage(options.gaeLambda());
        surrogate = new ClippedSurrogate(options.clip());
        head = options.baseline()
                ? Optional.of(new ValueHead(policy.width(), options.valueLearningRate(), kernels))
                : Optional.empty();
    }

    /**
     * What came of a batch.
     *
     * @param gradientNorm mean over the updates, before clipping
     */
    record Outcome(double gradientNorm, Step.Ppo numbers) {}

    /**
     * All updates on one batch.
     *
     * @param rollout sampled from the policy as it is
     * @param beta β
     */
    Outcome update(Rollout rollout, double beta, double learningRate) {
        var distinct = DistinctSequences.of(rollout.sequences());
        float[][] old = rollout.sequences().tokenLogProb();
        var hidden = head.isPresent() ? distinct.hiddenStates(policy, config.microBatch()) : new float[0][][];
        double[][] value = head.map(each -> each.values(hidden)).orElseGet(() -> zeros(old));
        double[][] advantages = advantages(rollout, beta, value);
        double[][] returns = sum(advantages, value);
        double[][] weight = config.objectiveOptions().whiten() ? whitened(advantages) : advantages;

        var gradient = new SurrogateGradient(old, weight);
        double norms = 0;
        var minibatches = minibatches(rollout.size());
        for (int[] rows : minibatches) {
            policy.parameters().gradient().clear();
            distinct.accumulateGradient(policy, rows, config.microBatch(), gradient, new float[rollout.size()][]);
            norms += adam.ascend(policy, rows.length, learningRate, config);
            head.ifPresent(each -> each.step(rows, hidden, returns));
        }
        seen += rollout.size();
        double tokens = rollout.sequences().generatedTokens();
        var numbers = new Step.Ppo(
                head.isPresent() ? ValueHead.loss(value, returns) : Double.NaN,
                mean(advantages),
                Arrays.stream(gradient.clipped).sum() / tokens,
                Arrays.stream(gradient.divergence).sum() / tokens);
        return new Outcome(norms / minibatches.size(), numbers);
    }

    /**
     * All of it that changes but the value head's tensors.
     *
     * @param seen sequences of earlier batches
     * @param headSteps steps that the value head has made
     */
    record State(long seen, long headSteps) {
        /** Of a run without it. */
        static final State NONE = new State(0, 0);
    }

    State state() {
        return new State(seen, head.map(ValueHead::steps).orElse(0L));
    }

    void restore(State state) {
        seen = state.seen();
        head.ifPresent(each -> each.restore(state.headSteps()));
    }

    /** The value head's, where there is one. */
    Map<String, Vector> tensors() {
        return head.map(ValueHead::tensors).orElse(Map.of());
    }

    /** The surrogate's coefficients on one batch, and what was seen of each sequence when they were last asked for. */
    private final class SurrogateGradient implements SequenceCoefficients {
        private final float[][] old;
        private final double[][] weight;
        /** (B) clipped tokens. */
        private final int[] clipped;
        /** (B) Σ_t ρ − 1 − log ρ. */
        private final double[] divergence;

        SurrogateGradient(float[][] old, double[][] weight) {
            this.old = old;
            this.weight = weight;
            clipped = new int[old.length];
            divergence = new double[old.length];
        }

        @Override
        public void coefficients(int sequence, float[] tokenLogProb, float[] coefficient) {
            int clips = 0;
            double sum = 0;
            for (int t = 0; t < coefficient.length; t++) {
                double logRatio = (double) tokenLogProb[t] - old[sequence][t];
                double advantageOfToken = weight[sequence][t];
                coefficient[t] = (float) surrogate.coefficient(advantageOfToken, logRatio);
                if (surrogate.clips(advantageOfToken, logRatio)) clips++;
                sum += Math.expm1(logRatio) - logRatio;
            }
            clipped[sequence] = clips;
            divergence[sequence] = sum;
        }
    }

    private double[][] advantages(Rollout rollout, double beta, double[][] value) {
        var objective = new KlControl(beta, false);
        var advantages = new double[value.length][];
        for (int i = 0; i < advantages.length; i++) {
            double[] rewards = objective.tokenRewards(
                    doubles(rollout.sequences().tokenLogProb()[i]),
                    doubles(rollout.base().logProb()[i]),
                    rollout.reward()[i]);
            advantages[i] = advantage.advantages(rewards, value[i]);
        }
        return advantages;
    }

    /** (B, T) less their mean over all tokens, over their standard deviation. */
    private static double[][] whitened(double[][] values) {
        double mean = mean(values);
        double variance = Arrays.stream(values)
                .flatMapToDouble(Arrays::stream)
                .map(each -> (each - mean) * (each - mean))
                .average()
                .orElse(0);
        double scale = 1 / Math.sqrt(variance + LEAST_VARIANCE);
        return Arrays.stream(values)
                .map(row ->
                        Arrays.stream(row).map(each -> (each - mean) * scale).toArray())
                .toArray(double[][]::new);
    }

    private static double mean(double[][] values) {
        return Arrays.stream(values).flatMapToDouble(Arrays::stream).average().orElse(0);
    }

    /** Every epoch's minibatches, in the order of training: each epoch is the batch in an order of its own, cut up. */
    private List<int[]> minibatches(int sequences) {
        // With prompts a batch may have lost those that have no target.
        int parts = Math.min(config.objectiveOptions().minibatches(), sequences);
        return IntStream.range(0, config.objectiveOptions().epochs())
                .boxed()
                .flatMap(epoch -> {
                    int[] order = IntStream.range(0, sequences)
                            .boxed()
                            .sorted(Comparator.comparingDouble(
                                    i -> Philox.uniform(config.seed(), seen + i, epoch, DRAW)))
                            .mapToInt(Integer::intValue)
                            .toArray();
                    return IntStream.range(0, parts)
                            .mapToObj(k -> Arrays.copyOfRange(order, (int) ((long) sequences * k / parts), (int)
                                    ((long) sequences * (k + 1) / parts)));
                })
                .toList();
    }

    private static double[][] sum(double[][] x, double[][] y) {
        var sum = new double[x.length][];
        for (int i = 0; i < x.length; i++) {
            sum[i] = x[i].clone();
            for (int t = 0; t < sum[i].length; t++) sum[i][t] += y[i][t];
        }
        return sum;
    }

    private static double[][] zeros(float[][] like) {
        return Arrays.stream(like).map(row -> new double[row.length]).toArray(double[][]::new);
    }

    private static double[] doubles(float[] values) {
        return IntStream.range(0, values.length).mapToDouble(t -> values[t]).toArray();
    }

    @Override
    public void close() {
        head.ifPresent(ValueHead::close);
    }
}
