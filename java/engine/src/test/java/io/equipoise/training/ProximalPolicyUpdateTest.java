package io.equipoise.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.equipoise.kernels.KernelProvider;
import io.equipoise.model.TabularModel;
import io.equipoise.model.TokenScores;
import io.equipoise.sampling.Sampler;
import io.equipoise.sampling.SamplerConfig;
import io.equipoise.sampling.Sequences;
import io.equipoise.target.Constraint;
import io.equipoise.target.Feature;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code objective: ppo} on a language that can be listed. */
class ProximalPolicyUpdateTest {
    private static final Constraint HALF_START_WITH_A = Constraint.moment(
            "starts with a", Feature.test(text -> text.startsWith("a")).onPrefixes(), 0.5);
    private static final Constraint ALL_HAVE_B =
            Constraint.pointwise("has b", Feature.test(t -> t.contains("b")).onPrefixes());

    private static ObjectiveOptionsBuilder options() {
        return ObjectiveOptions.builder().targetKl(0).valueLearningRate(0.05);
    }

    private static TrainingConfigBuilder config(ObjectiveOptionsBuilder options) {
        return TrainingConfig.builder()
                .objective("ppo")
                .objectiveOptions(options.build())
                .onPolicy(true)
                .steps(150)
                .batchSize(512)
                .maxTokens(3)
                .momentSamples(20_000)
                .learningRate(0.05)
                .schedule(Schedule.COSINE)
                .seed(5);
    }

