package io.equipoise.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that somebody made to do harm, through the program: exit code 2 and one message, as for honest mistakes. */
class HostileInputTest {
    private static final String CONSTRAINTS = "constraints: [{name: a, feature: word, word: sea, moment: 0.5}]\n";

    @TempDir
    private Path temporary = Path.of("");

    private static void refused(Outputs outputs, String... parts) {
        assertThat(outputs.err()).contains(parts).doesNotContain("\tat ", "Exception", "StackOverflow");
        assertThat(outputs.err().lines().filter(line -> line.startsWith("error: ")))
                .hasSize(1);
        assertThat(outputs.err()).hasSizeLessThan(3000);
        // Nothing of a file moves the terminal's cursor.
        assertThat(outputs.err().chars().filter(c -> Character.isISOControl(c) && c != '\n'))
                .isEmpty();
        assertThat(outputs.out()).isEmpty();
        assertThat(outputs.code()).isEqualTo(2);
    }

    private Outputs train(String config) throws IOException {
        return train(config.getBytes(StandardCharsets.UTF_8));
    }

    private Outputs train(byte[] config) throws IOException {
        var file = Files.write(temporary.resolve("config.yaml"), config);
        return Outputs.of(
                "train", file.toString(), "--output", temporary.resolve("run").toString());
    }

    @ParameterizedTest
    @ValueSource(ints = {30, 1000, 100_000})
    void nestedConfiguration(int depth) throws IOException {
        refused(train("model: " + "[".repeat(depth) + "]".repeat(depth)), "config.yaml");
        refused(train("model: " + "{a: ".repeat(depth) + "}".repeat(depth)), "config.yaml");
        refused(train("- ".repeat(depth) + "x"), "config.yaml");
    }

    @Test
    void configurationWhoseAliasesMultiply() throws IOException {
        var text = new StringBuilder("l0: &l0 [x, x, x, x, x]\n");
        for (int i = 1; i < 10; i++) {
            text.append("l%d: &l%d [".formatted(i, i))
                    .append("*l%d, ".formatted(i - 1).repeat(5))
                    .append("]\n");
        }
        refused(train(text.toString()), "config.yaml, line ", "more than 20000 values");
    }

    @ParameterizedTest
    @ValueSource(strings = {"\\u", "\\x4", "\\UFFFFFFFF\"", "\\U00110000\""})
    void escapesOfNoCharacter(String escape) throws IOException {
        refused(train("model: \"" + escape), "config.yaml", ": not YAML: ");
    }

    @Test
    void configurationThatHoldsItself() throws IOException {
        refused(train("model: &a [*a]\n"), "config.yaml", "nested too deeply");
    }

    @Test
    void enormousConfiguration() throws IOException {
        var file = temporary.resolve("config.yaml");
        try (var access = new RandomAccessFile(file.toFile(), "rw")) {
            access.setLength(1L << 40);
        }
        refused(Outputs.of("train", file.toString()), "config.yaml", "more than 1048576 bytes");
    }

    @Test
    void enormousNumbersAndKeys() throws IOException {
        refused(
                train("model: embedded\n" + CONSTRAINTS + "training: {steps: " + "9".repeat(900_000) + "}\n"),
                "config.yaml, line 3",
                "900000 characters, at most 400");
        refused(train("x".repeat(900) + ": 1\n"), "config.yaml, line 1", "a key of 900 characters");
        refused(train("model: embedded\n" + CONSTRAINTS + "training: {learningRate: 1e999}\n"), "'learningRate'");
    }

    @Test
    void configurationThatIsNotText() throws IOException {
        refused(train(new byte[] {'a', ':', ' ', (byte) 0xED, (byte) 0xA0, (byte) 0x80}), "config.yaml", "UTF-8");
        refused(train("model: \"\\ud800\"\n" + CONSTRAINTS), "config.yaml");
        refused(train("model: \"a\\0b\"\n" + CONSTRAINTS), "config.yaml, line 1", "'model' can't be a path");
        refused(train("\"\\e[2J\\u202e\": 1\n"), "unknown key '\\u001b[2J\\u202e'");
    }

