package io.equipoise.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.equipoise.kernels.KernelProvider;
import io.equipoise.model.TabularModel;
import io.equipoise.objective.GeneralizedAdvantage;
import io.equipoise.sampling.Sampler;
import io.equipoise.sampling.SamplerConfig;
import io.equipoise.sampling.Sequences;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ValueHeadTest {
    private static final long SEED = 31;

    @Test
    void findsALinearFunctionOfTheHiddenStates() {
        var random = new Random(SEED);
        var hidden = new float[20][3][4];
        var returns = new double[20][3];
        for (int i = 0; i < hidden.length; i++) {
            for (int t = 0; t < 3; t++) {
                for (int d = 0; d < 4; d++) hidden[i][t][d] = (float) random.nextGaussian();
                returns[i][t] = 0.5 * hidden[i][t][0] - 2 * hidden[i][t][3] + 0.25;
            }
        }
        int[] rows = IntStream.range(0, hidden.length).toArray();
        try (var head = new ValueHead(4, 0.05, KernelProvider.kernels())) {
            double[][] before = head.values(hidden);
            assertThat(before[7]).containsExactly(0, 0, 0);
            for (int step = 0; step < 400; step++) head.step(rows, hidden, returns);
            assertThat(ValueHead.loss(before, returns)).isGreaterThan(1);
            assertThat(ValueHead.loss(head.values(hidden), returns)).isLessThan(1e-4);
        }
    }

    @Test
    void itsLossIsHalfTheSquaredErrorAToken() {
        assertThat(ValueHead.loss(new double[][] {{1, 2}, {0}}, new double[][] {{1, 4}, {-1}}))
                .isCloseTo(5 / 6.0, within(1e-12));
        assertThat(ValueHead.loss(new double[0][], new double[0][])).isZero();
    }

    /** E‖Σ_t A_t·∇ log π_t‖² over the whole language, A the reward to come less the value. */
    private static double secondMoment(TabularModel model, double[] reward, double[][] value) {
        int[][] all = model.sequences();
        double[] logProb = model.logProbs(all);
        double sum = 0;
        for (int i = 0; i < all.length; i++) {
            double[] advantage = new GeneralizedAdvantage(1).advantages(rewards(all[i], reward[i]), value[i]);
            model.parameters().gradient().clear();
            model.accumulateGradient(new int[][] {all[i]}, new int[] {1}, 1, (sequence, logProbs, c) -> {
                for (int t = 0; t < c.length; t++) c[t] = (float) advantage[t];
            });
            sum += Math.exp(logProb[i]) * Math.pow(model.gradientNorm(), 2);
        }
        return sum;
    }

    private static double[] rewards(int[] tokens, double reward) {
        var rewards = new double[tokens.length - 1];
        rewards[rewards.length - 1] = reward;
        return rewards;
    }

    /** 1 for a text that begins with its first letter, and a little for each further one. */
    private static double reward(int[] tokens) {
        return (tokens[1] == 1 ? 1 : 0)
                + 0.2 * Arrays.stream(tokens).filter(token -> token > 0).count();
    }

    @Test
    void aHeadTrainedOnSamplesLowersTheVarianceOfTheGradient() {
        try (var model = TabularModel.random(2, 3, SEED);
                var head = new ValueHead(model.width(), 0.05, KernelProvider.kernels())) {
            Sequences sample = new Sampler(SamplerConfig.of(3, SEED)).sample(model, 2000, 0);
            float[][][] hidden = model.hiddenStates(sample.tokens(), sample.promptLength(), 64);
            double[][] returns = Arrays.stream(sample.tokens())
                    .map(tokens -> {
                        var same = new double[tokens.length - 1];
                        Arrays.fill(same, reward(tokens));
                        return same;
                    })
                    .toArray(double[][]::new);
            int[] rows = IntStream.range(0, sample.size()).toArray();
            for (int step = 0; step < 200; step++) head.step(rows, hidden, returns);

            int[][] all = model.sequences();
            var prompt = new int[all.length];
            Arrays.fill(prompt, 1);
            double[] reward =
                    Arrays.stream(all).mapToDouble(ValueHeadTest::reward).toArray();
            double[][] values = head.values(model.hiddenStates(all, prompt, 64));
            double[][] nothing =
                    Arrays.stream(values).map(row -> new double[row.length]).toArray(double[][]::new);
            model.trainable(any -> true);
            // Unbiased either way, so the second moments differ as the variances do.
            assertThat(secondMoment(model, reward, values)).isLessThan(0.5 * secondMoment(model, reward, nothing));
        }
    }
}
