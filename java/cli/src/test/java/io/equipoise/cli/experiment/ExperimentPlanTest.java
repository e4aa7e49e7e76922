package io.equipoise.cli.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.equipoise.cli.config.ConfigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExperimentPlanTest {
    private static final Path OURS = Path.of("../../experiments");
    private static final String PLAN = """
            reference: {samples: 64, measured: 16, seed: 99}
            methods:
              gdc: [training.objective=gdc]
              gdc++: [training.objective=gdc++, training.learningRate=3e-4]
            studies:
              - tasks: [07-female]
                methods: {gdc++: 2, gdc: 1}
                batchSizes: []
              - tasks: [07-female]
                methods: {gdc++: 1}
                batchSizes: [8, 64]
            """;
    private static final String TASK = """
            model: embedded
            constraints: [{name: female, feature: gender, is: female, moment: 0.5}]
            training: {steps: 6, batchSize: 16, warmupSteps: 2, checkEvery: 3}
            """;

    @TempDir
    private Path folder = Path.of("");

    @Test
    void firstSeedsComeFirst() throws IOException {
        assertThat(read(PLAN).experiments())
                .extracting(experiment -> experiment.file().toString())
                .containsExactly(
                        "07-female/gdc++-seed-0.json",
                        "07-female/gdc-seed-0.json",
                        "07-female/gdc++-batch-8-seed-0.json",
                        "07-female/gdc++-batch-64-seed-0.json",
                        "07-female/gdc++-seed-1.json");
    }

    @Test
    void studiesShareRuns() throws IOException {
        var twice = PLAN + "  - tasks: [07-female]\n    methods: {gdc: 2}\n    batchSizes: []\n";
        assertThat(read(twice).experiments()).hasSize(6).doesNotHaveDuplicates();
    }

    @Test
    void otherBatchSizesSeeAsManyTexts() throws IOException {
        var experiments = read(PLAN).experiments();
        var own = experiments.get(0).config(folder);
        assertThat(own.training().learningRate()).isEqualTo(3e-4);
        assertThat(own.training().steps()).isEqualTo(6);
        var smaller = experiments.get(2).config(folder).training();
        assertThat(List.of(smaller.steps(), smaller.batchSize(), smaller.warmupSteps(), smaller.checkEvery()))
                .containsExactly(12, 8, 4, 6);
        var larger = experiments.get(3).config(folder).training();
        assertThat(List.of(larger.steps(), larger.batchSize(), larger.warmupSteps(), larger.checkEvery()))
                .containsExactly(1, 64, 0, 1);
    }

    @Test
    void seedsDifferAndEvaluationsHaveOneOfTheirOwn() throws IOException {
        var experiments = read(PLAN).experiments();
        var first = experiments.get(0).config(folder);
        var second = experiments.get(4).config(folder);
        assertThat(List.of(
                        first.training().seed(),
                        second.training().seed(),
                        first.evaluation().seed()))
                .doesNotHaveDuplicates();
        // Whichever run comes first, the evaluator that it makes must suit the others.
        assertThat(second.evaluation()).isEqualTo(first.evaluation());
    }

    @Test
    void numberIsTheTasks() {
        assertThat(new Experiment("07-female", "gdc", 0, 0, List.of()).number()).isEqualTo(7);
    }

    @Test
    void oursHasTheTenTasksAndReadsEveryConfiguration() {
        var plan = ExperimentPlan.read(OURS);
        assertThat(plan.tasks()).hasSize(10);
        assertThat(plan.experiments()).isNotEmpty().allSatisfy(experiment -> assertThat(
                        experiment.config(OURS).constraints())
                .isNotEmpty());
        for (var study : plan.studies()) {
            // Longer runs are compared with those of the same method.
            if (study.methods().containsKey("gdc++-longer")) continue;
            assertThat(study.methods()).containsKeys("gdc++", "gdc");
        }
        for (String task : plan.tasks()) {
            for (String method : List.of("gdc++", "gdc")) {
                assertThat(plan.experiments())
                        .as(task + ", " + method)
                        .filteredOn(experiment -> experiment.task().equals(task)
                                && experiment.method().equals(method)
                                && experiment.batchSize() == 0)
                        .hasSize(3);
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "methods: {gdc++: 2; methods: {gdx: 2; 'gdx', which is none of gdc, gdc++",
                "gdc: 1}; gdc: 0}; the seeds of gdc must be >= 1, got 0",
                "[8, 64]; [8, 0]; a batch size must be >= 1, got 0",
                "samples: 64; samples: 0; reference.samples must be >= 1, got 0",
                "[07-female]; [female]; begins with its number, such as 01-rare-word, got 'female'",
                "[07-female]; [08-none]; there is no tasks/08-none.yaml",
                "samples: 64; samples: many; line 1",
                "measured: 16,; ''; measured",
                "batchSizes: []; batchSize: []; batchSize",
                "studies:; 'studies: [';plan.yaml, line"
            })
    void whatCannotBeIsRefused(String part, String instead, String message) throws IOException {
        assertThat(PLAN).contains(part);
        int at = PLAN.indexOf(part);
        var plan = PLAN.substring(0, at) + instead + PLAN.substring(at + part.length());
        assertThatThrownBy(() -> read(plan))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining(message)
                .hasMessageContaining("plan.yaml");
    }

    @Test
    void missingPlanSaysWhereToStart() {
        assertThatThrownBy(() -> ExperimentPlan.read(folder))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("--folder");
    }

    private ExperimentPlan read(String plan) throws IOException {
        Files.writeString(folder.resolve("plan.yaml"), plan);
        Files.writeString(Files.createDirectories(folder.resolve("tasks")).resolve("07-female.yaml"), TASK);
        return ExperimentPlan.read(folder);
    }
}
