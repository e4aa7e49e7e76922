package io.equipoise.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.equipoise.model.TabularModel;
import io.equipoise.objective.Divergence;
import io.equipoise.target.Constraint;
import io.equipoise.target.Feature;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Whole runs of every objective on a language that can be listed, each to the optimum that is known of it. */
class ToyObjectivesTest {
    private static final Constraint HALF_START_WITH_A = Constraint.moment(
            "starts with a", Feature.test(text -> text.startsWith("a")).onPrefixes(), 0.5);
    private static final Constraint ALL_HAVE_B =
            Constraint.pointwise("has b", Feature.test(t -> t.contains("b")).onPrefixes());

    private static TrainingConfigBuilder config(String objective) {
        return TrainingConfig.builder()
                .objective(objective)
                .steps(120)
                .batchSize(512)
                .maxTokens(3)
                .momentSamples(20_000)
                .learningRate(0.1)
                .schedule(Schedule.COSINE)
                .checkEvery(5)
                .seed(5);
    }

    private static ObjectiveOptionsBuilder options() {
        return ObjectiveOptions.builder();
    }

    /** What is known of the language after a run. */
    record Outcome(double[] logBase, double[] logTarget, double[] reward, double[] logPolicy) {
        static Outcome of(List<Constraint> constraints, TrainingConfig config) {
            try (var base = TabularModel.random(2, 3, 20);
                    var trainer = Trainer.create(base, TabularModel::text, constraints, config)) {
                while (!trainer.isFinished()) trainer.step();
                int[][] all = base.sequences();
                double[][] phi = TabularModel.text(List.of(all)).stream()
                        .map(text -> constraints.stream()
                                .mapToDouble(each -> each.feature().score(text))
                                .toArray())
                        .toArray(double[][]::new);
                double[] logBase = base.logProbs(all);
                double[] potential = trainer.target().logPotential(phi);
                return new Outcome(
                        logBase,
                        IntStream.range(0, all.length)
                                .mapToDouble(i -> logBase[i] + potential[i])
                                .toArray(),
                        trainer.target().reward(phi),
                        ((TabularModel) trainer.policy()).logProbs(all));
            }
        }

        /** Total variation between π and what a log-probability without its normaliser stands for. */
        double distance(double[] logUnnormalised) {
            double z = Arrays.stream(logUnnormalised).map(Math::exp).sum();
            return IntStream.range(0, logPolicy.length)
                    .mapToDouble(i -> Math.abs(Math.exp(logPolicy[i]) - Math.exp(logUnnormalised[i]) / z) / 2)
                    .sum();
        }

        double expectedReward() {
            return IntStream.range(0, logPolicy.length)
                    .mapToDouble(i -> Math.exp(logPolicy[i]) * reward[i])
                    .sum();
        }
    }

