package io.equipoise.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The program as a process of its own, and what needs no model. */
class ProgramTest {
    @Test
    void exitCodeLeavesTheProcess(@TempDir Path folder) throws IOException, InterruptedException {
        var out = folder.resolve("out").toFile();
        var err = folder.resolve("err").toFile();
        var process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        "io.equipoise.cli.Main",
                        "train",
                        "nowhere.yaml",
                        "--json")
                .redirectOutput(out)
                .redirectError(err)
                .start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(2);
        assertThat(Files.readString(out.toPath(), StandardCharsets.UTF_8))
                .isEqualToNormalizingNewlines(
                        "{\"error\":{\"message\":\"no configuration file nowhere.yaml\",\"exitCode\":2}}\n");
        assertThat(Files.readString(err.toPath(), StandardCharsets.UTF_8))
                .isEqualToNormalizingNewlines("error: no configuration file nowhere.yaml\n");
    }

    @Test
    void doctorSaysWhatRuns() {
        var outputs = Outputs.of("doctor", "--json");
        assertThat(outputs.code()).as(outputs.err()).isZero();
        var json = outputs.json();
        assertThat(json.at("/versions/equipoise").asText()).matches("\\d+\\.\\d+\\.\\d+.*");
        assertThat(json.at("/versions/pytorch preset").asText()).matches("\\d.*");
        assertThat(json.at("/kernels/in use").asText()).isNotEmpty();
        assertThat(json.at("/kernels/reference").asText()).isEqualTo("can run");
        assertThat(json.at("/kernels/cuda").asText()).matches("can run|can't run: .+");
        assertThat(json.at("/libtorch/--device cpu").asText()).isEqualTo("can run");
        assertThat(json.at("/libtorch/--device cuda").asText()).matches("can run|can't run: .+");
        assertThat(json.at("/machine/GPU driver").isTextual()).isTrue();
        assertThat(json.at("/machine/threads").asInt()).isPositive();
    }

    @Test
    void doctorShowsTheContainersMemory() {
        var machine = Outputs.of("doctor", "--json").json().at("/machine");
        assertThat(machine.path("container's memory, GiB").asDouble())
                .isPositive()
                .isLessThanOrEqualTo(machine.path("memory, GiB").asDouble());
    }

    /** Such as the locale POSIX makes of é: another text than was given must not be worked on. */
    @Test
    void argumentsThatCouldNotBeDecodedAreRefused() {
        var outputs = Outputs.of("sample", "--model", "embedded", "--prompt", "caf\uFFFD\uFFFD");
        assertThat(outputs.code()).isEqualTo(2);
        assertThat(outputs.out()).isEmpty();
        assertThat(outputs.err()).startsWith("error: the argument 'caf").contains("LC_ALL=C.UTF-8");
        assertThat(outputs.err().lines()).hasSize(1);
    }

    @Test
    void helpNamesEveryCommand() {
        var outputs = Outputs.of("--help");
        assertThat(outputs.code()).isZero();
        assertThat(outputs.out())
                .contains("demo", "train", "sample", "evaluate", "doctor", "--kernels", "--sync-kernels", "Exit codes");
    }

    @Test
    void embeddedModelIsUnpackedOnceAndMended(@TempDir Path cache) throws IOException {
        var folder = EmbeddedModel.folder(cache);
        assertThat(folder.getFileName().toString()).matches("embedded-[0-9a-f]{16}");
        assertThat(folder.resolve("NOTICE")).content().contains("WordNet 3.1 Copyright 2011 by Princeton University");
        var weights = folder.resolve("model.safetensors");
        var time = Files.getLastModifiedTime(weights);
        assertThat(EmbeddedModel.folder(cache)).isEqualTo(folder);
        assertThat(Files.getLastModifiedTime(weights)).isEqualTo(time);
        Files.writeString(weights, "half");
        assertThat(EmbeddedModel.folder(cache)).isEqualTo(folder);
        assertThat(weights).hasSize(8_454_080);
        try (var entries = Files.list(cache)) {
            assertThat(entries).containsExactly(folder);
        }
    }

    @Test
    void embeddedModelDoesWithoutACache(@TempDir Path folder) throws IOException {
        var file = Files.writeString(folder.resolve("file"), "in the way");
        assertThat(EmbeddedModel.folder(file).resolve("config.json")).isRegularFile();
    }

    @Test
    void linesOfTextAreEscaped() {
        assertThat(SampleCommand.oneLine("a\nb\\n\r")).isEqualTo("a\\nb\\\\n\\r");
    }
}
