package io.equipoise.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Stdout on a full disk, or with nobody at its other end. */
class UnwritableOutputTest {
    private static final String FULL = "No space left on device";

    /** The disk is full after so many bytes. */
    private static final class FailingStream extends OutputStream {
        private final String reason;
        private int room;

        FailingStream(String reason, int room) {
            this.reason = reason;
            this.room = room;
        }

        @Override
        public void write(int b) throws IOException {
            if (room == 0) throw new IOException(reason);
            room--;
        }
    }

    private static Outputs of(OutputStream stdout, String... arguments) {
        var err = new ByteArrayOutputStream();
        int code = Main.execute(
                ResultStream.to(stdout), new PrintStream(err, false, StandardCharsets.UTF_8), false, arguments);
        return new Outputs(code, "", err.toString(StandardCharsets.UTF_8));
    }

    private static void failed(Outputs outputs) {
        assertThat(outputs.err()).contains("error: can't write to stdout: " + FULL);
        assertThat(outputs.code()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--help",
                "--version",
                "train --help",
                "doctor",
                "doctor --json",
                "sample --model embedded -n 2 --max-tokens 4",
                "sample --model embedded -n 2 --max-tokens 4 --json"
            })
    void isAnErrorOfEveryCommand(String arguments) {
        failed(of(new FailingStream(FULL, 0), arguments.split(" ")));
    }

    @Test
    void endsInTheMiddle() {
        failed(of(new FailingStream(FULL, 100), "--help"));
    }

    @Test
    void aRunIsThereAllTheSame(@TempDir Path folder) throws IOException {
        var config = Files.writeString(folder.resolve("small.yaml"), """
                model: embedded
                constraints: [{name: female, feature: gender, is: female, moment: 0.3}]
                training: {steps: 1, batchSize: 4, momentSamples: 256, maxTokens: 8}
                evaluation: {baseSamples: 16, policySamples: 4, texts: 1}
                """);
        var run = folder.resolve("run").toString();
        failed(of(new FailingStream(FULL, 0), "train", config.toString(), "--output", run, "--json"));
        assertThat(folder.resolve("run/report.html")).isNotEmptyFile();
    }

    @Test
    void aReaderThatHasGoneIsNoError() {
        for (var arguments : List.of("--help", "sample --model embedded -n 2 --max-tokens 4")) {
            var outputs = of(new FailingStream("Broken pipe", 10), arguments.split(" "));
            assertThat(outputs.code()).as(outputs.err()).isZero();
            assertThat(outputs.err()).doesNotContain("error");
        }
    }

    @Test
    void whatFailsOtherwiseKeepsItsExitCode() {
        var outputs = of(new FailingStream(FULL, 0), "train", "nowhere.yaml", "--json");
        assertThat(outputs.code()).isEqualTo(2);
        assertThat(outputs.err()).contains("no configuration file nowhere.yaml", "can't write to stdout");
    }

    /** Any other stream tells that it failed, though not why. */
    @Test
    void theReasonMayBeUnknown() {
        var err = new ByteArrayOutputStream();
        int code = Main.execute(
                new PrintStream(new FailingStream(FULL, 0), false, StandardCharsets.UTF_8),
                new PrintStream(err, false, StandardCharsets.UTF_8),
                false,
                "--version");
        assertThat(code).isEqualTo(1);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("error: can't write to stdout");
    }
}