    static Stream<Arguments> towardsTheOptimum() {
        return Stream.of(
                Arguments.of("moment", HALF_START_WITH_A, 0.5, options()),
                Arguments.of("moment, large beta", HALF_START_WITH_A, 2, options()),
                Arguments.of("pointwise", ALL_HAVE_B, 0.5, options()),
                Arguments.of(
                        "minibatches, not whitened",
                        ALL_HAVE_B,
                        0.5,
                        options().minibatches(4).whiten(false)),
                Arguments.of(
                        "no value head",
                        ALL_HAVE_B,
                        0.5,
                        options().baseline(false).gaeLambda(1)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void towardsTheOptimum(String name, Constraint constraint, double beta, ObjectiveOptionsBuilder options) {
        var outcome = ToyObjectivesTest.Outcome.of(
                List.of(constraint), config(options.beta(beta)).build());
        double[] optimum = IntStream.range(0, outcome.reward().length)
                .mapToDouble(i -> outcome.logBase()[i] + outcome.reward()[i] / beta)
                .toArray();
        assertThat(outcome.distance(optimum)).as("TVD(a·exp(r/β), π)").isLessThan(0.05);
    }

    private static Rollout rollout(TabularModel policy, TabularModel base, int count) {
        var sequences = new Sampler(SamplerConfig.of(3, 11)).sample(policy, count, 0);
        float[][] logBase = base.tokenLogProbs(sequences.tokens(), sequences.promptLength(), 64);
        var scored = new boolean[count];
        Arrays.fill(scored, true);
        double[] reward = Arrays.stream(sequences.tokens())
                .mapToDouble(tokens -> tokens.length + 0.5 * tokens[1])
                .toArray();
        double[] sums = Sequences.sum(logBase);
        return new Rollout(
                sequences,
                new double[count][0],
                sequences.logProb(),
                TokenScores.of(logBase),
                sums,
                sums,
                reward,
                scored);
    }

    /** Σ_i Σ_t A_it·∇ log π_it with A in so many words: later rewards alone, for a new head is 0 and λ is 1. */
    private static float[] wanted(Rollout rollout, TabularModel policy, double beta, boolean whiten) {
        var sequences = rollout.sequences();
        var advantage = new double[rollout.size()][];
        for (int i = 0; i < advantage.length; i++) {
            int length = sequences.tokenLogProb()[i].length;
            advantage[i] = new double[length];
            for (int t = 0; t < length; t++) {
                advantage[i][t] = rollout.reward()[i];
                for (int k = t; k < length; k++) {
                    advantage[i][t] -= beta
                            * (sequences.tokenLogProb()[i][k] - rollout.base().logProb()[i][k]);
                }
            }
        }
        double[] flat = Arrays.stream(advantage).flatMapToDouble(Arrays::stream).toArray();
        double mean = whiten ? Arrays.stream(flat).average().orElseThrow() : 0;
        double deviation = whiten
                ? Math.sqrt(Arrays.stream(flat)
                        .map(a -> (a - mean) * (a - mean))
                        .average()
                        .orElseThrow())
                : 1;
        policy.parameters().gradient().clear();
        policy.accumulateGradient(sequences.tokens(), sequences.promptLength(), 64, (i, logProb, c) -> {
            for (int t = 0; t < c.length; t++) c[t] = (float) ((advantage[i][t] - mean) / deviation);
        });
        return policy.parameters().gradient().toFloats();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theGradientIsOfLaterRewardsAndTheBatchIsGoneOverAsOftenAsTold(boolean whiten) {
        double beta = 0.7;
        var once = config(options().gaeLambda(1).epochs(1).whiten(whiten)).build();
        var often = config(options()
                        .gaeLambda(1)
                        .epochs(3)
                        .minibatches(2)
                        .whiten(whiten)
                        .clip(0.05))
                .build();
        try (var base = TabularModel.random(2, 3, 20);
                var policy = TabularModel.random(2, 3, 21);
                var other = (TabularModel) policy.copy();
                var adam = new Adam(
                        KernelProvider.kernels(), policy.parameters().value().size(), any -> true);
                var update = new ProximalPolicyUpdate(policy, adam, once, KernelProvider.kernels());
                var otherAdam = new Adam(
                        KernelProvider.kernels(), policy.parameters().value().size(), any -> true);
                var updates = new ProximalPolicyUpdate(other, otherAdam, often, KernelProvider.kernels())) {
            policy.trainable(any -> true);
            other.trainable(any -> true);
            var rollout = rollout(policy, base, 100);
            float[] wanted = wanted(rollout, policy, beta, whiten);
            double norm = policy.gradientNorm() / 100;

            var outcome = update.update(rollout, beta, 0.05);
            float[] gradient = policy.parameters().gradient().toFloats();
            for (int k = 0; k < wanted.length; k++) {
                assertThat(gradient[k]).as("logit %d", k).isCloseTo(wanted[k], within(2e-3f));
            }
            assertThat(outcome.gradientNorm()).isCloseTo(norm, within(1e-4));
            assertThat(outcome.numbers().clipShare()).isZero();
            assertThat(outcome.numbers().approximateKl()).isCloseTo(0, within(1e-9));
            // Adam's first step moves every logit by the learning rate, as far as it has a gradient.
            var moved = policy.parameters().value().toFloats();
            assertThat(moved[0] - other.parameters().value().toFloats()[0])
                    .isCloseTo(Math.signum(wanted[0]) * 0.05f, Offset.offset(1e-3f));

            var numbers = updates.update(rollout, beta, 0.05).numbers();
            assertThat(numbers.clipShare()).isBetween(0.1, 0.9);
            assertThat(numbers.approximateKl()).isBetween(1e-3, 0.2);
            assertThat(numbers.meanAdvantage()).isEqualTo(outcome.numbers().meanAdvantage());
            assertThat(numbers.valueLoss()).isPositive();
        }
    }

    private static List<Step> steps(TrainingConfig config) {
        try (var base = TabularModel.random(2, 3, 20);
                var trainer = Trainer.create(base, TabularModel::text, List.of(ALL_HAVE_B), config)) {
            return Stream.generate(trainer::step).limit(config.steps()).toList();
        }
    }

    @Test
    void aStepTellsWhatOnlyPpoHas() {
        var steps = steps(config(options().beta(0.5)).steps(60).build());
        var first = steps.get(0).ppo().orElseThrow();
        var last = steps.get(59).ppo().orElseThrow();
        assertThat(last.valueLoss()).as("the value head learns").isLessThan(0.5 * first.valueLoss());
        assertThat(Math.abs(last.meanAdvantage())).isLessThan(0.2 * Math.abs(first.meanAdvantage()));
        assertThat(first.approximateKl()).isPositive();
        assertThat(steps.get(0).beta()).isEqualTo(0.5);

        var without = options().baseline(false).gaeLambda(1);
        assertThat(steps(config(without).steps(1).build())
                        .get(0)
                        .ppo()
                        .orElseThrow()
                        .valueLoss())
                .isNaN();
        var other = config(options()).objective("kl-control").steps(1).build();
        assertThat(steps(other).get(0).ppo()).isEmpty();
    }

    @Test
    void betaMovesWithTheDivergence() {
        var config = config(options().beta(0.1).targetKl(0.05).horizon(5000))
                .steps(40)
                .build();
        var steps = steps(config);
        assertThat(steps.get(39).beta()).isGreaterThan(steps.get(20).beta());
        assertThat(steps.get(20).beta()).isNotEqualTo(0.1);
    }

    @Test
    void oneSeedGivesOneRun() {
        var config = config(options().minibatches(3)).steps(10).build();
        assertThat(steps(config).stream().map(Step::ppo).toList())
                .isEqualTo(steps(config).stream().map(Step::ppo).toList());
        var other = config(options().minibatches(3)).steps(10).seed(6).build();
        assertThat(steps(other).get(9).ppo()).isNotEqualTo(steps(config).get(9).ppo());
    }

    @Test
    void whatHasNoMeaningIsRefused() {
        refused(config(options()).onPolicy(false), "objective ppo needs onPolicy: true: its ratios are");
        refused(config(options()).gradientSubsampling(0.5), "gradientSubsampling must be 1 with objective ppo");
        refused(config(options()).gradientDiagnosticsEvery(1), "gradientDiagnosticsEvery must be 0 with objective ppo");
        refused(
                config(options().minibatches(600)),
                "objectiveOptions.minibatches must be at most batchSize (512), got 600");
        refused(config(options().baseline(false)), "objectiveOptions.gaeLambda must be 1 with baseline: false");
        refused(config(options()).momentCorrection(0.1), "momentCorrection must be 0 with objective ppo");
        refused(options().clip(0), "objectiveOptions.clip must be > 0, got 0.0");
        refused(options().epochs(0), "objectiveOptions.epochs must be >= 1, got 0");
        refused(options().minibatches(0), "objectiveOptions.minibatches must be >= 1, got 0");
        refused(options().gaeLambda(1.5), "objectiveOptions.gaeLambda must be in [0, 1], got 1.5");
        refused(options().valueLearningRate(0), "objectiveOptions.valueLearningRate must be > 0, got 0.0");
    }

    private static void refused(TrainingConfigBuilder config, String message) {
        assertThatThrownBy(config::build)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    private static void refused(ObjectiveOptionsBuilder options, String message) {
        assertThatThrownBy(options::build)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }
}
