package io.equipoise.model;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/** A Hugging Face {@code tokenizer.json}, read offline. Safe for use by several threads. */
public final class Tokenizer implements TextDecoder, AutoCloseable {
    static {
        // The library otherwise reports its use to a metadata address.
        if (System.getProperty("ai.djl.offline") == null) System.setProperty("ai.djl.offline", "true");
    }

    private static final int LONGEST_QUOTED = 40;
    private static final Set<Byte> HIDDEN = Set.of(
            Character.CONTROL,
            Character.FORMAT,
            Character.LINE_SEPARATOR,
            Character.PARAGRAPH_SEPARATOR,
            Character.SURROGATE);

    private final HuggingFaceTokenizer tokenizer;
    private final int size;
    private final Optional<byte[][]> tokenBytes;

    private Tokenizer(HuggingFaceTokenizer tokenizer, int size, Optional<byte[][]> tokenBytes) {
        this.tokenizer = tokenizer;
        this.size = size;
        this.tokenBytes = tokenBytes;
    }

    /** @throws ModelFormatException when the file is missing, not a tokenizer, or one with parts that are not supported */
    public static Tokenizer load(Path file) {
        return load(file, judged -> {});
    }

    private static Tokenizer load(Path file, Consumer<TokenizerFile> judge) {
        if (!Files.isRegularFile(file)) {
            throw new ModelFormatException("no " + file + "; save it with transformers' tokenizer.save_pretrained(…)");
        }
        try {
            var options = Map.of("addSpecialTokens", "false", "truncation", "false", "padding", "false");
            var judged = TokenizerFile.read(file);
            judge.accept(judged);
            // What was judged, not what may lie there by now.
            return new Tokenizer(
                    HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(judged.text()), options),
                    judged.size(),
                    ByteLevel.tokenBytes(judged.root(), judged.size()));
        } catch (IOException | RuntimeException e) {
            if (e instanceof ModelFormatException known) throw known;
            throw new ModelFormatException(
                    file + " is not a tokenizer that can be read: " + JsonFile.reason(e)
                            + "; save it again with transformers' tokenizer.save_pretrained(…)",
                    e);
        }
    }

    /**
     * The same for a model. Special tokens may have been added beyond its vocabulary, since texts needn't have them; no others.
     *
     * @param vocabularySize the model's
     * @throws ModelFormatException also when it has tokens that the model doesn't
     */
    static Tokenizer load(Path file, int vocabularySize) {
        return load(file, judged -> judged.requireFits(file, vocabularySize));
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

    /** A token for messages, its number and its text: {@code 0 "<|endoftext|>"}. */
    public String named(int token) {
        return token + " " + quoted(decode(new int[] {token}, false));
    }

    /** A text of a file for messages, shortened, what would move the cursor or end the line escaped. */
    static String quoted(String text) {
        var quoted = new StringBuilder("\"");
        text.codePoints().limit(LONGEST_QUOTED).forEach(character -> {
            if (HIDDEN.contains((byte) Character.getType(character))) {
                quoted.append(String.format(Locale.ROOT, "\\u%04x", character));
            } else quoted.appendCodePoint(character);
        });
        return quoted.append(text.codePoints().count() > LONGEST_QUOTED ? "…\"" : "\"")
                .toString();
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
