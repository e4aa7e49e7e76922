package io.equipoise.cli.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.equipoise.training.OnDrift;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfigReaderTest {
    private static final String BASE = """
            model: embedded
            constraints:
              - name: female
                feature: gender
                is: female
                moment: 0.5
            """;

    private static RunConfig read(String text, String... overrides) {
        var source = ConfigSource.parse(text, "test.yaml", Path.of("/folder"));
        for (String override : overrides) source.override(override);
        return ConfigReader.read(source);
    }

    @Test
    void defaultsAreThoseOfTheEngine() {
        var config = read(BASE);
        assertThat(config.training())
                .isEqualTo(io.equipoise.training.TrainingConfig.builder().build());
        assertThat(config.evaluation()).isEqualTo(new EvaluationConfig(4096, 2000, 0, 1, 10));
        assertThat(config.output()).isEmpty();
        assertThat(config.name()).isEqualTo("test");
    }

    @Test
    void numbersAreThoseOfYaml12() {
        var config = read(BASE + "training: {learningRate: 1e-5, onDrift: ROLLback, weightDecay: 1}\n");
        assertThat(config.training().learningRate()).isEqualTo(1e-5);
        assertThat(config.training().weightDecay()).isEqualTo(1);
        assertThat(config.training().onDrift()).isEqualTo(OnDrift.ROLLBACK);
    }

    @Test
    void overridesReachEverywhere() {
        var config = read(BASE, "training.steps=5", "constraints.0.moment=0.25", "evaluation.texts=3", "model=other");
        assertThat(config.training().steps()).isEqualTo(5);
        assertThat(config.constraints().get(0).moment()).isEqualTo(0.25);
        assertThat(config.evaluation().texts()).isEqualTo(3);
        assertThat(config.model()).isEqualTo(Path.of("other").toAbsolutePath().toString());
    }

    @Test
    void pathsAreRelativeToTheFile() {
        assertThat(read(BASE.replace("embedded", "models/mine")).model()).isEqualTo("/folder/models/mine");
    }

    @Test
    void promptsAreReadWithTheConfiguration(@TempDir Path folder) throws IOException {
        Files.writeString(folder.resolve("mine.txt"), "She\nHe\n");
        var source = ConfigSource.parse(BASE + "training: {prompts: mine.txt}\n", "test.yaml", folder);
        var config = ConfigReader.read(source);
        assertThat(config.prompts()).contains(new PromptConfig(folder.resolve("mine.txt"), false));
        assertThat(read(ConfigWriter.write(config))).isEqualTo(config);
        assertThat(read(BASE).prompts()).isEmpty();
        assertThat(ConfigWriter.write(read(BASE))).doesNotContain("prompts:", "promptInFeatures");
        assertThatThrownBy(() -> read(BASE + "training: {prompt: mine.txt}\n"))
                .hasMessageContaining("did you mean 'prompts'");
    }

    @Test
    void pointwiseAndListsOfWords() {
        var config = read("""
                model: embedded
                constraints:
                  - {name: sea, feature: words, words: [sea, ship, no], pointwise: true}
                """);
        var constraint = config.engineConstraints().get(0);
        assertThat(constraint.pointwise()).isTrue();
        assertThat(constraint.feature().score("There was no wind.")).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "is: femal | line 5 | did you mean 'female'",
                "is: female, | line 5 | cannot be 'female,'",
                "iss: female | line 5 | did you mean 'is'",
                "is: female\\n    is: male | line 6 | second time",
                "is: [female, [male]] | line 5 | list of words",
            })
    void constraintsAreCheckedWhereTheyStand(String line, String where, String message) {
        assertThatThrownBy(() -> read(BASE.replace("is: female", line.replace("\\n", "\n"))))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("test.yaml, " + where)
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "training: {steps: 0} | steps must be >= 1",
                "training: {steps: 2.5} | whole number",
                "training: {steps: 99999999999} | at most",
                "training: {objective: dpg} | objective must be one of gdc++, gdc",
                "training: {objective: ppo} | objective ppo needs onPolicy: true",
                "training: {gradientDiagnosticsEvery: -1} | gradientDiagnosticsEvery must be >= 0, got -1",
                "training: {gradientDiagnostics: slow} | one of fast, exact",
                "training: {onDrift: panic} | one of warn, rollback, stop",
                "training: {normalize: 1} | true or false",
                "training: {trainable: '('} | regular expression",
                "training: [] | a mapping",
                "training: | a mapping",
                "evaluation: {seed: 0} | evaluation.seed must differ",
                "evaluation: {baseSamples: 1} | baseSamples must be >= 2",
                "checkpointEvery: -1 | checkpointEvery must be >= 0",
                "output: 5 | must be text",
            })
    void whatCannotBeIsRefused(String line, String message) {
        assertThatThrownBy(() -> read(BASE + line + "\n"))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("test.yaml, line 7")
                .hasMessageContaining(message);
    }

    @Test
    void wishesAreExactlyOne() {
        assertThatThrownBy(() -> read(BASE.replace("moment", "momment")))
                .hasMessageContaining("line 3")
                .hasMessageContaining("did you mean 'moment'");
        assertThatThrownBy(() -> read(BASE + "    pointwise: true\n")).hasMessageContaining("not both");
        assertThatThrownBy(() -> read(BASE.replace("constraints:", "constraints: []\nzz:")))
                .hasMessageContaining("zz");
        assertThatThrownBy(() -> read("model: embedded\nconstraints: []\n")).hasMessageContaining("at least one");
        assertThatThrownBy(() -> read("constraints: []\n")).hasMessageContaining("'model' is missing");
    }

    @Test
    void brokenYamlIsRefusedWithItsLine() {
        assertThatThrownBy(() -> read(BASE + "training: {steps: 1\n"))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("test.yaml, line ")
                .hasMessageContaining("not YAML");
        assertThatThrownBy(() -> read("")).hasMessage("test.yaml is empty");
        assertThatThrownBy(() -> read("- model\n")).hasMessageContaining("must be a mapping");
        assertThatThrownBy(() -> read("model: &m {a: *m}\n")).isInstanceOf(ConfigException.class);
    }

    @Test
    void overridesAreAsStrict() {
        assertThatThrownBy(() -> read(BASE, "training.steps")).hasMessageContaining("key=value");
        assertThatThrownBy(() -> read(BASE, "training.steps=no")).hasMessageContaining("--set training.steps=no");
        assertThatThrownBy(() -> read(BASE, "constraints.3.moment=0.1")).hasMessageContaining("0 to 0");
        assertThatThrownBy(() -> read(BASE, "model.folder=x")).hasMessageContaining("nothing inside");
    }

    @Test
    void whatIsWrittenReadsTheSame() {
        var config = read(
                BASE + "training: {trainable: 'mlp|attn', schedule: cosine}\n", "constraints.0.name='yes: no # 1e5'");
        var again = read(ConfigWriter.write(config));
        assertThat(again.training()).isEqualTo(config.training());
        assertThat(again.constraints()).isEqualTo(config.constraints());
        assertThat(again.evaluation()).isEqualTo(config.evaluation());
    }
}
