package io.equipoise.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
