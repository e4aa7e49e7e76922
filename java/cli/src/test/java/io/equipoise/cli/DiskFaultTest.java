package io.equipoise.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Runs on a small file system that fills up or can't be written to; mounting it takes root's rights, else these are skipped. */
@EnabledOnOs(OS.LINUX)
class DiskFaultTest {
    /** Room for one checkpoint of the embedded model's, 17 MB of weights, with its optimiser and its proposal; not for two. */
    private static final int ONE_CHECKPOINT = 100;

    private static final int PLENTY = 250;

    /** Metrics of a run elsewhere, where nothing happens; how many checkpoints it makes is all the same to them. */
    private static List<JsonNode> undisturbed = List.of();

    @TempDir
    private Path temporary = Path.of("");

    private Path disk = Path.of("");
    private Path config = Path.of("");
    private Path run = Path.of("");

    @BeforeEach
    void mount() throws Exception {
        disk = Files.createDirectory(temporary.resolve("disk"));
        config = Files.writeString(temporary.resolve("small.yaml"), InterruptionTest.CONFIG);
        run = disk.resolve("run");
        assumeThat(command("mount", "-t", "tmpfs", "-o", "size=" + PLENTY + "m", "tmpfs", disk.toString()))
                .as("exit code of mount, which takes root's rights")
                .isZero();
    }

    @AfterEach
    void unmount() throws Exception {
        command("umount", disk.toString());
    }

    private static int command(String... words) throws IOException, InterruptedException {
        return new ProcessBuilder(words)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start()
                .waitFor();
    }

    private void remount(String option) throws Exception {
        assertThat(command("mount", "-o", "remount," + option, disk.toString())).isZero();
    }

    /** Writes until nothing more fits. */
    private void fill() throws IOException {
        try (var filler =
                FileChannel.open(disk.resolve("filler"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            for (int size : new int[] {1 << 20, 1 << 12, 1}) {
                try {
                    var zeros = ByteBuffer.allocate(size);
                    while (filler.write(zeros.clear()) > 0) zeros.clear();
                } catch (IOException full) {
                    assertThat(full).hasMessageContaining("No space left");
                }
            }
        }
    }

    private TrainProcess begin(Map<String, String> environment, String... more) throws IOException {
        var arguments = new ArrayList<>(List.of(config.toString(), "--output", run.toString()));
        arguments.addAll(List.of(more));
        return TrainProcess.start(temporary.resolve("printed.txt"), environment, arguments.toArray(String[]::new));
    }

    private void resume() throws Exception {
        try (var process = TrainProcess.start(temporary.resolve("resumed.txt"), Map.of(), "--resume", run.toString())) {
            assertThat(process.code()).as(process.output()).isZero();
        }
    }

    private void assertUndisturbed() throws IOException {
        if (undisturbed.isEmpty()) {
            var elsewhere = temporary.resolve("elsewhere");
            assertThat(Outputs.of("train", config.toString(), "--output", elsewhere.toString())
                            .code())
                    .isZero();
            undisturbed = TrainProcess.metrics(elsewhere);
        }
        assertThat(TrainProcess.metrics(run)).isEqualTo(undisturbed);
    }

    @Test
    void fullDuringACheckpoint() throws Exception {
        remount("size=" + ONE_CHECKPOINT + "m");
        try (var process = begin(Map.of())) {
            assertThat(process.code()).as(process.output()).isEqualTo(1);
            assertThat(process.output())
                    .contains(
                            "can't write checkpoint step-", "No space left on device", "the last whole checkpoint is ")
                    .contains("train --resume " + run);
        }
        assertThat(run.resolve("checkpoints/latest")).isDirectory();
        assertThat(run.resolve("checkpoints")).isDirectoryNotContaining("glob:**/.*");
        remount("size=" + PLENTY + "m");
        resume();
        assertUndisturbed();
    }

    @Test
    void fullDuringMetrics() throws Exception {
        try (var process = begin(HeldFeature.after(1, run), "--set", "checkpointEvery=0")) {
            process.await(() -> Files.exists(run.resolve("metrics.jsonl")));
            fill();
            HeldFeature.release(run);
            assertThat(process.code()).as(process.output()).isEqualTo(1);
            assertThat(process.output())
                    .contains("can't write metrics.jsonl", "No space left on device", "train --resume " + run);
        }
        TrainProcess.metrics(run); // whole lines
        Files.delete(disk.resolve("filler"));
        resume();
        assertUndisturbed();
    }

    @Test
    @Tag("nightly")
    void fullDuringTheReport() throws Exception {
        // Enough to measure for the disk to be filled meanwhile.
        var more = new String[] {"--set", "evaluation.policySamples=400", "--set", "evaluation.every=0"};
        try (var process = begin(Map.of(), more)) {
            process.await(() -> {
                try {
                    return process.output().contains("measuring the policy");
                } catch (IOException e) {
                    return false;
                }
            });
            fill();
            assertThat(process.code()).as(process.output()).isEqualTo(1);
            assertThat(process.output())
                    .contains("can't write samples.jsonl", "No space left on device", "step-8", "--resume " + run);
        }
        var made = TrainProcess.metrics(run);
        assertThat(made).hasSize(8);
        Files.delete(disk.resolve("filler"));
        resume();
        assertThat(TrainProcess.metrics(run)).isEqualTo(made);
        assertThat(run.resolve("report.html")).isNotEmptyFile();
    }

    @Test
    void readOnly() throws Exception {
        try (var process = begin(HeldFeature.after(3, run))) {
            process.await(() -> Files.exists(run.resolve("checkpoints/latest")));
            process.signal("KILL");
            assertThat(process.code()).isEqualTo(137);
        }
        remount("ro");
        for (var arguments : List.of(
                List.of("train", "--resume", run.toString()),
                List.of(
                        "train",
                        config.toString(),
                        "--output",
                        disk.resolve("another").toString()))) {
            var outputs = Outputs.of(arguments.toArray(String[]::new));
            assertThat(outputs.code()).as(outputs.err()).isEqualTo(2);
            assertThat(outputs.err()).contains("can't write into the run folder", "Read-only file system", "--output");
        }
    }
}
