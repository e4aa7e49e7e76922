package io.equipoise.model;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A Hugging Face {@code tokenizer.json}, read offline. Safe for use by several threads. */
public final class Tokenizer implements TextDecoder, AutoCloseable {
    static {
        // The library otherwise reports its use to a metadata address.
        if (System.getProperty("ai.djl.offline") == null) System.setProperty("ai.djl.offline", "true");
    }

    private final HuggingFaceTokenizer tokenizer;
    private final int size;
    private final Optional<byte[][]> tokenBytes;

    private Tokenizer(HuggingFaceTokenizer tokenizer, int size, Optional<byte[][]> tokenBytes) {
        this.tokenizer = tokenizer;
        this.size = size;
        this.tokenBytes = tokenBytes;
    }

    /** @throws ModelFormatException when the file is missing or not a tokenizer */
    public static Tokenizer load(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new ModelFormatException("no " + file + "; save it with transformers' tokenizer.save_pretrained(…)");
        }
        try {
            var options = Map.of("addSpecialTokens", "false", "truncation", "false", "padding", "false");
            JsonNode root = new JsonMapper().readTree(file.toFile());
            int size = vocabularySize(file, root);
            return new Tokenizer(
                    HuggingFaceTokenizer.newInstance(file, options), size, ByteLevel.tokenBytes(root, size));
        } catch (IOException | RuntimeException e) {
            if (e instanceof ModelFormatException known) throw known;
            throw new ModelFormatException(file + " is not a tokenizer that can be read: " + e.getMessage(), e);
        }
    }

    /** One more than the largest token that the file can produce. */
    private static int vocabularySize(Path file, JsonNode root) {
        int largest = -1;
        var vocabulary = root.path("model").path("vocab");
        if (vocabulary.isArray()) {
            largest = vocabulary.size() - 1; // a Unigram model lists its pieces
        } else {
            for (var token : vocabulary) largest = Math.max(largest, token.asInt(-1));
        }
        for (var token : root.path("added_tokens")) {
            largest = Math.max(largest, token.path("id").asInt(-1));
        }
        if (largest < 0) throw new ModelFormatException(file + " has no vocabulary");
        return largest + 1;
    }

    /** One more than the largest token id. */
    public int vocabularySize() {
        return size;
    }

    /** The text's tokens, none added. */
    public int[] encode(String text) {
        return Arrays.stream(tokenizer.encode(text, false, false).getIds())
                .mapToInt(Math::toIntExact)
                .toArray();
    }

    /** The tokens' text; special tokens (BOS, EOS) are left out if {@code skipSpecial}. */
    public String decode(int[] tokens, boolean skipSpecial) {
        return tokenizer.decode(Arrays.stream(tokens).asLongStream().toArray(), skipSpecial);
    }

    @Override
    public List<String> decode(List<int[]> sequences) {
        var ids = new long[sequences.size()][];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = Arrays.stream(sequences.get(i)).asLongStream().toArray();
        }
        return ids.length == 0 ? List.of() : List.of(tokenizer.batchDecode(ids, true));
    }

    @Override
    public Optional<byte[][]> tokenBytes() {
        return tokenBytes;
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
