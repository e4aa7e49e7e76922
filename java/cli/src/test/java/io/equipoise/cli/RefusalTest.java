package io.equipoise.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.equipoise.files.UserPath;
import io.equipoise.kernels.KernelProvider;
import io.equipoise.model.Device;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What users get wrong: exit code 2, one message that says what to mend, nothing on stdout, no stack trace. */
class RefusalTest {
    private static final String FEMALE = "constraints: [{name: female, feature: gender, is: female, moment: 0.5}]\n";
    private static final String QUICK = "training: {steps: 1, batchSize: 8, momentSamples: 64, maxTokens: 8}\n";

    @TempDir
    private Path temporary = Path.of("");

    private Path output = Path.of("");

    @BeforeEach
    void chooseOutput() {
        output = temporary.resolve("run");
    }

    @Test
    void missingConfiguration() {
        refused(Outputs.of("train", temporary.resolve("none.yaml").toString()), "no configuration file");
    }

    @Test
    void unknownKey() throws IOException {
        refused(train("model: embedded\n" + FEMALE + "traning: {steps: 1}\n"), "line 3", "traning", "'training'");
    }

    @Test
    void unknownKeyInside() throws IOException {
        var config = "model: embedded\n" + FEMALE + "training:\n  step: 5\n";
        refused(train(config), "line 4", "unknown key 'step'", "did you mean 'steps'");
    }

    @Test
    void wrongType() throws IOException {
        var config = "model: embedded\n" + FEMALE + "training:\n  steps: many\n";
        refused(train(config), "line 4", "'steps' must be a whole number, got \"many\"");
    }

    @Test
    void unknownKeyOnTheCommandLine() throws IOException {
        var run = train("model: embedded\n" + FEMALE + QUICK, "--set", "training.stps=5");
        refused(run, "--set training.stps=5", "did you mean 'steps'");
    }

    @Test
    void momentOutsideItsRange() throws IOException {
        refused(train("model: embedded\n" + FEMALE.replace("0.5", "1.5") + QUICK), "line 2", "female", "[0, 1]", "1.5");
    }

    @Test
    void impossibleConstraint() throws IOException {
        var config = "model: embedded\nconstraints: [{name: odd, feature: word, word: zyzzyva, moment: 0.5}]\n" + QUICK;
        refused(train(config), "odd");
        assertThat(output).doesNotExist();
    }

    @Test
    void runFolderThatExists() throws IOException {
        Files.createDirectories(output);
        Files.writeString(output.resolve("precious.txt"), "mine");
        refused(train("model: embedded\n" + FEMALE + QUICK), "not empty", output.toString());
        assertThat(output.resolve("precious.txt")).hasContent("mine");
        assertThat(output.resolve("config.yaml")).doesNotExist();
    }

    @Test
    void missingModelFolder() throws IOException {
        refused(train("model: nowhere\n" + FEMALE + QUICK), "no model folder", "nowhere");
    }

    @Test
    void truncatedWeights() throws IOException {
        var model = modelFolder();
        var weights = model.resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(weights);
        Files.write(weights, Arrays.copyOf(bytes, bytes.length / 2));
        refused(train("model: broken\n" + FEMALE + QUICK), "model.safetensors", "not a whole safetensors file");
    }

    @Test
    void corruptWeights() throws IOException {
        var weights = modelFolder().resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(weights);
        Arrays.fill(bytes, 8, 40, (byte) '?');
        Files.write(weights, bytes);
        refused(train("model: broken\n" + FEMALE + QUICK), "model.safetensors", "not a safetensors file");
    }

    @Test
    void notANumberInTheWeights() throws IOException {
        var weights = modelFolder().resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(weights);
        // f16: all ones is NaN.
        bytes[bytes.length - 1] = bytes[bytes.length - 2] = (byte) 0xFF;
        Files.write(weights, bytes);
        refused(train("model: broken\n" + FEMALE + QUICK), "NaN", "damaged");
    }

    @Test
    void headerThatClaimsTooMuch() throws IOException {
        var weights = modelFolder().resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(weights);
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(0, Long.MAX_VALUE);
        Files.write(weights, bytes);
        refused(Outputs.of("sample", "--model", weights.resolveSibling("").toString()), "header claims");
    }

    @Test
    void tokenizerOfAnotherModel() throws IOException {
        var tokenizer = modelFolder().resolve("tokenizer.json");
        var json = new JsonMapper();
        var root = (ObjectNode) json.readTree(tokenizer.toFile());
        ((ObjectNode) root.path("model").path("vocab")).put("zyzzyva", 9999);
        json.writeValue(tokenizer.toFile(), root);
        refused(train("model: broken\n" + FEMALE + QUICK), "tokenizer.json", "9999", "belongs to another model");
    }

