package io.equipoise.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code experiments} with runs of two steps of the embedded model. */
class ExperimentsCommandTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final String PLAN = """
            reference: {samples: 256, measured: 24, seed: 99}
            methods:
              gdc: [training.objective=gdc, training.controlVariates=false]
              gdc++: [training.objective=gdc++, training.controlVariates=false]
            studies:
              - tasks: [03-female]
                methods: {gdc++: 2, gdc: 1}
                batchSizes: []
            """;
    private static final String TASK = """
            model: embedded
            constraints: [{name: female, feature: gender, is: female, moment: 0.3}]
            training: {steps: 2, batchSize: 8, maxTokens: 12, checkEvery: 2}
            evaluation: {policySamples: 16}
            """;

    @TempDir
    private Path folder = Path.of("");

    @BeforeEach
    void writePlan() throws IOException {
        Files.writeString(folder.resolve("plan.yaml"), PLAN);
        Files.writeString(Files.createDirectories(folder.resolve("tasks")).resolve("03-female.yaml"), TASK);
    }

    @Test
    void whatHasAResultIsNotRunAgain() throws IOException {
        var mine = folder.resolve("results/03-female/gdc-seed-0.json");
        var second = folder.resolve("results/03-female/gdc++-seed-1.json");
        Files.createDirectories(mine.resolveSibling(""));
        Files.writeString(mine, "{\"mine\": true}");
        // What a run that was killed leaves behind is no result.
        Files.writeString(second.resolveSibling("gdc++-seed-1.json.part"), "{");
        assertThat(made("--seeds", "1")).isEqualTo(1);
        assertThat(second).doesNotExist();
        assertThat(made("--only", "3", "--method", "gdc++")).isEqualTo(1);
        assertThat(made()).isZero();
        assertThat(mine).hasContent("{\"mine\": true}");

        var result = JSON.readTree(second.toFile());
        assertThat(result.at("/series/klTargetPolicy")).hasSize(2);
        assertThat(result.at("/series/moments.female")).hasSize(2);
        assertThat(result.at("/after/moments/female").isNumber()).isTrue();
    }

    @Test
    void resultsDoNotDependOnWhatRanBefore() throws IOException {
        assertThat(made()).isEqualTo(3);
        var file = folder.resolve("results/03-female/gdc++-seed-1.json");
        var together = JSON.readTree(file.toFile());
        Files.delete(file);
        assertThat(made()).isEqualTo(1);
        assertThat(timeless(JSON.readTree(file.toFile()))).isEqualTo(timeless(together));
    }

    @ParameterizedTest
    @CsvSource({
        "--only, 4, the plan has the tasks 3",
        "--method, gdx, 'the plan has the methods gdc++, gdc'",
        "--seeds, 0, must be >= 1",
        "--folder, nowhere, no nowhere/plan.yaml"
    })
    void slipsAreRefused(String option, String value, String message) {
        var arguments = new ArrayList<>(List.of("experiments", "--json", option, value));
        if (!option.equals("--folder")) arguments.addAll(List.of("--folder", folder.toString()));
        var outputs = Outputs.of(arguments.toArray(String[]::new));
        assertThat(outputs.code()).isEqualTo(2);
        assertThat(outputs.err()).contains(message);
        assertThat(outputs.json().at("/error/message").asText()).contains(message);
        assertThat(folder.resolve("results")).doesNotExist();
    }

    private int made(String... more) {
        var arguments = new ArrayList<>(List.of("experiments", "--json", "--folder", folder.toString()));
        arguments.addAll(List.of(more));
        var outputs = Outputs.of(arguments.toArray(String[]::new));
        assertThat(outputs.code()).as(outputs.err()).isZero();
        return outputs.json().path("made").asInt(-1);
    }

    private static JsonNode timeless(JsonNode result) {
        ((ObjectNode) result).remove("cpuSeconds");
        return result;
    }
}
