package io.equipoise.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.equipoise.kernels.CoefficientRule;
import io.equipoise.model.TabularModel;
import io.equipoise.objective.Divergence;
import io.equipoise.target.Constraint;
import io.equipoise.target.Feature;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Weights that are too large for a number, and batches whose weights say next to nothing. */
class WeightsTest {
    private static final Constraint HALF_START_WITH_A = Constraint.moment(
            "starts with a", Feature.test(text -> text.startsWith("a")).onPrefixes(), 0.5);

    private static TrainingConfigBuilder config() {
        return TrainingConfig.builder()
                .steps(20)
                .batchSize(64)
                .maxTokens(4)
                .momentSamples(2000)
                .learningRate(0.01)
                .checkEvery(1000);
    }

    /** The policy all but rules out what the proposal draws: p/π is e^400, and squared more than a double holds. */
    @ParameterizedTest
    @EnumSource(
            value = Divergence.class,
            names = {"KL", "CHI2"})
    void overflowsAreCountedAndTheRunGoesOn(Divergence divergence) {
        var options = ObjectiveOptions.builder().divergence(divergence).build();
        try (var base = TabularModel.random(3, 4, 20);
                var trainer = Trainer.create(
                        base,
                        TabularModel::text,
                        List.of(HALF_START_WITH_A),
                        config().objective("f-dpg").objectiveOptions(options).build())) {
            float[] weights = trainer.policy().parameters().value().toFloats();
            weights[1] = -400; // of the first token's a
            trainer.policy().parameters().value().put(weights);
            var first = trainer.step();
            if (divergence == Divergence.CHI2) {
                assertThat(first.diagnostics().overflows()).isBetween(5, 59);
                assertThat(first.diagnostics().meanAbsoluteAdvantage())
                        .isGreaterThan(CoefficientRule.LARGEST / 20)
                        .isLessThan(CoefficientRule.LARGEST);
            } else {
                assertThat(first.diagnostics().overflows()).isZero();
            }
            assertThat(first.gradientNorm()).isFinite().isPositive();
            while (!trainer.isFinished()) {
                var step = trainer.step();
                assertThat(step.loss()).as("loss of step %d", step.step()).isFinite();
                assertThat(step.baseline()).isFinite();
            }
            // Towards what it had ruled out.
            assertThat(trainer.policy().parameters().value().toFloats()[1])
                    .isGreaterThan(-400)
                    .isLessThan(-399);
        }
    }

    @Test
    void limitsWithoutTouchingTheRest() {
        double[] coefficient = {1e15, 1.1e15, Double.NEGATIVE_INFINITY, Double.NaN, -3, Double.POSITIVE_INFINITY};
        assertThat(BatchCoefficients.limit(coefficient)).isEqualTo(3);
        assertThat(coefficient).containsExactly(1e15, 1e15, -1e15, Double.NaN, -3, 1e15);
    }

    /** One score of a batch overflows: what is taken from the others is finite, and their sum what it would be without limit. */
    @Test
    void anOverflowLeavesTheOthersABaseline() {
        var objective = TrainingConfig.builder()
                .objective("f-dpg")
                .objectiveOptions(
                        ObjectiveOptions.builder().divergence(Divergence.CHI2).build())
                .build()
                .objectiveFunction();
        double[] value = {-1, -2, -3};
        double[] logProposal = {-1, -2, -3};
        double[] logPolicy = {-400, -2, -3};
        var rule = objective.rule(0, value, logProposal, logPolicy);
        assertThat(CoefficientRule.limited(rule.coefficient(value[0], logProposal[0], logPolicy[0])))
                .isEqualTo(CoefficientRule.LARGEST);
        for (int i = 1; i < value.length; i++) {
            assertThat(rule.coefficient(value[i], logProposal[i], logPolicy[i]))
                    .isCloseTo(-CoefficientRule.LARGEST, within(1e3));
        }
    }

    @Test
    void fewEffectiveSamplesAreSaidOnce() {
        var said = new ArrayList<String>();
        var warnings = new WeightWarnings(config().warnBelowSampleSize(5).build(), said::add);
        warnings.look(1, 64, Double.NaN, 0); // a step that measured nothing
        warnings.look(2, 64, 5, 0);
        assertThat(said).isEmpty();
        warnings.look(3, 64, 1.26, 0);
        warnings.look(4, 64, 0, 0);
        assertThat(said)
                .singleElement()
                .asString()
                .contains("step 3", "64 texts are worth 1.3", "warnBelowSampleSize: 5", "raise batchSize");
        warnings.look(5, 64, 0, 2);
        warnings.look(6, 64, 0, 3);
        assertThat(said)
                .hasSize(2)
                .last()
                .asString()
                .contains("step 5", "2 of 64 coefficients overflowed", "learningRate");
    }

    @Test
    void zeroNeverWarns() {
        var said = new ArrayList<String>();
        new WeightWarnings(config().warnBelowSampleSize(0).build(), said::add).look(1, 64, 0, 0);
        assertThat(said).isEmpty();
    }
}
