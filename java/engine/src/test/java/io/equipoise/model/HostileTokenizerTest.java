package io.equipoise.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tokenizers that somebody made to do harm, and texts no tokenizer was made for. The native library's panics end the
 * process: a case that got through to one would take this test's JVM along.
 */
class HostileTokenizerTest {
    private static final JsonMapper JSON = new JsonMapper();

    @TempDir
    private Path folder = Path.of("");

    private static ObjectNode tokenizer() throws IOException {
        return (ObjectNode)
                JSON.readTree(Golden.folder("tokenizer/tokenizer.json").toFile());
    }

    private void refused(JsonNode root, String... parts) throws IOException {
        var file = folder.resolve("tokenizer.json");
        JSON.writeValue(file.toFile(), root);
        assertThatThrownBy(() -> Tokenizer.load(file).close())
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("tokenizer.json")
                .hasMessageContainingAll(parts);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "model | {'type':'Cycle'}",
                "model | {'type':'BPE','continuing_subword_prefix':'#########','vocab':{'a':0},'merges':[]}",
                "normalizer | {'type':'Replace','pattern':{'String':''},'content':'aa'}",
                "normalizer | {'type':'Sequence','normalizers':[{'type':'Replace','pattern':{'Regex':'(a+)+b'},'content':''}]}",
                "normalizer | {'type':'Precompiled','precompiled_charsmap':'AAAA'}",
                "pre_tokenizer | {'type':'Split','pattern':{'Regex':'(a+)+b'},'behavior':'Isolated','invert':false}",
                "decoder | {'type':'Strip','content':'a','start':0,'stop':99}",
                "decoder | {'type':'Sequence','decoders':[{'type':'Strip','content':'a','start':99,'stop':0}]}",
                "decoder | {'type':'Replace','pattern':{'String':''},'content':'x'}",
            })
    void partsThatBringTheLibraryDownAreRefused(String part, String value) throws IOException {
        var root = tokenizer();
        root.set(part, JSON.readTree(value.replace('\'', '"')));
        refused(root, part, "not supported", "save_pretrained");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"4294967295", "2147483647", "16777217", "-1", "1e3", "\"7\"", "null", "99999999999999999999"})
    void tokensThatAreNoNumbersAreRefused(String token) throws IOException {
        var root = tokenizer();
        ((ObjectNode) root.path("model").path("vocab")).set("zyzzyva", JSON.readTree(token));
        refused(root, "\"zyzzyva\"", "wanted a whole number from 0 to 16777216");
        root = tokenizer();
        var added = JSON.createObjectNode().put("content", "zyzzyva").put("special", false);
        added.set("id", JSON.readTree(token));
        ((ArrayNode) root.path("added_tokens")).add(added);
        refused(root, "\"zyzzyva\"", "wanted a whole number");
    }

    @Test
    void tokensThatRepeatAreRefused() throws IOException {
        var root = tokenizer();
        ((ObjectNode) root.path("model").path("vocab")).put("zyzzyva", 300);
        refused(root, "\"zyzzyva\"", "the same number 300");
        root = tokenizer();
        ((ArrayNode) root.path("added_tokens"))
                .add(JSON.createObjectNode().put("content", "zyzzyva").put("id", 300));
        refused(root, "\"zyzzyva\"", "the same number 300");
    }

    static Stream<List<List<String>>> merges() {
        return Stream.of(
                // Each is made of the other.
                List.of(List.of("a", "ab"), List.of("ab", "a")),
                List.of(List.of("", "a"), List.of("a", "")),
                List.of(List.of("a", "zyzzyva")),
                List.of(List.of("a")),
                List.of(List.of("a", "b", "c")));
    }

    @ParameterizedTest
    @org.junit.jupiter.params.provider.MethodSource("merges")
    void mergesThatLeadNowhereAreRefused(List<List<String>> merges) throws IOException {
        var root = tokenizer();
        ((ObjectNode) root.path("model")).set("merges", JSON.valueToTree(merges));
        refused(root, "save_pretrained");
    }

    @Test
    void nestedAndEnormousFilesAreRefused() throws IOException {
        var file = folder.resolve("tokenizer.json");
        Files.writeString(file, "{\"model\":" + "[".repeat(100_000));
        assertThatThrownBy(() -> Tokenizer.load(file))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("nesting depth");
        Files.writeString(file, "[" + "1,".repeat(4_000_000) + "1]");
        assertThatThrownBy(() -> Tokenizer.load(file))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("Token count");
        try (var access = new java.io.RandomAccessFile(file.toFile(), "rw")) {
            access.setLength(1L << 40);
        }
        assertThatThrownBy(() -> Tokenizer.load(file))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("more than 67108864 bytes");
    }

    @Test
    void textsThatAreNotTextAreTokensNonetheless() {
        try (var tokenizer = Tokenizer.load(Golden.folder("tokenizer/tokenizer.json"))) {
            // Half of a pair can't be written in UTF-8; its own text stays what it was.
            for (String text : List.of("a\ud800b", "\udc00", "b\udfff\ud800", "a\ud83d")) {
                int[] tokens = tokenizer.encode(text);
                String plain = text.replaceAll("[\ud800-\udfff]", "");
                assertThat(tokenizer.decode(tokens, true).replace("\ufffd", ""))
                        .as("%s", text.chars().boxed().toList())
                        .isEqualTo(plain);
            }
            for (String text : List.of("a\0b", "\u001b[2J", "\ud83d\ude00", "\u202eabc", "\ufeff")) {
                assertThat(tokenizer.decode(tokenizer.encode(text), true)).isEqualTo(text);
            }
            // Tokens that there are none of say nothing.
            assertThat(tokenizer.decode(new int[] {Integer.MAX_VALUE, -1}, true))
                    .isEmpty();
        }
    }
}
