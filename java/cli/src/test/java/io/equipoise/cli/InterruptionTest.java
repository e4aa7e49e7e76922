package io.equipoise.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.equipoise.training.CheckpointFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Runs in processes of their own that are killed, stopped, or got in each other's way; what comes of them is what would have. */
@EnabledOnOs({OS.LINUX, OS.MAC})
class InterruptionTest {
    private static final int STEPS = 8;
    static final String CONFIG = """
            model: embedded
            constraints:
              - {name: female, feature: held, is: female, moment: 0.3}
            training: {steps: 8, batchSize: 8, momentSamples: 256, maxTokens: 12, checkEvery: 2, proposalUpdate: interval,
              momentCorrection: 0.2, seed: 7}
            evaluation: {baseSamples: 64, policySamples: 16, every: 5, texts: 4}
            checkpointEvery: 2
            """;

    @TempDir
    private static Path temporary = Path.of("");

    private static Path config = Path.of("");
    private static List<JsonNode> whole = List.of();
    private static String samples = "";

    @BeforeAll
    static void trainWithoutInterruption() throws IOException {
        config = Files.writeString(temporary.resolve("small.yaml"), CONFIG);
        var run = temporary.resolve("whole");
        var outputs = Outputs.of("train", config.toString(), "--output", run.toString());
        assertThat(outputs.code()).as(outputs.err()).isZero();
        whole = TrainProcess.metrics(run);
        samples = Files.readString(run.resolve("samples.jsonl"));
        assertThat(whole).hasSize(STEPS);
    }

    private static TrainProcess begin(Path run) throws IOException {
        return TrainProcess.start(printed(run), Map.of(), config.toString(), "--output", run.toString());
    }

    private static TrainProcess resume(Path run) throws IOException {
        return TrainProcess.start(printed(run), Map.of(), "--resume", run.toString());
    }

    private static Path printed(Path run) {
        return temporary.resolve(run.getFileName() + ".txt");
    }

    private static void assertWhole(Path run) throws IOException {
        assertThat(TrainProcess.metrics(run)).isEqualTo(whole);
        assertThat(run.resolve("samples.jsonl")).hasContent(samples);
        assertThat(run.resolve("report.html")).isNotEmptyFile();
        assertThat(run.resolve("checkpoints/latest").toRealPath().getFileName()).hasToString("step-" + STEPS);
    }

    private static boolean isWriting(Path run) {
        try (var entries = Files.list(run.resolve("checkpoints"))) {
            return entries.anyMatch(entry -> entry.getFileName().toString().endsWith(".part"));
        } catch (IOException e) {
            return false;
        }
    }

    private static long steps(Path run) {
        try (var lines = Files.lines(run.resolve("metrics.jsonl"))) {
            return lines.count();
        } catch (IOException e) {
            return 0;
        }
    }

    /** Three kills or more, thirty with {@code -Pnightly}; every other one while a checkpoint is being written, at least one. */
    @Test
    @Timeout(1800)
    void killedAtAnyMoment() throws Exception {
        int kills = Integer.getInteger("equipoise.test.kills", 3);
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        var random = new Random(seed);
        int killed = 0;
        int whileWriting = 0;
        for (int attempt = 0; killed < kills || whileWriting == 0; attempt++) {
            var run = temporary.resolve("killed-" + attempt);
            boolean ended = false;
            while (!ended) {
                boolean begun = Files.exists(run.resolve("config.yaml"));
                try (var process = begun ? resume(run) : begin(run)) {
                    if (killed < kills || whileWriting == 0) {
                        boolean writing = killed % 2 == 1 || killed >= kills;
                        long least = steps(run);
                        long after = random.nextInt(3);
                        process.await(() -> steps(run) != least);
                        long from = steps(run);
                        process.await(() -> writing ? isWriting(run) : steps(run) >= from + after);
                        Thread.sleep(random.nextInt(writing ? 60 : 300));
                        if (writing && isWriting(run)) whileWriting++;
                        process.signal("KILL");
                    }
                    int code = process.code();
                    if (code == 137) killed++;
                    else assertThat(code).as(process.output()).isZero();
                    ended = code == 0;
                }
            }
            assertWhole(run);
            Folders.delete(run);
        }
        System.out.println(killed + " kills, " + whileWriting + " inside the writing of a checkpoint");
    }

    /** Slurm's usual word that the time is nearly up. */
    @Test
    void theFirstUserSignalStopsTheRunBetweenSteps() throws Exception {
        stopsTheRunBetweenSteps("USR1", OS.MAC.isCurrentOs() ? 30 : 10);
    }

    @ParameterizedTest
    @CsvSource({"INT, 2", "HUP, 1", "TERM, 15"})
    @Tag("nightly")
    void otherSignalsStopTheRunBetweenSteps(String name, int number) throws Exception {
        stopsTheRunBetweenSteps(name, number);
    }

    private static void stopsTheRunBetweenSteps(String name, int number) throws Exception {
        var run = temporary.resolve("stopped-" + name);
        try (var process = TrainProcess.start(
                printed(run), HeldFeature.after(3, run), config.toString(), "--output", run.toString(), "--json")) {
            assumeThat(process.ignores(number)).as("ignored in this process").isFalse();
            process.await(() -> steps(run) == 3);
            process.signal(name);
            process.awaitOutput("stopping after this step");
            HeldFeature.release(run);
            assertThat(process.code()).as(process.output()).isEqualTo(128 + number);
            assertThat(process.output())
                    .contains("stopping after this step", "--resume " + run)
                    .containsOnlyOnce("{\"error\":{\"message\":\"stopped; ")
                    .contains("\"exitCode\":" + (128 + number) + "}}");
        }
        assertThat(steps(run)).isEqualTo(4);
        assertThat(CheckpointFolder.latest(run.resolve("checkpoints")))
                .contains(run.resolve("checkpoints/step-4").toRealPath());
        try (var process = resume(run)) {
            assertThat(process.code()).as(process.output()).isZero();
        }
        assertWhole(run);
    }

    @Test
    void twoRunsCannotShareAFolder() throws Exception {
        var run = temporary.resolve("shared");
        try (var first = TrainProcess.start(
                printed(run), HeldFeature.after(1, run), config.toString(), "--output", run.toString())) {
            first.await(() -> steps(run) == 1);
            var second = Outputs.of("train", "--resume", run.toString());
            var third = Outputs.of("train", config.toString(), "--output", run.toString());
            HeldFeature.release(run);
            assertThat(first.code()).as(first.output()).isZero();
            assertThat(second.code()).as(second.err()).isEqualTo(2);
            assertThat(second.err())
                    .contains("process " + first.process().pid() + " is training in " + run, "wait until it has ended");
            assertThat(third.code()).as(third.err()).isEqualTo(2);
            assertThat(third.err()).contains("not empty", "--resume");
        }
        assertWhole(run);
    }
}
