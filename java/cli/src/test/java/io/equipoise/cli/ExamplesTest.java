package io.equipoise.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.equipoise.cli.config.ConfigReader;
import io.equipoise.cli.config.ConfigSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every example does what it says: it is read, its target is found, a step is made. */
class ExamplesTest {
    private static final Path EXAMPLES = Path.of("../../examples");

    static List<Path> examples() throws IOException {
        try (var files = Files.list(EXAMPLES)) {
            return files.filter(file -> file.toString().endsWith(".yaml"))
                    .sorted()
                    .toList();
        }
    }

    @ParameterizedTest
    @MethodSource("examples")
    void runs(Path example, @TempDir Path folder) {
        var outputs = Outputs.of(
                "train",
                example.toString(),
                "--json",
                "--output",
                folder.resolve("run").toString(),
                "--set",
                "training.steps=1",
                "--set",
                "training.batchSize=64",
                "--set",
                "training.momentSamples=512",
                "--set",
                "training.maxTokens=12",
                "--set",
                "evaluation.baseSamples=64",
                "--set",
                "evaluation.policySamples=16");
        assertThat(outputs.code()).as(outputs.err()).isZero();
        assertThat(outputs.json().path("moments")).isNotEmpty();
    }

    @Test
    void demoIsOneOfThem() throws IOException {
        var demo = ConfigReader.read(ConfigSource.parse(DemoCommand.configuration(), "demo.yaml", Path.of("/")));
        var example = ConfigReader.read(ConfigSource.read(EXAMPLES.resolve("female-50.yaml")));
        assertThat(demo.constraints()).isEqualTo(example.constraints());
        assertThat(demo.training()).isEqualTo(example.training());
        assertThat(demo.evaluation()).isEqualTo(example.evaluation());
    }
}
