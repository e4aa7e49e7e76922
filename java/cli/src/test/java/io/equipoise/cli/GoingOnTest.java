package io.equipoise.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.equipoise.files.Sha256;
import io.equipoise.kernels.KernelProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code train --resume} that makes a run longer, finds what speaks against it before the work begins, and says what it does. */
class GoingOnTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final String CONFIG = """
            model: embedded
            constraints:
              - {name: female, feature: gender, is: female, moment: 0.3}
            training: {steps: 2, batchSize: 8, momentSamples: 256, maxTokens: 12, seed: 7}
            evaluation: {baseSamples: 32, policySamples: 16, texts: 4, every: 2}
            checkpointEvery: 1
            keepLast: 3
            """;

    @TempDir
    private static Path temporary = Path.of("");

    private static Path original = Path.of("");
    private static Outputs begun = new Outputs(-1, "", "");
    private static int copies;

    private Path run = Path.of("");

    @BeforeAll
    static void train() throws IOException {
        original = temporary.resolve("original");
        begun = begin(original);
        assertThat(begun.code()).as(begun.err()).isZero();
    }

    /** Every test has a copy of the run to itself. */
    @BeforeEach
    void copy() throws IOException {
        run = temporary.resolve("run-" + ++copies);
        try (var paths = Files.walk(original)) {
            for (var path : paths.toList()) {
                Files.copy(path, run.resolve(original.relativize(path)), LinkOption.NOFOLLOW_LINKS);
            }
        }
    }

    private static Outputs begin(Path folder, String... more) throws IOException {
        var config = Files.writeString(temporary.resolve("small.yaml"), CONFIG);
        var arguments = new ArrayList<>(List.of("train", config.toString(), "--output", folder.toString()));
        arguments.addAll(List.of(more));
        return Outputs.of(arguments.toArray(String[]::new));
    }

    private Outputs resume(String... more) {
        var arguments = new ArrayList<>(List.of("train", "--resume", run.toString()));
        arguments.addAll(List.of(more));
        return Outputs.of(arguments.toArray(String[]::new));
    }

    private void refused(Outputs outputs, String... parts) {
        assertThat(outputs.code()).as(outputs.err()).isEqualTo(2);
        assertThat(outputs.err())
                .contains(parts)
                .doesNotContain("sampling ", "measuring ", "Exception", "REDACTED", "\tat ");
    }

    @Test
    void aLongerRunIsTheOneThatWasLongFromTheBeginning() throws IOException {
        var extended = resume("--set", "training.steps=4");
        assertThat(extended.code()).as(extended.err()).isZero();
        assertThat(extended.err()).contains("the run now has 4 steps, had 2");

        var whole = temporary.resolve("whole");
        assertThat(begin(whole, "--set", "training.steps=4").code()).isZero();
        assertThat(TrainProcess.metrics(run)).isEqualTo(TrainProcess.metrics(whole));
        assertThat(run.resolve("samples.jsonl")).hasSameTextualContentAs(whole.resolve("samples.jsonl"));
        assertThat(run.resolve("checkpoints/step-4/policy/model.safetensors"))
                .hasSameBinaryContentAs(whole.resolve("checkpoints/step-4/policy/model.safetensors"));
        for (String config : List.of("config.yaml", "checkpoints/step-4/config.yaml")) {
            assertThat(Files.readString(run.resolve(config)))
                    .isEqualTo(Files.readString(whole.resolve(config)).replace(whole.toString(), run.toString()));
        }
        assertThat(run.resolve("report.html"))
                .content()
                .contains("4 steps", "On the way", "<th scope=\"row\">2</th>", "<th scope=\"row\">4</th>");
    }

    @Test
    void anotherScheduleSaysWhatItMeans() throws IOException {
        run = temporary.resolve("linear");
        assertThat(begin(run, "--set", "training.schedule=linear").code()).isZero();
        var extended = resume("--set", "training.steps=4");
        assertThat(extended.code()).as(extended.err()).isZero();
        assertThat(extended.err().lines().filter(line -> line.startsWith("schedule linear: from step 3 on")))
                .hasSize(1);
        assertThat(TrainProcess.metrics(run).get(2).path("learningRate").asDouble())
                .isEqualTo(1e-4 * 0.5);
    }

    @Test
    void onlyWhatIsHarmlessMayChange() throws IOException {
        for (String other : List.of("training.learningRate=1", "constraints.0.moment=0.4", "evaluation.seed=99")) {
            refused(
                    resume("--set", other),
                    "--set " + other.split("=", 2)[0] + " with --resume",
                    "training.steps, training.onNan, checkpointEvery, keepLast, keepBest, evaluation.texts");
        }
        refused(resume("--set", "training.steps=1"), "made after step 2, got training.steps = 1");
        var kept = resume("--set", "evaluation.texts=2", "--set", "keepLast=1");
        assertThat(kept.code()).as(kept.err()).isZero();
        assertThat(Files.readAllLines(run.resolve("samples.jsonl"))).hasSize(4);
        assertThat(run.resolve("config.yaml")).content().contains("texts: 2", "keepLast: 1");
    }

    @Test
    void garbledMetricsAreNamed() throws IOException {
        var metrics = run.resolve("metrics.jsonl");
        String whole = Files.readString(metrics);
        for (String broken : List.of(
                whole.replaceFirst("\\{\"step\":2", "\\{\"step!:2"),
                whole.replaceFirst("\"step\":2", "\"step\":3"),
                whole.replaceFirst("\"outcome\":\"none\"(.*)\\s*$", "\"outcome\":\"nine\"$1\n"),
                whole.substring(0, whole.indexOf('\n') + 1) + "x".repeat(whole.length() - whole.indexOf('\n') - 1))) {
            assertThat(broken).isNotEqualTo(whole).hasSameSizeAs(whole);
            Files.writeString(metrics, broken);
            refused(resume(), metrics + ", line ", "is not as it was written", "restore the file");
            // Nothing is cut away by a refusal.
            assertThat(metrics).hasContent(broken.stripTrailing());
        }
        Files.writeString(metrics, "");
        refused(resume(), "has 0 bytes, the checkpoint was made after " + whole.length());
    }

    @Test
    void damageAndOtherConfigurationsAreFoundBeforeAnyModelIsSampled() throws IOException {
        var config = run.resolve("config.yaml");
        String whole = Files.readString(config);
        Files.writeString(config, whole.replace("batchSize: 8", "batchSize: 16"));
        refused(resume(), "training.batchSize = 8, got 16");
        Files.writeString(config, whole.replace("moment: 0.3", "moment: 0.4"));
        refused(resume(), "constraints.0.moment = 0.3, got 0.4");
        Files.writeString(config, whole.replace("name: \"female\"", "name: \"women\""));
        refused(resume(), "made with the constraints [female], got [women]");
        Files.writeString(config, whole);
        var weights = run.resolve("checkpoints/latest/trainer.safetensors");
        byte[] bytes = Files.readAllBytes(weights);
        bytes[bytes.length / 2] ^= 1;
        Files.write(weights, bytes);
        refused(resume(), "the checkpoint is damaged");
    }

    @Test
    void aMissingOrBrokenLinkIsSaid() throws IOException {
        var link = run.resolve("checkpoints/latest");
        Files.delete(link);
        assertThat(resume().err()).contains("there is no link " + link + "; taking the newest checkpoint, ", "step-2");
        Files.createSymbolicLink(link, Path.of("step-9"));
        assertThat(Outputs.of("sample", "--model", run.toString(), "-n", "1").err())
                .contains(link + " points to step-9, which is not there; taking the newest checkpoint, ");
        Files.delete(link);
        Files.createSymbolicLink(link, Path.of("step-2"));
        assertThat(resume().err()).doesNotContain("taking the newest");
    }

    /** Changes what the last checkpoint says of the run, and its manifest with it. */
    private void change(Consumer<ObjectNode> change) throws IOException {
        var checkpoint = run.resolve("checkpoints/latest");
        var file = checkpoint.resolve("run.json");
        var json = (ObjectNode) JSON.readTree(file.toFile());
        change.accept(json);
        JSON.writeValue(file.toFile(), json);
        var manifest =
                (ObjectNode) JSON.readTree(checkpoint.resolve("manifest.json").toFile());
        ((ObjectNode) manifest.at("/files/run.json"))
                .put("bytes", Files.size(file))
                .put("sha256", Sha256.of(file));
        JSON.writeValue(checkpoint.resolve("manifest.json").toFile(), manifest);
    }

    @Test
    void otherKernelsAreNamedOnce() throws IOException {
        String kernels = KernelProvider.kernels().description();
        assertThat(JSON.readTree(run.resolve("checkpoints/latest/run.json").toFile())
                        .path("kernels")
                        .asText())
                .isEqualTo(kernels);
        assertThat(resume().err()).doesNotContain("was written with the kernels");
        change(json -> json.put("kernels", "cpu (abacus)"));
        var resumed = resume();
        assertThat(resumed.code()).as(resumed.err()).isZero();
        assertThat(resumed.err().lines().filter(line -> line.contains("was written with the kernels")))
                .singleElement()
                .asString()
                .startsWith("warn: ")
                .contains("the kernels cpu (abacus), going on with " + kernels);
        assertThat(run.resolve("report.html")).content().contains("Warnings", "cpu (abacus)", "kernels " + kernels);
    }

    @Test
    void aCheckpointOfAnEarlierVersionIsGoneOnFrom() throws IOException {
        change(json -> json.remove(List.of("kernels", "equipoise", "seconds")));
        var resumed = resume("--set", "training.steps=3");
        assertThat(resumed.code()).as(resumed.err()).isZero();
        assertThat(resumed.err()).doesNotContain("was written with the kernels");
        assertThat(TrainProcess.metrics(run)).hasSize(3);
    }

    @Test
    void theReportCountsAllSessions() throws IOException {
        change(json -> json.put("seconds", 7200.0));
        assertThat(resume().code()).isZero();
        assertThat(run.resolve("report.html"))
                .content()
                .contains("2 steps, 2:0")
                .contains(" h in all");
    }

    @Test
    void theLogHasWhatCameBeforeTheFolder() throws IOException {
        assertThat(original.resolve("run.log"))
                .content()
                .containsSubsequence(
                        "original: Equipoise ",
                        "kernels " + KernelProvider.kernels().description(),
                        "to find the target",
                        "in the base model, desired 0.3, lambda ",
                        "measuring the base model");
    }

    @Test
    void everyCheckpointIsToldOnce() {
        for (int step = 1; step <= 2; step++) {
            String told = "checkpoint " + original.resolve("checkpoints/step-" + step);
            assertThat(begun.err().lines().filter(told::equals)).as(told).hasSize(1);
        }
        // Nothing new, nothing to tell.
        assertThat(resume().err().lines()).noneMatch(line -> line.startsWith("checkpoint "));
    }
}
