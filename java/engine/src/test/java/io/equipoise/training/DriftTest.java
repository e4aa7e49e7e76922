package io.equipoise.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.equipoise.model.TabularModel;
import io.equipoise.target.Constraint;
import io.equipoise.target.Feature;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A learning rate far too high makes π worse than q at every check. */
class DriftTest {
    private static TrainingConfigBuilder tooFast(OnDrift onDrift) {
        return TrainingConfig.builder()
                .steps(60)
                .batchSize(64)
                .maxTokens(4)
                .momentSamples(2000)
                .learningRate(3)
                .checkEvery(2)
                .onDrift(onDrift)
                .seed(1);
    }

    /** What a run did, whether drift stopped it, and KL(p‖π) of its policy, summed over the language. */
    private record Run(List<Step> steps, boolean stopped, double kl) {}

    private static Run run(TrainingConfig config) {
        var starts = Constraint.moment(
                "starts with a", Feature.test(text -> text.startsWith("a")).onPrefixes(), 0.5);
        var steps = new ArrayList<Step>();
        try (var base = TabularModel.random(3, 4, 20);
                var trainer = Trainer.create(base, TabularModel::text, List.of(starts), config)) {
            while (!trainer.isFinished()) steps.add(trainer.step());
            assertThatThrownBy(trainer::step).isInstanceOf(IllegalStateException.class);
            int[][] all = base.sequences();
            double[] logBase = base.logProbs(all);
            double[] logPolicy = ((TabularModel) trainer.policy()).logProbs(all);
            double lambda = trainer.target().lambda()[0];
            double z = 0;
            double cross = 0;
            for (int i = 0; i < all.length; i++) {
                double logP = logBase[i] + (all[i][1] == 1 ? lambda : 0);
                z += Math.exp(logP);
                cross += Math.exp(logP) * (logP - logPolicy[i]);
            }
            return new Run(steps, trainer.isStoppedByDrift(), cross / z - Math.log(z));
        }
    }

    private static long drifts(List<Step> steps) {
        return steps.stream()
                .filter(step -> step.check().outcome() == Step.Outcome.DRIFTED)
                .count();
    }

    @Test
    void warningGoesOn() {
        var run = run(tooFast(OnDrift.WARN).build());
        assertThat(run.steps()).hasSize(60);
        assertThat(run.stopped()).isFalse();
        assertThat(drifts(run.steps())).isPositive();
        assertThat(run.steps().get(59).learningRate()).isEqualTo(3);
    }

    @Test
    void stoppingEndsTheRunAtTheThirdCheckInARow() {
        var run = run(tooFast(OnDrift.STOP).build());
        int count = run.steps().size();
        assertThat(count).isLessThan(60);
        assertThat(run.stopped()).isTrue();
        var last = run.steps().get(count - 1).check();
        assertThat(last.outcome()).isEqualTo(Step.Outcome.DRIFTED);
        assertThat(last.klTargetPolicy()).isGreaterThan(last.klTargetProposal());
        for (int back = 3; back <= 5; back += 2) {
            assertThat(run.steps().get(count - back).check().outcome()).isEqualTo(Step.Outcome.KEPT);
        }
    }

    @Test
    void rollingBackHalvesTheLearningRateUntilTheRunConverges() {
        var mended = run(tooFast(OnDrift.ROLLBACK).steps(150).build());
        long drifts = drifts(mended.steps());
        assertThat(drifts).isPositive();
        assertThat(mended.steps().get(149).learningRate()).isLessThanOrEqualTo(3 * Math.pow(0.5, drifts - 1));
        var diverged = run(tooFast(OnDrift.WARN).steps(150).build());
        assertThat(mended.kl()).isLessThan(0.5 * diverged.kl());
    }
}