    static Stream<Arguments> towardsTheTarget() {
        return Stream.of(
                Arguments.of("alpha-dpg 0.5", HALF_START_WITH_A, config("alpha-dpg")),
                Arguments.of("alpha-dpg 0.5, pointwise", ALL_HAVE_B, config("alpha-dpg")),
                Arguments.of(
                        "alpha-dpg 1, on-policy",
                        HALF_START_WITH_A,
                        config("alpha-dpg")
                                .objectiveOptions(options().alpha(1).build())
                                .onPolicy(true)),
                Arguments.of("trajectory-balance", HALF_START_WITH_A, config("trajectory-balance")),
                Arguments.of(
                        "trajectory-balance, on-policy",
                        HALF_START_WITH_A,
                        config("trajectory-balance").onPolicy(true)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void towardsTheTarget(String name, Constraint constraint, TrainingConfigBuilder config) {
        var outcome = Outcome.of(List.of(constraint), config.build());
        assertThat(outcome.distance(outcome.logTarget())).as("TVD(p, π)").isLessThan(0.05);
    }

    @ParameterizedTest
    @EnumSource
    void everyDivergenceIsLeastAtTheTarget(Divergence divergence) {
        var chosen = options().divergence(divergence).build();
        var offPolicy = config("f-dpg").objectiveOptions(chosen);
        var outcome = Outcome.of(List.of(HALF_START_WITH_A), offPolicy.build());
        assertThat(outcome.distance(outcome.logBase())).as("TVD(a, π)").isGreaterThan(0.1);
        assertThat(outcome.distance(outcome.logTarget())).as("TVD(p, π)").isLessThan(0.05);
        var onPolicy = config("f-dpg").objectiveOptions(chosen).onPolicy(true);
        var onlyTexts = Outcome.of(List.of(HALF_START_WITH_A), onPolicy.build());
        assertThat(onlyTexts.distance(onlyTexts.logTarget()))
                .as("TVD(p, π), on-policy")
                .isLessThan(0.05);
    }

    @Test
    void klControlReachesTheEnergyBasedModelOfItsReward() {
        for (var constraint : List.of(HALF_START_WITH_A, ALL_HAVE_B)) {
            for (double beta : new double[] {0.5, 2}) {
                var config = config("kl-control")
                        .objectiveOptions(options().beta(beta).targetKl(0).build())
                        .onPolicy(true)
                        .build();
                var outcome = Outcome.of(List.of(constraint), config);
                double[] optimum = IntStream.range(0, outcome.reward().length)
                        .mapToDouble(i -> outcome.logBase()[i] + outcome.reward()[i] / beta)
                        .toArray();
                assertThat(outcome.distance(optimum))
                        .as("%s, beta %s", constraint.name(), beta)
                        .isLessThan(0.05);
            }
        }
    }

    @Test
    void reinforceWinsTheRewardAndLosesTheModel() {
        var config = config("reinforce").onPolicy(true).build();
        var outcome = Outcome.of(List.of(ALL_HAVE_B), config);
        assertThat(outcome.expectedReward()).isGreaterThan(0.99);
        assertThat(outcome.distance(outcome.logTarget())).as("TVD(p, π)").isGreaterThan(0.1);
    }

    @Test
    void reinforceOfTheTargetCollapsesOntoItsLikeliestText() {
        var config = config("reinforce-p").onPolicy(true).build();
        var outcome = Outcome.of(List.of(ALL_HAVE_B), config);
        double[] target = outcome.logTarget();
        int best = IntStream.range(0, target.length)
                .reduce((i, j) -> target[i] >= target[j] ? i : j)
                .orElseThrow();
        assertThat(Math.exp(outcome.logPolicy()[best])).isGreaterThan(0.95);
    }

    @Test
    void offPolicyReinforceAgreesWithOnPolicy() {
        var config = config("reinforce").proposalUpdate(ProposalUpdate.INTERVAL).build();
        assertThat(Outcome.of(List.of(ALL_HAVE_B), config).expectedReward()).isGreaterThan(0.99);
    }

    @Test
    void betaMovesUntilTheDivergenceIsTheWanted() {
        double wanted = 0.15;
        var config = config("kl-control")
                .objectiveOptions(
                        options().beta(1).targetKl(wanted).horizon(5000).build())
                .onPolicy(true)
                .schedule(Schedule.CONSTANT)
                .learningRate(0.05)
                .steps(300)
                .build();
        var outcome = Outcome.of(List.of(HALF_START_WITH_A), config);
        double kl = IntStream.range(0, outcome.logPolicy().length)
                .mapToDouble(i -> Math.exp(outcome.logPolicy()[i]) * (outcome.logPolicy()[i] - outcome.logBase()[i]))
                .sum();
        assertThat(kl).isCloseTo(wanted, within(0.03));
    }

    @Test
    void whatHasNoMeaningIsRefused() {
        try (var base = TabularModel.random(2, 3, 20)) {
            for (var config : List.of(
                    config("trajectory-balance"),
                    config("alpha-dpg").objectiveOptions(options().alpha(1).build()),
                    config("f-dpg")
                            .objectiveOptions(
                                    options().divergence(Divergence.REVERSE_KL).build()))) {
                assertThatThrownBy(() -> Trainer.create(base, TabularModel::text, List.of(ALL_HAVE_B), config.build()))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("has no meaning with the pointwise constraint 'has b'");
            }
        }
        assertThatThrownBy(() -> config("reinforce").build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("set onPolicy: true (usual) or proposalUpdate: interval");
        assertThatThrownBy(() -> config("kl-control")
                        .onPolicy(true)
                        .momentCorrection(0.1)
                        .build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("momentCorrection must be 0 with objective kl-control");
        assertThatThrownBy(() -> config("dpg").build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("objective must be one of gdc++, gdc, reinforce");
        assertThatThrownBy(() -> options().beta(0).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("objectiveOptions.beta must be > 0, got 0.0");
    }
}
