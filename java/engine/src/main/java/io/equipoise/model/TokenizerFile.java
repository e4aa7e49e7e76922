package io.equipoise.model;

import com.fasterxml.jackson.databind.JsonNode;
import io.equipoise.files.BoundedFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A {@code tokenizer.json} whose parts are known to be safe. The library that runs it is native and ends the process where
 * it meets what it didn't expect, now or at some later text, so only what can't bring it there gets through.
 *
 * @param text as it lies in the file
 * @param root the same, parsed
 * @param size one more than the largest token
 */
record TokenizerFile(byte[] text, JsonNode root, int size) {
    private static final Logger LOG = LoggerFactory.getLogger(TokenizerFile.class);
    private static final int LARGEST = 64 << 20;
    /** Tokens that a message names. */
    private static final int SHOWN = 5;

    private static final int LARGEST_TOKEN = 1 << 24;
    private static final JsonFile JSON = JsonFile.of(32, 4_000_000);
    private static final Set<String> MODELS = Set.of("BPE", "WordPiece", "WordLevel", "Unigram");
    /** Of {@code Split}: GPT-2's and GPT-4's. Of others nobody knows for how long they search. */
    private static final Set<String> PATTERNS = Set.of(
            "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
                    + "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+");

    /**
     * Reads and judges a file.
     *
     * @throws IOException when it can't be read, is too large or not JSON
     * @throws ModelFormatException when it has something that is not supported
     */
    static TokenizerFile read(Path file) throws IOException {
        byte[] text = BoundedFile.bytes(file, LARGEST);
        GitLfsPointer.refuse(file, text);
        var root = JSON.parse(text);
        var model = root.path("model");
        // Files of early versions don't say it.
        String type = model.path("type").asText("BPE");
        if (!MODELS.contains(type)) throw unsupported(file, "model.type", model.path("type"));
        if (type.equals("BPE")
                && !model.path("continuing_subword_prefix").asText("").isEmpty()
                && !model.path("continuing_subword_prefix").isNull()) {
            throw unsupported(file, "model.continuing_subword_prefix", model.path("continuing_subword_prefix"));
        }
        for (String part : new String[] {"normalizer", "pre_tokenizer", "post_processor", "decoder"}) {
            requireSafe(file, part, root.path(part));
        }
        return new TokenizerFile(text, root, vocabularySize(file, root));
    }

    /** What the native library runs over texts: patterns, and lengths to cut off. */
    private static void requireSafe(Path file, String at, JsonNode node) {
        if (node.isContainerNode()) {
            if (node.has("Regex") && !PATTERNS.contains(node.path("Regex").asText())) {
                throw unsupported(file, at + ".Regex", node.path("Regex"));
            }
            if (node.has("String") && node.path("String").asText().isEmpty()) {
                throw unsupported(file, at + ".String", node.path("String"));
            }
            if (node.path("type").asText().equals("Strip") && (node.has("start") || node.has("stop"))) {
                if (node.path("start").asLong(0) > 1) throw unsupported(file, at + ".start", node.path("start"));
                if (node.path("stop").asLong(0) != 0) throw unsupported(file, at + ".stop", node.path("stop"));
            }
            if (node.path("type").asText().equals("Precompiled"))
                throw unsupported(file, at + ".type", node.path("type"));
            for (var field : node.properties()) requireSafe(file, at + "." + field.getKey(), field.getValue());
            if (node.isArray()) for (var item : node) requireSafe(file, at, item);
        }
    }

    private static ModelFormatException unsupported(Path file, String at, JsonNode got) {
        return new ModelFormatException(file + ": " + at + " is " + got
                + ", which is not supported; use the tokenizer of a GPT-2 model, as save_pretrained(…) writes it");
    }

    /** One more than the largest token that the file can produce; every token says one thing. */
    private static int vocabularySize(Path file, JsonNode root) {
        var content = new HashMap<Integer, String>();
        var vocabulary = root.path("model").path("vocab");
        if (vocabulary.isArray()) {
            for (var piece : vocabulary)
                content.put(content.size(), piece.path(0).asText());
        } else {
            for (var entry : vocabulary.properties()) put(file, content, entry.getValue(), entry.getKey());
        }
        for (var token : root.path("added_tokens")) {
            put(file, content, token.path("id"), token.path("content").asText());
        }
        if (content.isEmpty()) throw new ModelFormatException(file + " has no vocabulary; download it again");
        return content.keySet().stream().mapToInt(Integer::intValue).max().orElseThrow() + 1;
    }

    /**
     * Checks that a model has the tokens; special ones that were added beyond it are named in the log.
     *
     * @param vocabularySize the model's
     * @throws ModelFormatException when it has too few
     */
    void requireFits(Path file, int vocabularySize) {
        if (size <= vocabularySize) return;
        var added = new TreeMap<Integer, JsonNode>();
        for (var token : root.path("added_tokens")) added.put(token.path("id").asInt(), token);
        var beyond = added.tailMap(vocabularySize);
        var ordinary = beyond.entrySet().stream()
                .filter(token -> !token.getValue().path("special").asBoolean())
                .findFirst();
        boolean fromVocabulary = largestOf(root.path("model").path("vocab"), beyond.keySet()) >= vocabularySize;
        if (fromVocabulary || ordinary.isPresent()) {
            String mend = " without model.resize_token_embeddings(" + size + "); do that in transformers and save the"
                    + " model again, or remove what was added from tokenizer.json";
            throw new ModelFormatException(
                    fromVocabulary
                            ? file + " has tokens up to " + (size - 1) + ", the model's vocabulary ends at "
                                    + (vocabularySize - 1) + "; it belongs to another model, or tokens were added to it"
                                    + mend
                            : file + ": token " + named(ordinary.orElseThrow()) + " was added beyond the model's"
                                    + " vocabulary, which ends at " + (vocabularySize - 1) + "," + mend);
        }
        LOG.info(
                "{}: the model has no embedding of the special tokens {}: it never writes them, and a prompt must not have them",
                file,
                beyond.entrySet().stream()
                                .limit(SHOWN)
                                .map(TokenizerFile::named)
                                .collect(Collectors.joining(", "))
                        + (beyond.size() > SHOWN ? ", …" : ""));
    }

    private static String named(Map.Entry<Integer, JsonNode> token) {
        return token.getKey() + " "
                + Tokenizer.quoted(token.getValue().path("content").asText());
    }

    /** The largest token of a vocabulary but for those added; −1 without one. */
    private static int largestOf(JsonNode vocabulary, Set<Integer> added) {
        if (vocabulary.isArray()) return vocabulary.size() - 1;
        int largest = -1;
        for (var entry : vocabulary.properties()) {
            int token = entry.getValue().asInt();
            if (!added.contains(token)) largest = Math.max(largest, token);
        }
        return largest;
    }

    private static void put(Path file, Map<Integer, String> content, JsonNode token, String text) {
        if (!token.isInt() || token.asInt() < 0 || token.asInt() > LARGEST_TOKEN) {
            throw new ModelFormatException(file + ": token \"" + text + "\" has the number "
                    + (token.isMissingNode() ? "none" : token) + ", wanted a whole number from 0 to " + LARGEST_TOKEN
                    + "; download it again");
        }
        String earlier = content.putIfAbsent(token.asInt(), text);
        if (earlier == null || earlier.equals(text)) return;
        throw new ModelFormatException(file + ": tokens \"" + earlier + "\" and \"" + text + "\" have the same number "
                + token + "; download it again");
    }
}