    @Test
    void moreTokensThanTheContextHolds() throws IOException {
        var config = "model: embedded\n" + FEMALE + QUICK.replace("maxTokens: 8", "maxTokens: 100");
        refused(train(config), "context of 64", "maxTokens");
    }

    private Outputs trainWithPrompts(String prompts, String... more) throws IOException {
        Files.writeString(temporary.resolve("prompts.txt"), prompts);
        String training = QUICK.replace("steps: 1,", "prompts: prompts.txt, promptsPerStep: 2, steps: 1,");
        return train("model: embedded\n" + FEMALE + training, more);
    }

    @Test
    void promptsThatAreMissing() throws IOException {
        var config = "model: embedded\n" + FEMALE + QUICK.replace("steps: 1,", "prompts: none.txt, steps: 1,");
        refused(train(config), "line 3", "no file of prompts", "none.txt", "one prompt a line");
    }

    @Test
    void promptsOfNoLine() throws IOException {
        refused(trainWithPrompts(""), "config.yaml, line 3", "prompts.txt is empty", "write one a line");
    }

    @Test
    void promptsWithABlankLine() throws IOException {
        refused(trainWithPrompts("She\n\nHe\n"), "prompts.txt, line 2 is blank");
    }

    @Test
    void promptsThereTwice() throws IOException {
        refused(trainWithPrompts("She\nHe\nShe\n"), "prompts.txt, line 3 repeats line 1", "delete one");
    }

    @Test
    void promptLongerThanTheContext() throws IOException {
        var longer = "She said " + "that it was so, and ".repeat(20);
        var run = trainWithPrompts("She\n" + longer + "\n");
        refused(run, "prompt 2 (\"She said that it was so, and", "context of 64 has room for 56", "shorten");
        assertThat(output).doesNotExist();
    }

    @Test
    void promptsThatDoNotDivideTheBatch() throws IOException {
        var run = trainWithPrompts("She\nHe\nThey\n", "--set", "training.promptsPerStep=3");
        refused(run, "--set training.promptsPerStep=3", "must divide batchSize", "got 3 for 8");
    }

    @Test
    void whatPromptsDoNotGoWith() throws IOException {
        var run = trainWithPrompts("She\nHe\n", "--set", "training.momentCorrection=0.1");
        refused(run, "momentCorrection must be 0 with prompts");
        var config = "model: embedded\n" + FEMALE + QUICK.replace("steps: 1,", "promptInFeatures: true, steps: 1,");
        refused(train(config), "line 3", "'promptInFeatures' needs 'prompts'");
    }

    @Test
    void aRunThatDoesNotFit() throws IOException {
        var config = "model: embedded\n" + FEMALE + QUICK;
        var run = train(config, "--memory-limit", "100m");
        refused(run, "more than the limit of 0.10 GiB", "policy and its gradient", "no batch is small enough");
        assertThat(output).doesNotExist();
        refused(train(config, "--memory-limit", "lots"), "--memory-limit must be a size like 512m or 6g", "got 'lots'");
    }

    @Test
    void unknownCommand() {
        refused(Outputs.of("trian"), "trian", "train");
    }

    @Test
    void unknownKernels() {
        refused(Outputs.of("doctor", "--kernels", "abacus"), "abacus", "reference");
    }

    @Test
    void kernelsOfADeviceThatIsNotThere() {
        var cuda = KernelProvider.all().stream()
                .filter(provider -> provider.name().equals("cuda"))
                .findFirst()
                .orElseThrow();
        assumeThat(cuda.unavailable()).isPresent();
        refused(
                Outputs.of("doctor", "--kernels", "cuda", "--sync-kernels"),
                "kernels 'cuda' can't run here: " + cuda.unavailable().orElseThrow());
    }

    @Test
    void unknownDevice() {
        refused(Outputs.of("demo", "--device", "gpu"), "no device 'gpu'; there are cpu, cuda");
    }

    @Test
    void aDeviceThatIsNotThere() throws IOException {
        assumeThat(Device.CUDA.unavailable()).isPresent();
        var config = Files.writeString(temporary.resolve("config.yaml"), "model: embedded\n" + FEMALE + QUICK)
                .toString();
        for (String[] command : new String[][] {
            {"demo", "--output", output.toString()},
            {"train", config, "--output", output.toString()},
            {"sample", "--model", "embedded"},
            {"evaluate", config, "--policy", "embedded"}
        }) {
            var arguments = new ArrayList<>(List.of(command));
            arguments.addAll(List.of("--device", "cuda"));
            var outputs = Outputs.of(arguments.toArray(String[]::new));
            refused(
                    outputs,
                    "--device cuda can't run here: " + Device.CUDA.unavailable().orElseThrow());
            assertThat(outputs.err().lines()).hasSize(1);
            assertThat(output).doesNotExist();
        }
    }

