package io.equipoise.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
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

/** A small run on the embedded model, and what can be done with what it leaves behind. */
class TrainCommandTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final String CONFIG = """
            model: embedded
            constraints:
              - {name: female, feature: gender, is: female, moment: 0.3}
            training: {steps: 3, batchSize: 16, momentSamples: 256, maxTokens: 12, checkEvery: 2, onDrift: Rollback, seed: 7,
              gradientDiagnosticsEvery: 2}
            evaluation: {baseSamples: 96, policySamples: 32, every: 2, texts: 4}
            checkpointEvery: 2
            """;

    @TempDir
    private static Path temporary = Path.of("");

    private static Path run = Path.of("");
    private static Outputs outputs = new Outputs(-1, "", "");

    @BeforeAll
    static void train() throws IOException {
        run = temporary.resolve("run");
        outputs = train("run");
    }

    private static Outputs train(String name, String... more) throws IOException {
        var config = Files.writeString(temporary.resolve("small.yaml"), CONFIG);
        var arguments = new ArrayList<>(List.of(
                "train",
                config.toString(),
                "--json",
                "--output",
                temporary.resolve(name).toString()));
        arguments.addAll(List.of(more));
        return Outputs.of(arguments.toArray(String[]::new));
    }

    @Test
    void printsTheOutcomeAsOneObject() {
        assertThat(outputs.code()).as(outputs.err()).isZero();
        var json = outputs.json();
        assertThat(json.at("/moments/female/desired").asDouble()).isEqualTo(0.3);
        assertThat(json.at("/moments/female/before").asDouble()).isBetween(0.0, 0.3);
        assertThat(json.at("/moments/female/after").isNumber()).isTrue();
        assertThat(json.at("/klTargetPolicy/before").asDouble()).isPositive();
        assertThat(json.at("/klTargetPolicy/after").isNumber()).isTrue();
        assertThat(json.at("/logBasePerToken/before").asDouble()).isNegative();
        assertThat(json.at("/klPolicyBase/before").asDouble()).isZero();
        assertThat(json.path("seconds").asDouble()).isPositive();
        assertThat(json.path("run").asText()).isEqualTo(run.toString());
    }

    @Test
    void tellsProgressOnStderrInPlainLines() {
        assertThat(outputs.err())
                .contains("step 3/3  KL(p‖π)", "female", "tokens/s", "ETA")
                .doesNotContain("\r");
    }

    @Test
    void writesOneLineOfMetricsAStep() throws IOException {
        var lines = metrics(run);
        assertThat(lines).hasSize(3);
        for (int i = 0; i < 3; i++) {
            assertThat(lines.get(i).path("step").asInt()).isEqualTo(i + 1);
            assertThat(lines.get(i).at("/moments/female").isNumber()).isTrue();
            assertThat(lines.get(i).at("/seconds/total").asDouble()).isPositive();
            assertThat(lines.get(i).path("subsamplingVariance").asDouble(-1)).isZero();
        }
        // The policy begins as the base model, from which the samples are.
        assertThat(lines.get(0).path("klPolicyBase").asDouble()).isCloseTo(0, within(1e-3));
        assertThat(lines.get(0).at("/check/outcome").asText()).isEqualTo("none");
        assertThat(lines.get(0).at("/check/klTargetPolicy").isNull()).isTrue();
        assertThat(lines.get(1).at("/check/outcome").asText()).isIn("kept", "updated");
        assertThat(lines.get(0).has("ppo")).isFalse();
        assertThat(lines.get(0).has("evaluation")).isFalse();
        assertThat(lines.get(1).at("/evaluation/klTargetPolicy").isNumber()).isTrue();
    }

    @Test
    void ppoWritesWhatOnlyItHas() throws IOException {
        var ofPpo = Outputs.of(
                "train",
                temporary.resolve("small.yaml").toString(),
                "--output",
                temporary.resolve("ppo").toString(),
                "--set",
                "training.objective=ppo",
                "--set",
                "training.gradientDiagnosticsEvery=0",
                "--set",
                "training.onPolicy=true",
                "--set",
                "training.gradientDiagnosticsEvery=0",
                "--set",
                "training.objectiveOptions={epochs: 2, minibatches: 2}");
        assertThat(ofPpo.code()).as(ofPpo.err()).isZero();
        var lines = metrics(temporary.resolve("ppo"));
        assertThat(lines).hasSize(3);
        for (var line : lines) {
            assertThat(line.at("/ppo/valueLoss").asDouble()).isPositive();
            assertThat(line.at("/ppo/meanAdvantage").isNumber()).isTrue();
            assertThat(line.at("/ppo/clipShare").asDouble(-1)).isBetween(0.0, 1.0);
            assertThat(line.at("/ppo/approximateKl").asDouble()).isPositive();
            assertThat(line.path("gradientNorm").asDouble()).isPositive();
        }
        // 6 nats are wanted and none are there yet, so beta falls.
        assertThat(lines.get(0).path("beta").asDouble()).isEqualTo(0.2);
        assertThat(lines.get(1).path("beta").asDouble()).isLessThan(0.2);
    }

    @Test
    void resolvedConfigurationIsAConfiguration() throws IOException {
        var written = Files.readString(run.resolve("config.yaml"));
        assertThat(written).contains("learningRate: ", "onDrift: \"rollback\"", "policySamples: 32");
        var again = ConfigReader.read(ConfigSource.read(run.resolve("config.yaml")));
        var original = ConfigReader.read(ConfigSource.read(temporary.resolve("small.yaml")));
        assertThat(again.training()).isEqualTo(original.training());
        assertThat(again.evaluation()).isEqualTo(original.evaluation());
        assertThat(again.constraints()).isEqualTo(original.constraints());
        assertThat(again.output()).contains(run);
    }

    @Test
    void keepsWholeCheckpointsOnly() throws IOException {
        try (var entries = Files.list(run.resolve("checkpoints"))) {
            assertThat(entries.map(path -> path.getFileName().toString()))
                    .containsExactlyInAnyOrder("step-2", "step-3", "latest", "best");
        }
        var state = JSON.readTree(run.resolve("checkpoints/step-3/state.json").toFile());
        assertThat(state.path("step").asInt()).isEqualTo(3);
        assertThat(state.path("seed").asLong()).isEqualTo(7);
        assertThat(state.at("/lambda/female").asDouble()).isPositive();
        assertThat(state.path("logZ").isNumber()).isTrue();
        assertThat(run.resolve("checkpoints/step-3/policy/NOTICE")).isRegularFile();
    }

    @Test
    void writesSamplesBeforeAndAfter() throws IOException {
        var samples = new ArrayList<JsonNode>();
        for (String line : Files.readAllLines(run.resolve("samples.jsonl"))) samples.add(JSON.readTree(line));
        assertThat(samples).hasSize(8);
        assertThat(samples.subList(0, 4))
                .allMatch(sample -> sample.path("model").asText().equals("base"));
        assertThat(samples.subList(4, 8))
                .allMatch(sample -> sample.path("model").asText().equals("policy"));
        assertThat(samples).allMatch(sample -> sample.at("/features/female").isNumber());
    }

    @Test
    void reportNeedsNothingElse() throws IOException {
        var html = Files.readString(run.resolve("report.html"));
        assertThat(html).contains("moment of female", "<svg", "desired 0.3", "KL(π‖a)", "prefers-color-scheme");
        assertThat(html).doesNotContain("<script", "http://", "https://", "NaN");
    }

    @Test
    void sameSeedSameMetrics() throws IOException {
        assertThat(train("again").code()).isZero();
        var first = metrics(run);
        var second = metrics(temporary.resolve("again"));
        for (var line : first) ((ObjectNode) line).remove("seconds");
        for (var line : second) ((ObjectNode) line).remove("seconds");
        assertThat(second).isEqualTo(first);
        assertThat(temporary.resolve("again/samples.jsonl")).hasSameTextualContentAs(run.resolve("samples.jsonl"));
    }

    @Test
    void diagnosticsAreInMetricsAndReport() throws IOException {
        var lines = metrics(run);
        for (var line : lines) {
            assertThat(line.at("/advantage/meanAbsolute").asDouble()).isPositive();
            assertThat(line.at("/advantage/variance").asDouble()).isPositive();
            assertThat(line.at("/ratio/largest").asDouble())
                    .isGreaterThanOrEqualTo(line.at("/ratio/mean").asDouble());
            assertThat(line.at("/ratio/meanClipped").asDouble()).isBetween(0.8, 1.2);
            assertThat(line.at("/ratio/clippedShare").asDouble(-1)).isBetween(0.0, 1.0);
        }
        // The policy begins as the proposal.
        assertThat(lines.get(0).at("/ratio/mean").asDouble()).isCloseTo(1, within(1e-4));
        assertThat(lines.get(0).path("gradientVariance").asDouble()).isPositive();
        assertThat(lines.get(1).path("gradientVariance").isNull()).isTrue();
        assertThat(lines.get(2).path("gradientVariance").asDouble()).isPositive();
        assertThat(run.resolve("report.html")).content().contains("variance of one text’s gradient");
    }

    @Test
    void diagnosticsOnlyObserve() throws IOException {
        assertThat(train("plain", "--set", "training.gradientDiagnosticsEvery=0")
                        .code())
                .isZero();
        var plain = metrics(temporary.resolve("plain"));
        assertThat(plain).allMatch(line -> line.path("gradientVariance").isNull());
        var observed = metrics(run);
        for (var line : plain) ((ObjectNode) line).remove(List.of("seconds", "gradientVariance"));
        for (var line : observed) ((ObjectNode) line).remove(List.of("seconds", "gradientVariance"));
        assertThat(observed).isEqualTo(plain);
        assertThat(temporary.resolve("plain/report.html"))
                .content()
                .contains("effective sample size")
                .doesNotContain("variance of one text");
    }

    @Test
    void evaluatesTheSavedPolicyAsTheRunDid() {
        var again = Outputs.of(
                "evaluate",
                temporary.resolve("small.yaml").toString(),
                "--policy",
                run.toString(),
                "--run",
                run.toString(),
                "--json");
        assertThat(again.code()).as(again.err()).isZero();
        var fitted = Outputs.of(
                "evaluate",
                temporary.resolve("small.yaml").toString(),
                "--policy",
                run.resolve("checkpoints/step-3").toString(),
                "--json");
        for (var pointer : List.of("/klTargetPolicy/after", "/moments/female/after", "/logBasePerToken/after")) {
            double wanted = outputs.json().at(pointer).asDouble();
            assertThat(again.json().at(pointer).asDouble()).as(pointer).isCloseTo(wanted, within(1e-6));
            assertThat(fitted.json().at(pointer).asDouble()).as(pointer).isCloseTo(wanted, within(1e-6));
        }
    }

    @Test
    void samplesFromTheSavedPolicy() {
        var policy = run.resolve("checkpoints/step-3/policy").toString();
        var plain = Outputs.of("sample", "--model", policy, "-n", "3", "--prompt", "She said", "--max-tokens", "8");
        assertThat(plain.code()).as(plain.err()).isZero();
        assertThat(plain.out().lines()).hasSize(3).allMatch(line -> line.startsWith("She said"));
        var json = Outputs.of(
                "sample", "--model", policy, "-n", "3", "--prompt", "She said", "--max-tokens", "8", "--json");
        assertThat(json.json().path("samples"))
                .hasSize(3)
                .allMatch(sample -> sample.path("logProb").asDouble() < 0);
        var top = Outputs.of("sample", "--model", policy, "-n", "2", "--top-k", "1", "--max-tokens", "8");
        assertThat(top.out().lines().distinct()).hasSize(1);
    }

    private static List<JsonNode> metrics(Path folder) throws IOException {
        var lines = new ArrayList<JsonNode>();
        for (String line : Files.readAllLines(folder.resolve("metrics.jsonl"))) lines.add(JSON.readTree(line));
        return lines;
    }
}
