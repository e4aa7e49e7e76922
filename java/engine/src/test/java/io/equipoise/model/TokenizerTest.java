package io.equipoise.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizerTest {
    @Test
    void encodesAndDecodesAsTheReference() throws Exception {
        var cases =
                new JsonMapper().readTree(Golden.folder("tokenizer/cases.json").toFile());
        assertThat(cases.size()).isGreaterThan(10);
        try (var tokenizer = Tokenizer.load(Golden.folder("tokenizer/tokenizer.json"))) {
            assertThat(tokenizer.vocabularySize()).isEqualTo(4096);
            for (var c : cases) {
                var ids = new int[c.path("ids").size()];
                for (int i = 0; i < ids.length; i++)
                    ids[i] = c.path("ids").path(i).asInt();
                assertThat(tokenizer.encode(c.path("text").asText())).isEqualTo(ids);
                assertThat(tokenizer.decode(ids, false))
                        .isEqualTo(c.path("decoded").asText());
            }
        }
    }

    @Test
    void textsOfABatchLeaveSpecialTokensOut() {
        try (var tokenizer = Tokenizer.load(Golden.folder("tokenizer/tokenizer.json"))) {
            int[] sea = tokenizer.encode("The sea was calm.");
            int[] ended = java.util.Arrays.copyOf(sea, sea.length + 1); // 0 is EOS
            assertThat(tokenizer.decode(List.of(ended, sea, new int[0])))
                    .containsExactly("The sea was calm.", "The sea was calm.", "");
            assertThat(tokenizer.decode(List.of())).isEmpty();
        }
    }

    @Test
    void textsAreTheirTokensBytes() {
        long seed = 3;
        var random = new Random(seed);
        try (var tokenizer = Tokenizer.load(Golden.folder("tokenizer/tokenizer.json"))) {
            byte[][] bytes = tokenizer.tokenBytes().orElseThrow();
            assertThat(bytes).hasNumberOfRows(tokenizer.vocabularySize());
            for (int trial = 0; trial < 2000; trial++) {
                int[] tokens = random.ints(random.nextInt(12), 0, bytes.length).toArray();
                var text = new ByteArrayOutputStream();
                for (int token : tokens) text.writeBytes(bytes[token]);
                assertThat(tokenizer.decode(tokens, true))
                        .as("tokens %s, seed %d", Arrays.toString(tokens), seed)
                        .isEqualTo(text.toString(StandardCharsets.UTF_8));
            }
        }
    }

    @Test
    void addedTokensAreWrittenAsTheyAreUnlessSpecial(@TempDir Path folder) throws Exception {
        String json = Files.readString(Golden.folder("tokenizer/tokenizer.json"));
        int size = 4096;
        String added = """
                "added_tokens": [
                {"id": 4096, "content": " caf\u00e9 ", "single_word": false, "lstrip": false, "rstrip": false,
                 "normalized": false, "special": false},
                {"id": 4098, "content": "<pad>", "single_word": false, "lstrip": false, "rstrip": false,
                 "normalized": false, "special": true},
                """;
        var file = folder.resolve("tokenizer.json");
        Files.writeString(file, json.replace("\"added_tokens\": [", added));
        try (var tokenizer = Tokenizer.load(file)) {
            byte[][] bytes = tokenizer.tokenBytes().orElseThrow();
            assertThat(tokenizer.decode(List.of(new int[] {size, size + 1, size + 2})))
                    .containsExactly(new String(bytes[size], StandardCharsets.UTF_8));
            assertThat(new String(bytes[size], StandardCharsets.UTF_8)).isEqualTo(" caf\u00e9 ");
            assertThat(bytes[size + 1]).isEmpty();
            assertThat(bytes[size + 2]).isEmpty();
        }
        Files.writeString(file, json.replaceFirst("(\"decoder\": \\{\\s*\"type\": )\"ByteLevel\"", "$1\"Fuse\""));
        try (var tokenizer = Tokenizer.load(file)) {
            assertThat(tokenizer.tokenBytes()).isEmpty();
        }
    }

    @Test
    void whatIsNotATokenizerIsRefused(@TempDir Path folder) throws Exception {
        assertThatThrownBy(() -> Tokenizer.load(folder.resolve("tokenizer.json")))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("save_pretrained");
        var broken = folder.resolve("broken.json");
        for (String content : List.of("", "{", "[]", "{\"model\": 3}", "{\"version\":\"1.0\"}")) {
            Files.writeString(broken, content);
            assertThatThrownBy(() -> Tokenizer.load(broken))
                    .as(content)
                    .isInstanceOf(ModelFormatException.class)
                    .hasMessageContaining("broken.json");
        }
    }
}
