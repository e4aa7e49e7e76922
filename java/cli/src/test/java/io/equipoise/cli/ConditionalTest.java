package io.equipoise.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.equipoise.cli.config.ConfigReader;
import io.equipoise.cli.config.ConfigSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A small run with prompts on the embedded model, and what it leaves behind. */
class ConditionalTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final List<String> PROMPTS = List.of("The whale", "She was", "The people of", "My dear");
    private static final String CONFIG = """
            model: embedded
            constraints:
              - {name: long, feature: regex, pattern: '^The|,', moment: 0.8}
            training:
              prompts: prompts.txt
              promptsPerStep: 2
              promptInFeatures: true
              steps: 3
              batchSize: 16
              momentSamples: 250
              maxTokens: 12
              checkEvery: 2
            evaluation: {baseSamples: 90, policySamples: 30, texts: 8}
            """;

    @TempDir
    private static Path temporary = Path.of("");

    private static Path config = Path.of("");
    private static Path run = Path.of("");
    private static Outputs outputs = new Outputs(-1, "", "");

    @BeforeAll
    static void train() throws IOException {
        Files.write(temporary.resolve("prompts.txt"), PROMPTS);
        config = Files.writeString(temporary.resolve("small.yaml"), CONFIG);
        run = temporary.resolve("run");
        outputs = Outputs.of("train", config.toString(), "--json", "--output", run.toString());
    }

    private static List<JsonNode> lines(String file) throws IOException {
        var lines = new ArrayList<JsonNode>();
        for (String line : Files.readAllLines(run.resolve(file))) lines.add(JSON.readTree(line));
        return lines;
    }

    @Test
    void printsTheOutcome() {
        assertThat(outputs.code()).as(outputs.err()).isZero();
        assertThat(outputs.json().at("/klTargetPolicy/before").asDouble()).isPositive();
        assertThat(outputs.json().at("/klTargetPolicy/after").isNumber()).isTrue();
        assertThat(outputs.json().path("promptsWithoutWeight").asInt(-1)).isZero();
        // Two of the four prompts begin with The, all of whose texts have the feature.
        assertThat(outputs.json().at("/moments/long/before").asDouble()).isBetween(0.5, 1.0);
    }

    @Test
    void samplesShowTheirPrompts() throws IOException {
        var samples = lines("samples.jsonl");
        assertThat(samples).hasSize(16);
        for (var sample : samples) {
            String prompt = sample.path("prompt").asText();
            assertThat(prompt).isIn(PROMPTS);
            String text = sample.path("text").asText();
            assertThat(text).doesNotStartWith(prompt);
            boolean has = prompt.startsWith("The") || text.contains(",");
            assertThat(sample.at("/features/long").asDouble()).isEqualTo(has ? 1 : 0);
        }
        assertThat(samples.stream()
                        .map(sample -> sample.path("prompt").asText())
                        .distinct())
                .hasSizeGreaterThan(1);
        assertThat(Files.readString(run.resolve("report.html"))).contains("<li><b>The whale</b>");
    }

    @Test
    void metricsCountPromptsWithoutWeight() throws IOException {
        assertThat(lines("metrics.jsonl"))
                .hasSize(3)
                .allMatch(step -> step.path("promptsWithoutWeight").asInt(-1) == 0)
                .allMatch(step -> step.path("logZ").isNumber());
    }

    @Test
    void resolvedConfigurationIsAConfiguration() throws IOException {
        var again = ConfigReader.read(ConfigSource.read(run.resolve("config.yaml")));
        var original = ConfigReader.read(ConfigSource.read(config));
        assertThat(again.prompts()).isPresent().isEqualTo(original.prompts());
        assertThat(again.prompts().orElseThrow().inFeatures()).isTrue();
        assertThat(again.training()).isEqualTo(original.training());
        assertThat(again.training().promptsPerStep()).isEqualTo(2);
    }

    @Test
    void evaluatesTheSavedPolicyAsTheRunDid() {
        var known = Outputs.of(
                "evaluate", config.toString(), "--policy", run.toString(), "--run", run.toString(), "--json");
        assertThat(known.code()).as(known.err()).isZero();
        var fitted = Outputs.of("evaluate", config.toString(), "--policy", run.toString(), "--json");
        for (var pointer : List.of("/klTargetPolicy/after", "/moments/long/after", "/logZ", "/tvdTargetPolicy/after")) {
            double wanted = outputs.json().at(pointer).asDouble(Double.NaN);
            assertThat(known.json().at(pointer).asDouble()).as(pointer).isCloseTo(wanted, within(1e-6));
            assertThat(fitted.json().at(pointer).asDouble()).as(pointer).isCloseTo(wanted, within(1e-6));
        }
    }
}
