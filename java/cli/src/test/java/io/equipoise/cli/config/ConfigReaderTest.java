package io.equipoise.cli.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.equipoise.files.UserPath;
import io.equipoise.training.OnDrift;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

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

    @ParameterizedTest
    @ValueSource(
            strings = {
                "007",
                "1e3",
                "1.10",
                "0x1F",
                "0o17",
                "1_000",
                ".5",
                "-0",
                "12:30",
                "2026-01-02",
                "yes",
                "no",
                "on",
                "off",
                "true",
                "False",
                "null",
                "~",
                "NULL",
                ".nan",
                "99999999999999999999",
                "gpt2"
            })
    void whatIsWrittenIsWhatIsUsed(String written) {
        String constraint = "{name: %1$s, feature: regex, pattern: %1$s, moment: 0.5}";
        String base = "model: embedded\nconstraints:\n  - ";
        String text = base + constraint.formatted(written) + "\n";
        String other = base + constraint.formatted("x") + "\n";
        for (var config : List.of(
                read(text),
                read(other, "constraints.0.name=" + written, "constraints.0.pattern=" + written),
                read(other, "constraints.0=" + constraint.formatted(written)),
                read(ConfigWriter.write(read(text))))) {
            assertThat(config.constraints().get(0).name()).isEqualTo(written);
            assertThat(config.constraints().get(0).options()).containsExactly(Map.entry("pattern", written));
        }
    }

    @Test
    void listsOfWordsAreTakenAsWrittenToo() {
        String text = """
                model: embedded
                constraints:
                  - {name: agent, feature: words, words: [007, 1e3, no, null, yes], moment: 0.5}
                """;
        var config = read(text);
        assertThat(config.constraints().get(0).options()).containsEntry("words", "007,1e3,no,null,yes");
        assertThat(read(ConfigWriter.write(config)).constraints()).isEqualTo(config.constraints());
        assertThat(read(text, "constraints.0.words=[1e5, 08]")
                        .constraints()
                        .get(0)
                        .options())
                .containsEntry("words", "1e5,08");
        assertThat(read(text, "constraints.0.words.1=on").constraints().get(0).options())
                .containsEntry("words", "007,on,no,null,yes");
        assertThatThrownBy(() -> read(text.replace("1e3", "'1,000'")))
                .hasMessageContaining("line 3")
                .hasMessageContaining("has the item \"1,000\" with a comma");
        assertThatThrownBy(() -> read(text.replace("1e3", "''"))).hasMessageContaining("must be a list of words");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "'a: b # c'",
                "' x '",
                "\"tab\\tline\\nend\"",
                "'[x]'",
                "'\\bhe''s\\b'",
                "\"\\U0001F600é 时\"",
                "'!!x'",
                "'%'"
            })
    void patternsAreWrittenSoThatTheyReadTheSame(String quoted) {
        var config = read("""
                model: embedded
                constraints:
                  - {name: x, feature: regex, pattern: %s, not: true, moment: 0.5}
                """.formatted(quoted));
        assertThat(read(ConfigWriter.write(config)).constraints()).isEqualTo(config.constraints());
    }

    @Test
    void wordsThatAreNoneAreRefusedWhereTheyStand() {
        String text = """
                model: embedded
                constraints:
                  - name: odd
                    feature: words
                    words:
                      - time
                      - C#
                    moment: 0.5
                """;
        assertThatThrownBy(() -> read(text))
                .hasMessageStartingWith("test.yaml, line 7: feature words: \"C#\" has # where");
        assertThatThrownBy(() -> read(text.replace("C#", "1.10")))
                .hasMessageStartingWith("test.yaml, line 7: feature words: \"1.10\" is 2 words");
        assertThatThrownBy(() -> read(BASE, "constraints.0={name: x, feature: word, word: '@the', moment: 0.1}"))
                .hasMessageContaining("\"@the\" has @ where")
                .hasMessageContaining("pattern: '(?i)@the\\b'");
    }

    @Test
    void patternsAreRefusedWhereTheyStand() {
        String text = """
                model: embedded
                constraints:
                  - name: he
                    feature: regex
                    pattern: "\\bhe\\b"
                    moment: 0.3
                """;
        assertThatThrownBy(() -> read(text))
                .hasMessage(
                        "test.yaml, line 5: feature regex: 'pattern' has U+0008 (backspace), which YAML makes of \\b in"
                                + " double quotes; in single quotes it leaves \\b alone");
        assertThatThrownBy(() -> read(text.replace("\\bhe\\b", "\\whe")))
                .hasMessageContaining("line 5: not YAML: found unknown escape character w")
                .hasMessageContaining("in single quotes YAML leaves a backslash alone");
        assertThatThrownBy(() -> read(text.replace("\"\\bhe\\b\"", "'('")))
                .hasMessageContaining("line 5: feature regex: 'pattern' is not");
        assertThat(read(text.replace('"', '\''))
                        .engineConstraints()
                        .get(0)
                        .feature()
                        .score("that he"))
                .isOne();
    }

    @Test
    void homeIsWrittenOut(@TempDir Path folder) {
        var home = UserPath.of("~/models/gpt2").toString();
        assertThat(home).startsWith("/").doesNotContain("~");
        assertThat(read(BASE.replace("embedded", "~/models/gpt2")).model()).isEqualTo(home);
        assertThat(read(BASE, "model=~/models/gpt2").model()).isEqualTo(home);
        assertThat(read(BASE + "output: ~/runs/x\n").output()).contains(UserPath.of("~/runs/x"));
        assertThatThrownBy(() -> read(BASE + "training: {prompts: ~/no/such.txt}\n"))
                .hasMessageContaining("no file of prompts " + UserPath.of("~/no/such.txt"));
        assertThatThrownBy(
                        () -> read(BASE, "constraints.0={name: x, feature: words, file: ~/no/such.txt, moment: 0.1}"))
                .hasMessageContaining("the word list " + UserPath.of("~/no/such.txt"));
    }

    @Test
    void aFeatureMayBeNegated() {
        var config = read("""
                model: embedded
                constraints:
                  - {name: no war, feature: words, list: war, not: true, pointwise: true}
                  - {name: few men, feature: gender, is: male, not: true, moment: 0.7}
                  - {name: women, feature: gender, is: female, not: false, moment: 0.4}
                """);
        var constraints = config.engineConstraints();
        assertThat(constraints.get(0).feature().score("The soldier came")).isZero();
        assertThat(constraints.get(0).feature().score("The sailor came")).isOne();
        assertThat(constraints.get(1).feature().score("He came")).isZero();
        assertThat(constraints.get(2).feature().score("She came")).isOne();
        assertThat(read(ConfigWriter.write(config)).constraints()).isEqualTo(config.constraints());
        assertThatThrownBy(() -> read(BASE.replace("is: female", "not: maybe")))
                .hasMessageContaining("'not' must be true or false");
        assertThatThrownBy(() -> read(BASE.replace("gender", "length").replace("is: female", "not: true")))
                .hasMessageContaining("line 5")
                .hasMessageContaining("'not' is for features that a text has or hasn't, and length is a number");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "moment: 0 | no text has the feature, | write not: true and pointwise: true",
                "moment: 1 | every text has the feature, | write pointwise: true",
                "moment: 0.0, not: true | no text has the feature's negation | write pointwise: true, and leave out not: true",
                "moment: 1, not: true | every text has the feature's negation | write not: true and pointwise: true",
                "pointwise: false | needs either | in no text write not: true and pointwise: true"
            })
    void adviceOnNoneAndAllCanBeFollowed(String wish, String asked, String advice) {
        String text = """
                model: embedded
                constraints:
                  - {name: x, feature: gender, is: female, WISH}
                """;
        assertThatThrownBy(() -> read(text.replace("WISH", wish)))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("line 3")
                .hasMessageContaining(asked)
                .hasMessageContaining(advice);
        String followed = advice.contains("not: true and") ? "not: true, pointwise: true" : "pointwise: true";
        assertThat(read(text.replace("WISH", followed)).constraints().get(0).pointwise())
                .isTrue();
    }

    @Test
    void filesInOtherEncodingsAreNamed(@TempDir Path folder) throws IOException {
        var file = folder.resolve("config.yaml");
        Files.writeString(file, "\uFEFF" + BASE);
        assertThat(ConfigReader.read(ConfigSource.read(file)).model()).isEqualTo("embedded");
        Files.write(file, BASE.getBytes(StandardCharsets.UTF_16));
        assertThatThrownBy(() -> ConfigSource.read(file)).hasMessageContaining("its byte order mark says UTF-16");
        Files.write(file, BASE.replace("female", "femál").getBytes(StandardCharsets.ISO_8859_1));
        assertThatThrownBy(() -> ConfigSource.read(file)).hasMessageContaining("it is not UTF-8: line 3");
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
                "output: [5] | must be a path",
                "output: ~ada/runs | only ~/, your own home folder, is known",
                "training: {objective: 5} | must be text, for which quotes are needed here, got 5",
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
