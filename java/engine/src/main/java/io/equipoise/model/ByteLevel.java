package io.equipoise.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of each token where a {@code tokenizer.json} says that a text is its tokens' bytes one after the other: the
 * decoder {@code ByteLevel} of GPT-2 and its successors, which writes a byte as a character that can be printed.
 */
final class ByteLevel {
    /** Characters from U+0100 on stand for the bytes that can't be printed. */
    private static final int UNPRINTABLE = 256;

    private static final int[] BYTE_OF = byteOf();
    private static final byte[] NOTHING = {};

    private ByteLevel() {}

    /**
     * Tokens (V) as the decoder writes them, special ones and gaps in the vocabulary as nothing; empty if the file has
     * another decoder or a vocabulary that isn't a mapping.
     */
    static Optional<byte[][]> tokenBytes(JsonNode root, int vocabularySize) {
        var vocabulary = root.path("model").path("vocab");
        if (!root.path("decoder").path("type").asText().equals("ByteLevel") || !vocabulary.isObject()) {
            return Optional.empty();
        }
        var content = new @Nullable String[vocabularySize];
        vocabulary.properties().forEach(entry -> content[entry.getValue().asInt()] = entry.getKey());
        var special = new HashSet<String>();
        for (var token : root.path("added_tokens")) {
            String text = token.path("content").asText();
            content[token.path("id").asInt()] = text;
            if (token.path("special").asBoolean()) special.add(text);
        }
        var bytes = new byte[vocabularySize][];
        for (int token = 0; token < vocabularySize; token++) {
            String text = content[token];
            // By what it says, as the decoder does: two tokens may say the same.
            bytes[token] = text == null || special.contains(text) ? NOTHING : bytes(text);
        }
        return Optional.of(bytes);
    }

    private static byte[] bytes(String token) {
        var bytes = new ByteArrayOutputStream(token.length());
        for (int i = 0; i < token.length(); i++) {
            char character = token.charAt(i);
            int value = character < BYTE_OF.length ? BYTE_OF[character] : -1;
            if (value < 0) return token.getBytes(StandardCharsets.UTF_8); // an added token is written as it is
            bytes.write(value);
        }
        return bytes.toByteArray();
    }

    /** The byte that a character stands for, −1 for none. */
    private static int[] byteOf() {
        var byteOf = new int[2 * UNPRINTABLE];
        Arrays.fill(byteOf, -1);
        int unprintable = UNPRINTABLE;
        for (int value = 0; value < 256; value++) {
            boolean printable =
                    (value > 32 && value < 127) || (value > 160 && value < 173) || (value > 173 && value < 256);
            byteOf[printable ? value : unprintable++] = value;
        }
        return byteOf;
    }
}