    @Test
    void expressionNestedTooDeeply() throws IOException {
        String pattern = "(".repeat(200_000) + ")".repeat(200_000);
        refused(
                train("model: embedded\nconstraints: [{name: a, feature: regex, pattern: '" + pattern
                        + "', moment: 0.5}]\n"),
                "config.yaml, line 2",
                "Stack overflow during pattern compilation");
    }

    private Outputs trainWithWords(byte[] words) throws IOException {
        Files.write(temporary.resolve("words.txt"), words);
        return train("model: embedded\nconstraints: [{name: a, feature: words, file: words.txt, moment: 0.5}]\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"sea\nsh\u0000ip\n", "\u001b[2J\n", "sea\u0007bed", "\u202e\n", "a\u200bb\n", "\u0000"})
    void wordsWithControlCharacters(String words) throws IOException {
        refused(trainWithWords(words.getBytes(StandardCharsets.UTF_8)), "config.yaml, line 2", "words.txt", "wanted");
    }

    @Test
    void wordsThatAreNotText() throws IOException {
        refused(trainWithWords(new byte[] {(byte) 0xED, (byte) 0xA0, (byte) 0x80, '\n'}), "words.txt", "UTF-8");
        refused(trainWithWords(new byte[] {(byte) 0xFF}), "words.txt", "UTF-8");
    }

    @Test
    void wordsWithoutEnd() throws IOException {
        try (var access = new RandomAccessFile(temporary.resolve("endless.txt").toFile(), "rw")) {
            access.setLength(1L << 40);
        }
        refused(
                train("model: embedded\nconstraints: [{name: a, feature: words, file: endless.txt, moment: 0.5}]\n"),
                "endless.txt",
                "more than 16777216 bytes");
    }

    /** A whole copy of the embedded model, for breaking. */
    private Path model() throws IOException {
        var folder = Files.createDirectories(temporary.resolve("model"));
        try (var files = Files.list(EmbeddedModel.folder(temporary.resolve("cache")))) {
            for (var file : files.toList()) Files.copy(file, folder.resolve(file.getFileName()));
        }
        return folder;
    }

    private static Outputs sample(Path model) {
        return Outputs.of("sample", "--model", model.toString(), "-n", "1");
    }

    @Test
    void headerOfOneGigabyte() throws IOException {
        var model = model();
        try (var access =
                new RandomAccessFile(model.resolve("model.safetensors").toFile(), "rw")) {
            access.write(ByteBuffer.allocate(8)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(0, 1L << 30)
                    .array());
            access.setLength(2L << 30);
        }
        refused(sample(model), "model.safetensors", "1073741824 bytes", "at most 16777216", "download it again");
    }

    @Test
    void weightsThatArePickled() throws IOException {
        var model = model();
        Files.move(model.resolve("model.safetensors"), model.resolve("pytorch_model.bin"));
        refused(sample(model), "pytorch_model.bin is a pickle", "safe_serialization=True");
    }

    @Test
    void configurationThatClaimsAnyMemory() throws IOException {
        var model = model();
        var json = new JsonMapper();
        var config = (ObjectNode) json.readTree(model.resolve("config.json").toFile());
        config.put("n_layer", 16_000_000).put("n_embd", 1 << 24);
        json.writeValue(model.resolve("config.json").toFile(), config);
        refused(sample(model), "config.json", "n_layer is 16000000", "too few");
    }

    @Test
    void tokenizerThatWouldEndTheProcess() throws IOException {
        var model = model();
        var json = new JsonMapper();
        var file = model.resolve("tokenizer.json");
        var root = (ObjectNode) json.readTree(file.toFile());
        ((ObjectNode) root.path("model")).put("continuing_subword_prefix", "\u001b[2J##########");
        json.writeValue(file.toFile(), root);
        refused(sample(model), "tokenizer.json", "continuing_subword_prefix", "not supported");
    }

    @Test
    void promptOfHalfACharacter() throws IOException {
        var model = model();
        var outputs = Outputs.of("sample", "--model", model.toString(), "-n", "1", "--prompt", "She \ud800", "--json");
        assertThat(outputs.code()).isZero();
        assertThat(outputs.json().isObject()).isTrue();
    }
}
