package io.equipoise.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code train --resume} on runs that have ended, were tampered with, or met a NaN. */
class ResumeTest {
    private static final String CONFIG = """
            model: embedded
            constraints:
              - {name: female, feature: gender, is: female, moment: 0.3}
            training: {steps: 3, batchSize: 8, momentSamples: 256, maxTokens: 12, seed: 7}
            evaluation: {baseSamples: 32, policySamples: 16, texts: 4}
            checkpointEvery: 1
            keepLast: 3
            """;

    @TempDir
    private static Path temporary = Path.of("");

    private static Path config = Path.of("");
    private static Path run = Path.of("");

    @BeforeAll
    static void train() throws IOException {
        config = Files.writeString(temporary.resolve("small.yaml"), CONFIG);
        run = temporary.resolve("run");
        var outputs = Outputs.of("train", config.toString(), "--output", run.toString());
        assertThat(outputs.code()).as(outputs.err()).isZero();
    }

    private static void link(String name) throws IOException {
        Files.delete(run.resolve("checkpoints/latest"));
        Files.createSymbolicLink(run.resolve("checkpoints/latest"), Path.of(name));
    }

    private static void assertRefused(String words, String... arguments) {
        var outputs = Outputs.of(arguments);
        assertThat(outputs.code()).as(outputs.err()).isEqualTo(2);
        assertThat(outputs.err()).contains(words);
    }

    @Test
    void makesTheSameStepsAgainFromAnyCheckpoint() throws IOException {
        var metrics = TrainProcess.metrics(run);
        var samples = Files.readString(run.resolve("samples.jsonl"));
        for (String name : new String[] {"step-1", "step-3"}) {
            link(name);
            // What a run that was killed wrote after its last checkpoint.
            Files.writeString(run.resolve("metrics.jsonl"), "{\"step\":", StandardOpenOption.APPEND);
            var outputs = Outputs.of("train", "--resume", run.toString());
            assertThat(outputs.code()).as(outputs.err()).isZero();
            assertThat(TrainProcess.metrics(run)).isEqualTo(metrics);
            assertThat(run.resolve("samples.jsonl")).hasContent(samples);
            assertThat(run.resolve("report.html")).content().contains("3 steps");
        }
    }

    @Test
    void refusesWhatIsNotTheRunThatBegan() throws IOException {
        assertRefused("nothing to train", "train");
        assertRefused("no run in ", "train", "--resume", temporary.toString());
        assertRefused("leave out the configuration", "train", config.toString(), "--resume", run.toString());
        assertRefused("--set training.batchSize", "train", "--resume", run.toString(), "--set", "training.batchSize=9");
        assertRefused("onNan", "train", "--resume", run.toString(), "--on-nan", "ignore");

        var file = run.resolve("config.yaml");
        String whole = Files.readString(file);
        Files.writeString(file, whole.replace("batchSize: 8", "batchSize: 16"));
        assertRefused("training.batchSize = 8, got 16", "train", "--resume", run.toString());
        Files.writeString(file, whole);

        var weights = run.resolve("checkpoints/latest/policy/model.safetensors");
        byte[] bytes = Files.readAllBytes(weights);
        bytes[bytes.length / 2] ^= 1;
        Files.write(weights, bytes);
        assertRefused("the checkpoint is damaged", "train", "--resume", run.toString());
        bytes[bytes.length / 2] ^= 1;
        Files.write(weights, bytes);
    }

    @Test
    void refusesAnotherBaseModel() throws IOException {
        var model = temporary.resolve("model");
        Files.createDirectories(model);
        try (var files = Files.list(EmbeddedModel.folder())) {
            for (var file : files.toList()) Files.copy(file, model.resolve(file.getFileName()));
        }
        var mine = temporary.resolve("mine");
        var begun = Outputs.of(
                "train",
                config.toString(),
                "--output",
                mine.toString(),
                "--set",
                "model=" + model,
                "--set",
                "training.steps=1");
        assertThat(begun.code()).as(begun.err()).isZero();
        // The same model in other words: nothing that is computed tells.
        Files.writeString(model.resolve("config.json"), "\n", StandardOpenOption.APPEND);
        assertRefused("is not the one that the run began with", "train", "--resume", mine.toString());
    }

    /** A step so long that the next one's logits overflow; what is left out of a run can't mend that. */
    @Test
    void stopsBeforeANanAndGoesOnWithoutIt() throws IOException {
        var nan = temporary.resolve("nan");
        var stopped = Outputs.of(
                "train", config.toString(), "--output", nan.toString(), "--set", "training.learningRate=1e15");
        assertThat(stopped.code()).as(stopped.err()).isEqualTo(1);
        assertThat(stopped.err()).containsPattern("step 2, phase gradient: .*sequence \\d+");
        assertThat(stopped.err()).contains("the last good step is in " + nan, "--on-nan skip");
        assertThat(TrainProcess.metrics(nan)).hasSize(1);
        assertThat(nan.resolve("checkpoints/latest").toRealPath().getFileName()).hasToString("step-1");

        var skipping = Outputs.of("train", "--resume", nan.toString(), "--on-nan", "skip");
        assertThat(skipping.code()).as(skipping.err()).isEqualTo(1);
        assertThat(skipping.err()).containsPattern("measuring the policy[^$]*sequence \\d+");
        var metrics = TrainProcess.metrics(nan);
        assertThat(metrics).hasSize(3);
        assertThat(metrics.get(2).path("skipped").asLong()).isEqualTo(2);
        assertThat(metrics.get(2).path("gradientNorm").isNull()).isTrue();
    }
}