    @Test
    void impossibleOption() throws IOException {
        refused(Outputs.of("sample", "--model", "embedded", "--temperature", "-1"), "temperature", "> 0", "top-k 1");
        var config = Files.writeString(temporary.resolve("config.yaml"), "model: embedded\n" + FEMALE + QUICK);
        refused(
                Outputs.of("sample", "--target", config.toString(), "--temperature", "0"),
                "--temperature 0 writes one text only");
    }

    @Test
    void wordsThatAreNone() throws IOException {
        Files.writeString(temporary.resolve("list.txt"), "time\nC#\n");
        var config = "model: embedded\nconstraints:\n  - {name: mine, feature: words, file: list.txt, moment: 0.1}\n";
        refused(train(config), "line 3", "list.txt, line 2: \"C#\" has #", "pattern: '(?i)\\bC#'");
    }

    @Test
    void aBackspaceInAPattern() throws IOException {
        var config =
                "model: embedded\nconstraints:\n  - name: he\n    feature: regex\n    pattern: \"\\bhe\\b\"\n    moment: 0.3\n";
        refused(train(config), "line 5", "U+0008 (backspace)", "single quotes");
    }

    @Test
    void noTextAsAMoment() throws IOException {
        refused(
                train("model: embedded\n" + FEMALE.replace("0.5", "0")),
                "line 2",
                "write not: true and pointwise: true");
        assertThat(output).doesNotExist();
    }

    @Test
    void foldersOfOtherUsers() throws IOException {
        refused(train("model: ~nobody/gpt2\n" + FEMALE), "line 1", "only ~/, your own home folder, is known");
        refused(Outputs.of("sample", "--model", "~nobody/gpt2"), "only ~/, your own home folder, is known");
        var run = Outputs.of("train", "--resume", "~nobody/run");
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains("--resume", "only ~/, your own home folder, is known");
    }

    @Test
    void foldersInTheHomeFolder() throws IOException {
        var home = UserPath.of("~/no-such-folder/gpt2").toString();
        refused(train("model: ~/no-such-folder/gpt2\n" + FEMALE), "no model folder " + home);
        refused(Outputs.of("sample", "--model", "~/no-such-folder/gpt2"), "no model folder " + home);
        refused(
                Outputs.of("train", "--resume=~/no-such-folder/run"),
                UserPath.of("~/no-such-folder/run").toString());
    }

    @Test
    void aConfigurationInAnotherEncoding() throws IOException {
        var file = Files.write(
                temporary.resolve("config.yaml"), ("model: embedded\n" + FEMALE).getBytes(StandardCharsets.UTF_16));
        refused(Outputs.of("train", file.toString()), "config.yaml", "UTF-16", "save it as UTF-8");
    }

    @Test
    void promptsOfJsonInAPlainFile() throws IOException {
        refused(trainWithPrompts("{\"prompt\": \"She\"}\nHe\n"), "prompts.txt, line 1 is JSON", "*.jsonl");
    }

    private Outputs train(String config, String... more) throws IOException {
        var file = Files.writeString(temporary.resolve("config.yaml"), config);
        var arguments = new ArrayList<String>();
        arguments.addAll(List.of("train", file.toString(), "--json", "--output", output.toString()));
        arguments.addAll(List.of(more));
        return refusal(Outputs.of(arguments.toArray(String[]::new)));
    }

    /** What {@code --json} has on stdout is what stderr says; without it, as other commands have it. */
    private static Outputs refusal(Outputs outputs) {
        var error = outputs.json().path("error");
        assertThat(error.path("exitCode").asInt()).isEqualTo(2);
        assertThat(outputs.err()).contains("error: " + error.path("message").asText());
        return new Outputs(outputs.code(), "", outputs.err());
    }

    /** A whole copy of the embedded model, for breaking. */
    private Path modelFolder() throws IOException {
        var folder = Files.createDirectories(temporary.resolve("broken"));
        try (var files = Files.list(EmbeddedModel.folder(temporary.resolve("cache")))) {
            for (var file : files.toList()) Files.copy(file, folder.resolve(file.getFileName()));
        }
        return folder;
    }

    private static void refused(Outputs outputs, String... parts) {
        assertThat(outputs.err()).contains(parts).doesNotContain("\tat ", "Exception");
        assertThat(outputs.err().lines().filter(line -> line.startsWith("error: ")))
                .hasSize(1);
        assertThat(outputs.out()).isEmpty();
        assertThat(outputs.code()).isEqualTo(2);
    }
}
