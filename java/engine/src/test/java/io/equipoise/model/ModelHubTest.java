package io.equipoise.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.equipoise.memory.Vector;
import io.equipoise.sampling.Prompts;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Model folders as people have them: the model is the one that transformers runs, and what is saved is whole. */
class ModelHubTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final String EMBEDDING = "transformer.wte.weight";
    private static final String HEAD = "lm_head.weight";

    @TempDir
    private Path temporary = Path.of("");

    private Path folder = Path.of("");

    @BeforeEach
    void copyGolden() throws IOException {
        folder = Files.createDirectory(temporary.resolve("model"));
        for (String name : List.of("config.json", "generation_config.json", "model.safetensors")) {
            Files.copy(Golden.folder("gpt2").resolve(name), folder.resolve(name));
        }
    }

    private static void edit(Path file, Consumer<ObjectNode> change) throws IOException {
        var root = (ObjectNode) JSON.readTree(file.toFile());
        change.accept(root);
        JSON.writeValue(file.toFile(), root);
    }

    /** The golden weights under other names, with a head; the elements of {@code changed} one larger. */
    private void writeWithHead(boolean embedding, Optional<Integer> changed) throws IOException {
        try (var model = (Gpt2) Golden.model("gpt2")) {
            var tensors = new ArrayList<SafetensorsWriter.Tensor>();
            var declarations = model.flatParameters().declarations();
            for (int i = 0; i < declarations.size(); i++) {
                var parameter = model.parameters().list().get(i);
                var shape = declarations.get(i).shape();
                var value = model.parameters().value().slice(parameter.from(), parameter.size());
                boolean isEmbedding = parameter.name().equals(EMBEDDING);
                if (!isEmbedding || embedding) {
                    tensors.add(new SafetensorsWriter.Tensor(parameter.name(), shape, value));
                }
                if (!isEmbedding) continue;
                float[] head = value.toFloats();
                changed.ifPresent(element -> head[element] += 1);
                tensors.add(new SafetensorsWriter.Tensor(HEAD, shape, Vector.of(head)));
            }
            SafetensorsWriter.write(folder.resolve("model.safetensors"), tensors);
            for (var tensor : tensors)
                if (tensor.name().equals(HEAD)) tensor.data().close();
        }
    }

    private float[] loaded() {
        try (var model = Golden.model(folder)) {
            return model.parameters().value().toFloats();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aTiedHeadIsTheEmbeddingWhicheverIsThere(boolean embedding) throws IOException {
        float[] wanted = loaded();
        writeWithHead(embedding, Optional.empty());
        assertThat(loaded()).isEqualTo(wanted);
    }

    /** The first element and the last: all are compared. */
    @ParameterizedTest
    @ValueSource(ints = {0, 211 * 48 - 1})
    void aTiedHeadThatDiffersIsRefusedWithBothWaysOut(int element) throws IOException {
        writeWithHead(true, Optional.of(element));
        assertThatThrownBy(this::loaded)
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContainingAll(
                        HEAD,
                        "differs from " + EMBEDDING,
                        "tie_word_embeddings is true",
                        "set it to false",
                        "delete " + HEAD);
        edit(folder.resolve("config.json"), config -> config.put("tie_word_embeddings", false));
        // The head comes last.
        float[] tied;
        try (var file = Safetensors.open(Golden.folder("gpt2/model.safetensors"))) {
            tied = Golden.floats(file, EMBEDDING);
        }
        tied[element] += 1;
        float[] untied = loaded();
        assertThat(Arrays.copyOfRange(untied, untied.length - tied.length, untied.length))
                .isEqualTo(tied);
    }

    @ParameterizedTest
    @ValueSource(strings = {"config.json", "generation_config.json", "model.safetensors", "tokenizer.json"})
    void aGitLfsPointerIsNamed(String name) throws IOException {
        Files.copy(Golden.folder("tokenizer").resolve("tokenizer.json"), folder.resolve("tokenizer.json"));
        pointer(folder.resolve(name));
        assertThatThrownBy(() -> ModelHub.load(folder).close())
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContainingAll(name + " is a Git LFS pointer", "git lfs install", "git lfs pull");
    }

    @ParameterizedTest
    @ValueSource(strings = {"model.safetensors.index.json", "model-1.safetensors"})
    void aGitLfsPointerAmongShardsIsNamed(String name) throws IOException {
        Files.delete(folder.resolve("model.safetensors"));
        Files.writeString(
                folder.resolve("model.safetensors.index.json"), "{\"weight_map\":{\"a\":\"model-1.safetensors\"}}");
        pointer(folder.resolve(name));
        assertThatThrownBy(this::loaded)
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining(name + " is a Git LFS pointer");
    }

    private static void pointer(Path file) throws IOException {
        Files.writeString(
                file,
                "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0".repeat(64) + "\nsize 548105171\n");
    }

    /** The golden tokenizer's first tokens, with others added: {@code text special number}. */
    private void writeTokenizer(String... added) throws IOException {
        var root = (ObjectNode)
                JSON.readTree(Golden.folder("tokenizer/tokenizer.json").toFile());
        var model = (ObjectNode) root.path("model");
        model.set("merges", JSON.createArrayNode());
        ((ObjectNode) model.path("vocab"))
                .properties()
                .removeIf(entry -> entry.getValue().asInt() >= 211);
        for (String token : added) {
            String[] parts = token.split(" ", -1);
            ((ArrayNode) root.path("added_tokens"))
                    .addObject()
                    .put("id", Integer.parseInt(parts[2]))
                    .put("content", parts[0])
                    .put("single_word", false)
                    .put("lstrip", false)
                    .put("rstrip", false)
                    .put("normalized", false)
                    .put("special", parts[1].equals("special"));
        }
        JSON.writeValue(folder.resolve("tokenizer.json").toFile(), root);
    }

    @Test
    void specialTokensBeyondTheEmbeddingAreLoadedButNotInPrompts() throws IOException {
        writeTokenizer("[PAD] special 211", "[SEP] special 212");
        try (var model = ModelHub.load(folder)) {
            assertThat(Prompts.start("a", model)).hasSize(2).startsWith(210);
            assertThatThrownBy(() -> Prompts.start("a[PAD]", model))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContainingAll(
                            "\"a[PAD]\"", "token 211 \"[PAD]\"", "vocabulary ends at 210", "leave it out");
        }
    }

    @Test
    void otherTokensBeyondTheEmbeddingAreRefused() throws IOException {
        writeTokenizer("[PAD] special 211", "<user> ordinary 212");
        assertThatThrownBy(() -> ModelHub.load(folder).close())
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContainingAll(
                        "tokenizer.json",
                        "token 212 \"<user>\" was added",
                        "model.resize_token_embeddings(213)",
                        "remove");
        writeTokenizer();
        edit(
                folder.resolve("tokenizer.json"),
                root -> ((ObjectNode) root.path("model").path("vocab")).put("zyzzyva", 9999));
        assertThatThrownBy(() -> ModelHub.load(folder).close())
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContainingAll("tokens up to 9999", "ends at 210", "belongs to another model");
    }

    @Test
    void theLogNamesBosAndEveryEos() throws IOException {
        writeTokenizer();
        edit(
                folder.resolve("generation_config.json"),
                json -> json.putArray("eos_token_id").add(3).add(0));
        try (var model = ModelHub.load(folder)) {
            assertThat(model.specialTokens())
                    .isEqualTo("BOS is token 210 \"\\u0015\", put before every prompt; EOS is token 3 \"#\" or 0"
                            + " \"<|endoftext|>\"");
        }
    }

    @Test
    void aTextOfAFileIsQuotedOnOneLine() {
        assertThat(Tokenizer.quoted("a\n\u001b[2J\u202e\u2028")).isEqualTo("\"a\\u000a\\u001b[2J\\u202e\\u2028\"");
        assertThat(Tokenizer.quoted("😀".repeat(41))).isEqualTo("\"" + "😀".repeat(40) + "…\"");
    }

    private Path save() throws IOException {
        var saved = temporary.resolve("saved");
        try (var model = Golden.model(folder)) {
            ModelHub.save(model, folder, saved);
        }
        return saved;
    }

    @Test
    void companionsAreTakenAlongAsTheyAre() throws IOException {
        writeTokenizer();
        edit(
                folder.resolve("generation_config.json"),
                json -> json.putArray("eos_token_id").add(210).add(7));
        var names = List.of(
                "tokenizer_config.json",
                "special_tokens_map.json",
                "added_tokens.json",
                "chat_template.jinja",
                "chat_template.json",
                "vocab.json",
                "merges.txt",
                "tokenizer.model",
                "LICENSE");
        for (String name : names) Files.writeString(folder.resolve(name), "content of " + name);
        Files.createDirectory(folder.resolve("additional_chat_templates"));
        Files.writeString(folder.resolve("additional_chat_templates/rag.jinja"), "rag");
        for (String other : List.of("README.md", "pytorch_model.bin", "additional_chat_templates/rag.sh")) {
            Files.writeString(folder.resolve(other), "not of the tokenizer");
        }
        var saved = save();
        for (String name : names) assertThat(saved.resolve(name)).hasContent("content of " + name);
        assertThat(saved.resolve("additional_chat_templates/rag.jinja")).hasContent("rag");
        for (String name : List.of("tokenizer.json", "generation_config.json")) {
            assertThat(saved.resolve(name)).hasSameBinaryContentAs(folder.resolve(name));
        }
        for (String other : List.of("README.md", "pytorch_model.bin", "additional_chat_templates/rag.sh")) {
            assertThat(saved.resolve(other)).doesNotExist();
        }
        try (var model = ModelHub.load(saved)) {
            assertThat(model.model().config().eosTokens()).isEqualTo(EosTokens.of(210, 7));
        }
    }

    /** Of strangers' folders: a file elsewhere must not get into what is saved, and perhaps published, from it. */
    @Test
    void companionsThatAreNoFilesOfTheFolderStayBehind() throws IOException {
        Files.writeString(temporary.resolve("secret"), "secret");
        Files.createSymbolicLink(folder.resolve("merges.txt"), temporary.resolve("secret"));
        Files.createSymbolicLink(folder.resolve("added_tokens.json"), folder.resolve("nowhere"));
        Files.createDirectory(folder.resolve("vocab.json"));
        pointer(folder.resolve("tokenizer.model"));
        Files.writeString(folder.resolve("NOTICE"), "notice");
        Files.createSymbolicLink(folder.resolve("LICENSE"), Path.of("NOTICE"));
        var saved = save();
        assertThat(saved.resolve("LICENSE")).hasContent("notice");
        for (String name : List.of("merges.txt", "added_tokens.json", "vocab.json", "tokenizer.model")) {
            assertThat(saved.resolve(name)).doesNotExist();
        }
    }

    @Test
    void companionsInTheHubsCacheAreTakenAlong() throws IOException {
        var snapshot = temporary.resolve("models--gpt2/snapshots/0f0f");
        var blobs = Files.createDirectories(temporary.resolve("models--gpt2/blobs"));
        Files.createDirectories(snapshot);
        Files.writeString(folder.resolve("vocab.json"), "{}");
        try (var files = Files.list(folder)) {
            for (var file : files.toList()) {
                Files.move(file, blobs.resolve(file.getFileName()));
                Files.createSymbolicLink(
                        snapshot.resolve(file.getFileName()),
                        Path.of("../../blobs").resolve(file.getFileName()));
            }
        }
        folder = snapshot;
        var saved = save();
        assertThat(saved.resolve("vocab.json")).hasContent("{}");
        assertThat(Files.isSymbolicLink(saved.resolve("vocab.json"))).isFalse();
    }

    @Test
    void whatIsReadOnlyIsSavedWritable() throws IOException {
        assumeThat(FileSystems.getDefault().supportedFileAttributeViews())
                .as("file permissions")
                .contains("posix");
        Files.writeString(folder.resolve("vocab.json"), "{}");
        Files.setPosixFilePermissions(folder.resolve("vocab.json"), PosixFilePermissions.fromString("r--r--r--"));
        var saved = save();
        assertThat(Files.getPosixFilePermissions(saved.resolve("vocab.json")))
                .containsAll(PosixFilePermissions.fromString("rw-------"));
    }

    @Test
    void theEndsOfTextsArePartOfTheDigest() throws IOException {
        String before = ModelDigest.of(folder);
        Files.writeString(folder.resolve("vocab.json"), "{}");
        assertThat(ModelDigest.of(folder)).isEqualTo(before);
        edit(folder.resolve("generation_config.json"), json -> json.put("eos_token_id", 7));
        assertThat(ModelDigest.of(folder)).isNotEqualTo(before);
    }

    @Test
    void aPolicyOfOtherEndsIsNotCompared() {
        var base = new ModelConfig(257, 64, 0, EosTokens.of(0, 105));
        new ModelConfig(257, 64, 0, EosTokens.of(105, 0)).requireSameTexts(base);
        assertThatThrownBy(() -> new ModelConfig(257, 64, 0, 0).requireSameTexts(base))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll(
                        "begin with token 0 and end with 0", "end with 0, 105", "generation_config.json");
        assertThatThrownBy(() -> new ModelConfig(257, 64, 1, EosTokens.of(0, 105)).requireSameTexts(base))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
