package io.equipoise.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.equipoise.model.TabularModel;
import io.equipoise.target.Constraint;
import io.equipoise.target.Feature;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A run that goes on from a checkpoint with another number of steps. */
class ExtendedRunTest {
    private static final Constraint CONSTRAINT =
            Constraint.moment("starts with a", Feature.test(text -> text.startsWith("a")), 0.6);
    private static final int SHORT = 6;
    private static final int LONG = 10;

    @TempDir
    private Path temporary = Path.of("");

    private static TrainingConfigBuilder config(Schedule schedule, int steps) {
        return TrainingConfig.builder()
                .steps(steps)
                .schedule(schedule)
                .warmupSteps(2)
                .batchSize(32)
                .maxTokens(4)
                .momentSamples(2000)
                .momentCorrection(0.2)
                .learningRate(0.05)
                .checkEvery(2)
                .proposalUpdate(ProposalUpdate.INTERVAL)
                .seed(5);
    }

    /** What is left of a run, and where it came to. */
    private record Run(List<String> steps, List<Double> learningRates, float[] policy) {}

    private static Run finish(Trainer trainer) {
        var steps = new ArrayList<String>();
        var rates = new ArrayList<Double>();
        while (!trainer.isFinished()) {
            var step = trainer.step();
            steps.add(step.toString().replaceFirst("seconds=\\{[^}]*}", ""));
            rates.add(step.learningRate());
        }
        return new Run(steps, rates, trainer.policy().parameters().value().toFloats());
    }

    private static Trainer trainer(TabularModel base, TrainingConfig config) {
        return Trainer.create(base, TabularModel::text, List.of(CONSTRAINT), config);
    }

    private static Run whole(TrainingConfig config) {
        try (var base = TabularModel.random(3, 4, 20);
                var trainer = trainer(base, config)) {
            return finish(trainer);
        }
    }

    /** @param made steps after which the checkpoint is written */
    private Path checkpoint(TrainingConfig config, int made) throws IOException {
        try (var base = TabularModel.random(3, 4, 20);
                var trainer = trainer(base, config)) {
            for (int step = 0; step < made; step++) trainer.step();
            try (var checkpoint = trainer.checkpoint()) {
                return new CheckpointFolder(temporary.resolve("run"), 1, false, Checkpoint.PolicyWriter.weights())
                        .write(checkpoint, Map.of());
            }
        }
    }

    private static Run goOn(Path from, TrainingConfig config) {
        try (var base = TabularModel.random(3, 4, 20);
                var trainer = trainer(base, config);
                var checkpoint = Checkpoint.read(from)) {
            trainer.restore(checkpoint);
            return finish(trainer);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {3, SHORT})
    void withAConstantScheduleIsToTheBitTheLongRun(int made) throws IOException {
        var whole = whole(config(Schedule.CONSTANT, LONG).build());
        var extended = goOn(
                checkpoint(config(Schedule.CONSTANT, SHORT).build(), made),
                config(Schedule.CONSTANT, LONG).build());
        assertThat(extended.steps()).isEqualTo(whole.steps().subList(made, LONG));
        assertThat(extended.policy()).isEqualTo(whole.policy());
    }

    @ParameterizedTest
    @EnumSource(
            value = Schedule.class,
            names = {"LINEAR", "COSINE"})
    void otherSchedulesAreThoseOfTheNewLengthFromThereOn(Schedule schedule) throws IOException {
        var extended = goOn(
                checkpoint(config(schedule, SHORT).build(), SHORT),
                config(schedule, LONG).build());
        assertThat(extended.learningRates()).hasSize(LONG - SHORT);
        for (int i = 0; i < LONG - SHORT; i++) {
            assertThat(extended.learningRates().get(i))
                    .as("step %d", SHORT + i + 1)
                    .isCloseTo(0.05 * schedule.factor(SHORT + i + 1, 2, LONG), within(1e-12));
        }
        assertThat(extended.steps())
                .isNotEqualTo(whole(config(schedule, LONG).build()).steps().subList(SHORT, LONG));
    }

    @Test
    void canEndEarlierButNotBeforeTheCheckpoint() throws IOException {
        var whole = whole(config(Schedule.CONSTANT, SHORT).build());
        var from = checkpoint(config(Schedule.CONSTANT, LONG).build(), 4);
        var ended = goOn(from, config(Schedule.CONSTANT, SHORT).build());
        assertThat(ended.steps()).isEqualTo(whole.steps().subList(4, SHORT));
        assertThat(ended.policy()).isEqualTo(whole.policy());
        assertThatThrownBy(() -> goOn(from, config(Schedule.CONSTANT, 3).build()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("made after step 4, got training.steps = 3");
    }

    @Test
    void afterADriftThereIsNothingToExtend() throws IOException {
        var drifting = config(Schedule.CONSTANT, 40)
                .learningRate(3)
                .momentCorrection(0)
                .proposalUpdate(ProposalUpdate.KL)
                .checkEvery(1)
                .driftChecks(2)
                .onDrift(OnDrift.STOP);
        Path from;
        try (var base = TabularModel.random(3, 4, 20);
                var trainer = trainer(base, drifting.build())) {
            while (!trainer.isFinished()) trainer.step();
            assertThat(trainer.isStoppedByDrift()).isTrue();
            try (var checkpoint = trainer.checkpoint()) {
                from = new CheckpointFolder(temporary.resolve("drift"), 1, false, Checkpoint.PolicyWriter.weights())
                        .write(checkpoint, Map.of());
            }
        }
        assertThatThrownBy(() -> goOn(from, drifting.steps(50).build()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("a drift ended the run");
        assertThat(goOn(from, drifting.steps(40).build()).steps()).isEmpty();
    }
}
