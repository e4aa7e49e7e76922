package io.equipoise.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.equipoise.model.TabularModel;
import io.equipoise.target.Constraint;
import io.equipoise.target.Feature;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whole runs on a language that can be listed, so that p, Z, λ and KL(p‖π) are sums. */
class ToyLanguageTest {
    private static final Constraint HALF_START_WITH_A = Constraint.moment(
            "starts with a", Feature.test(text -> text.startsWith("a")).onPrefixes(), 0.5);
    private static final Constraint ALL_HAVE_B =
            Constraint.pointwise("has b", Feature.test(t -> t.contains("b")).onPrefixes());

    static Stream<Arguments> runs() {
        var offPolicy = config();
        var onPolicy = config().onPolicy(true);
        var gdc = config().objective("gdc");
        var corrected = config().momentCorrection(0.1);
        return Stream.of(
                Arguments.of("pointwise", List.of(ALL_HAVE_B), offPolicy),
                Arguments.of("distributional", List.of(HALF_START_WITH_A), offPolicy),
                Arguments.of("hybrid", List.of(ALL_HAVE_B, HALF_START_WITH_A), offPolicy),
                Arguments.of("hybrid, on-policy", List.of(ALL_HAVE_B, HALF_START_WITH_A), onPolicy),
                Arguments.of("distributional, gdc", List.of(HALF_START_WITH_A), gdc),
                Arguments.of("distributional, moment correction", List.of(HALF_START_WITH_A), corrected));
    }

    private static TrainingConfigBuilder config() {
        return TrainingConfig.builder()
                .steps(400)
                .batchSize(512)
                .maxTokens(4)
                .momentSamples(40_000)
                .learningRate(0.1)
                .schedule(Schedule.COSINE)
                .checkEvery(5)
                .seed(3);
    }

    /** KL(p‖π) summed over the language, for p ∝ a·exp(potential). */
    private static double klTargetPolicy(double[] logTarget, double[] logPolicy) {
        double z = Arrays.stream(logTarget).map(Math::exp).sum();
        double kl = 0;
        for (int i = 0; i < logTarget.length; i++) {
            double logP = logTarget[i] - Math.log(z);
            if (logP > Double.NEGATIVE_INFINITY) kl += Math.exp(logP) * (logP - logPolicy[i]);
        }
        return kl;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("runs")
    void trainingReachesTheTarget(String name, List<Constraint> constraints, TrainingConfigBuilder config) {
        try (var base = TabularModel.random(3, 4, 20);
                var trainer = Trainer.create(base, TabularModel::text, constraints, config.build())) {
            while (!trainer.isFinished()) trainer.step();

            int[][] all = base.sequences();
            List<String> texts = TabularModel.text(List.of(all));
            double[] logBase = base.logProbs(all);
            var logTarget = new double[all.length];
            for (int i = 0; i < all.length; i++) {
                var phi = new double[constraints.size()];
                for (int f = 0; f < phi.length; f++)
                    phi[f] = constraints.get(f).feature().score(texts.get(i));
                logTarget[i] = logBase[i] + trainer.target().logPotential(phi);
            }
            double[] logPolicy = ((TabularModel) trainer.policy()).logProbs(all);
            assertThat(klTargetPolicy(logTarget, logBase)).as("KL(p‖a)").isGreaterThan(0.1);
            assertThat(klTargetPolicy(logTarget, logPolicy)).as("KL(p‖π)").isLessThan(0.01);

            double z = Arrays.stream(logTarget).map(Math::exp).sum();
            assertThat(trainer.logZ()).as("log Z").isCloseTo(Math.log(z), within(0.02));
            for (int f = 0; f < constraints.size(); f++) {
                double moment = 0;
                for (int i = 0; i < all.length; i++) {
                    moment += Math.exp(logPolicy[i])
                            * constraints.get(f).feature().score(texts.get(i));
                }
                assertThat(moment).isCloseTo(constraints.get(f).moment(), within(0.03));
            }
        }
    }

    @Test
    void oneSeedGivesOneRun() {
        var config = config().steps(20).momentSamples(2000).build();
        assertThat(run(config)).isEqualTo(run(config));
    }

    private static List<Double> run(TrainingConfig config) {
        try (var base = TabularModel.random(3, 4, 20);
                var trainer = Trainer.create(base, TabularModel::text, List.of(HALF_START_WITH_A), config)) {
            return Stream.generate(() -> trainer.step().loss()).limit(20).toList();
        }
    }
}
