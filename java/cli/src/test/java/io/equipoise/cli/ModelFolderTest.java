package io.equipoise.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.equipoise.kernels.KernelProvider;
import io.equipoise.model.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Model folders through the program: how texts begin and end, what is said of it, and what can't be run. */
class ModelFolderTest {
    private static final JsonMapper JSON = new JsonMapper();

    @TempDir
    private Path temporary = Path.of("");

    private Path model = Path.of("");

    @BeforeEach
    void copyEmbedded() throws IOException {
        model = Files.createDirectories(temporary.resolve("model"));
        try (var files = Files.list(EmbeddedModel.folder(temporary.resolve("cache")))) {
            for (var file : files.toList()) Files.copy(file, model.resolve(file.getFileName()));
        }
    }

    private void edit(String name, Consumer<ObjectNode> change) throws IOException {
        var file = model.resolve(name).toFile();
        var root = (ObjectNode) JSON.readTree(file);
        change.accept(root);
        JSON.writeValue(file, root);
    }

    private Outputs sample(String... more) {
        var arguments = new ArrayList<>(List.of("sample", "--model", model.toString(), "--json"));
        arguments.addAll(List.of(more));
        return Outputs.of(arguments.toArray(String[]::new));
    }

    private static Outputs ran(Outputs outputs) {
        assertThat(outputs.code()).as(outputs.err()).isZero();
        return outputs;
    }

    private static void refused(Outputs outputs, String... parts) {
        assertThat(outputs.err()).contains(parts).doesNotContain("\tat ", "Exception");
        assertThat(outputs.code()).isEqualTo(2);
    }

    @Test
    void bosAndEosAreShown() {
        var outputs = ran(sample("-n", "1", "--max-tokens", "2", "--prompt", "She"));
        String token = "{\"token\":0,\"text\":\"<|endoftext|>\"}";
        assertThat(outputs.json().path("bos")).hasToString(token);
        assertThat(outputs.json().path("eos")).hasToString("[" + token + "]");
        assertThat(outputs.err())
                .contains(
                        "BOS is token 0 \"<|endoftext|>\", put before every prompt; EOS is token 0 \"<|endoftext|>\"");
    }

    /** The greedy continuation's third token, made an end of text, is the last that is written. */
    @Test
    void generationConfigsEosEndTexts() throws IOException {
        String[] greedy = {"-n", "1", "--top-k", "1", "--max-tokens", "6", "--prompt", "She said"};
        String longer = ran(sample(greedy)).json().at("/samples/0/text").asText();
        var three = greedy.clone();
        three[5] = "3";
        String wanted = ran(sample(three)).json().at("/samples/0/text").asText();
        assertThat(longer).startsWith(wanted).isNotEqualTo(wanted);
        int third = tokenAfter(wanted);
        edit(
                "generation_config.json",
                json -> json.putArray("eos_token_id").add(0).add(third));
        var outputs = ran(sample(greedy));
        assertThat(outputs.json().at("/samples/0/text").asText()).isEqualTo(wanted);
        assertThat(outputs.json().at("/samples/0/tokens").asInt()).isEqualTo(3);
        assertThat(outputs.json().at("/eos/1/token").asInt()).isEqualTo(third);
        assertThat(outputs.err())
                .containsOnlyOnce("texts end with eos_token_id [0, " + third + "] of generation_config.json")
                .contains("not with [0] of config.json");
    }

    /** The last token of a text. */
    private int tokenAfter(String text) {
        try (var tokenizer = Tokenizer.load(model.resolve("tokenizer.json"))) {
            int[] tokens = tokenizer.encode(text);
            return tokens[tokens.length - 1];
        }
    }

    @Test
    void aPromptWithATokenThatTheModelLacksIsRefused() throws IOException {
        edit("tokenizer.json", root -> ((ArrayNode) root.path("added_tokens"))
                .addObject()
                .put("id", 4096)
                .put("content", "[PAD]\u001b[2J")
                .put("single_word", false)
                .put("lstrip", false)
                .put("rstrip", false)
                .put("normalized", false)
                .put("special", true));
        var outputs = ran(sample("-n", "1", "--max-tokens", "2"));
        assertThat(outputs.err()).contains("no embedding of the special tokens 4096 \"[PAD]\\u001b[2J\"");
        refused(sample("-n", "1", "--prompt", "She [PAD]\u001b[2J"), "token 4096 \"[PAD]", "leave it out");
    }

    @Test
    void aGitLfsPointerIsNamed() throws IOException {
        Files.writeString(
                model.resolve("model.safetensors"),
                "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 8456488\n");
        refused(sample("-n", "1"), "model.safetensors is a Git LFS pointer", "git lfs install and git lfs pull");
    }

    @Test
    void aPolicyWhoseTextsEndOtherwiseIsNotCompared() throws IOException {
        edit("generation_config.json", json -> json.put("eos_token_id", 9));
        var config = Files.writeString(
                temporary.resolve("config.yaml"),
                "model: embedded\nconstraints: [{name: a, feature: word, word: sea, moment: 0.5}]\n");
        refused(
                Outputs.of("evaluate", config.toString(), "--policy", model.toString()),
                "the policy's texts begin with token 0 and end with 9",
                "end with 0;");
    }

    @Test
    void anActivationThatTheKernelsLackIsNamed() throws IOException {
        assumeThat(KernelProvider.kernels().transformer())
                .as("kernels of the transformer")
                .isPresent();
        edit("config.json", json -> json.put("activation_function", "gelu"));
        var outputs = ran(sample("-n", "1", "--max-tokens", "2"));
        assertThat(outputs.err())
                .containsOnlyOnce("libtorch computes this model")
                .contains("no activation 'gelu'");
        var config = Files.writeString(
                temporary.resolve("config.yaml"),
                "model: model\nprecision: bf16\nconstraints: [{name: a, feature: word, word: sea, moment: 0.5}]\n");
        refused(
                Outputs.of(
                        "train",
                        config.toString(),
                        "--output",
                        temporary.resolve("run").toString()),
                "precision bf16 is not available",
                "no activation 'gelu', only gelu_new",
                "set precision: f32");
    }
}
