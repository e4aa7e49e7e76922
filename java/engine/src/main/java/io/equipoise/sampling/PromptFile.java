package io.equipoise.sampling;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.equipoise.InvalidInputException;
import io.equipoise.files.BoundedFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A UTF-8 file of prompts, one a line. In one called {@code *.jsonl} each line is JSON: a string, or an object with the prompt
 * under {@code prompt}, so that a prompt may have several lines itself. In any other a line is taken as it is.
 *
 * @param texts by line
 */
public record PromptFile(Path file, List<String> texts) {
    /** What to say of a prompt for which {@link #endsInSpace} holds, after its name and "ends" or "end". */
    public static final String IN_A_SPACE =
            " in a space: most models have the space at the beginning of the next word, so"
                    + " that after this one texts go on in the middle of a word; leave it out unless that is meant";

    private static final JsonMapper JSON = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(
                            StreamReadConstraints.builder().maxNestingDepth(20).build())
                    .build())
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();
    /** Of line numbers in a warning. */
    private static final int LISTED = 5;

    private static final int QUOTED = 40;

    public PromptFile {
        texts = List.copyOf(texts);
    }

    /**
     * Reads one.
     *
     * @throws InvalidInputException if it can't be read, has no line, or has one that is blank, there twice, or not what the
     *     file's name says; names the line
     */
    public static PromptFile read(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new InvalidInputException(
                    "no file of prompts " + file + "; it must be a UTF-8 text file with one prompt a line");
        }
        String name = String.valueOf(file.getFileName());
        if (name.endsWith(".json")) {
            throw new InvalidInputException(
                    "the prompts " + file
                            + " are named as one piece of JSON, wanted plain text or *.jsonl, with one prompt a line; rename it");
        }
        List<String> lines;
        try {
            lines = BoundedFile.text(file, BoundedFile.LARGEST_TEXT).lines().toList();
        } catch (IOException failure) {
            throw new InvalidInputException(
                    "cannot read the prompts " + file + ": " + failure.getMessage()
                            + "; it must be a UTF-8 text file with one prompt a line",
                    failure);
        }
        if (lines.isEmpty()) {
            throw new InvalidInputException(file + " is empty, wanted at least one prompt; write one a line");
        }
        var texts = new ArrayList<String>();
        var known = new HashMap<String, Integer>();
        for (int number = 1; number <= lines.size(); number++) {
            String where = file + ", line " + number;
            String line = lines.get(number - 1);
            String text = name.endsWith(".jsonl") ? ofJson(line, where) : plain(line, where);
            if (text.isBlank()) {
                throw new InvalidInputException(where + " is blank; every line is a prompt: delete it or fill it");
            }
            Integer earlier = known.putIfAbsent(text, number);
            if (earlier != null) {
                throw new InvalidInputException(where + " repeats line " + earlier + ", \"" + shortened(text)
                        + "\"; every prompt counts the same: delete one");
            }
            texts.add(text);
        }
        return new PromptFile(file, texts);
    }

    /** What is not wrong but hardly meant, in sentences. */
    public List<String> warnings() {
        var warnings = new ArrayList<String>();
        int[] spaced = IntStream.range(0, texts.size())
                .filter(i -> endsInSpace(texts.get(i)))
                .toArray();
        if (spaced.length > 0) {
            warnings.add(file + ", " + lines(spaced) + (spaced.length == 1 ? " ends" : " end") + IN_A_SPACE);
        }
        boolean plain = !String.valueOf(file.getFileName()).endsWith(".jsonl");
        if (plain
                && texts.stream()
                        .allMatch(text -> text.startsWith("\"") && json(text).isTextual())) {
            warnings.add(
                    "every line of " + file + " is in quotation marks, which are part of the prompt in a plain file; to"
                            + " have lines read as JSON strings, name it *.jsonl");
        }
        return warnings;
    }

    /** Whether a prompt ends in a space or tab. */
    public static boolean endsInSpace(String text) {
        if (text.isEmpty()) return false;
        char last = text.charAt(text.length() - 1);
        return last == '\t' || Character.isSpaceChar(last);
    }

    private static String ofJson(String line, String where) {
        if (line.isBlank()) return line;
        var node = json(line);
        var text = node.isObject() ? node.path("prompt") : node;
        if (text.isTextual()) return text.asText();
        throw new InvalidInputException(where + " is "
                + (node.isMissingNode()
                        ? "not JSON"
                        : node.isObject() ? "an object without the text \"prompt\"" : "other JSON")
                + ", wanted a JSON string, or an object with one under \"prompt\"; in a file that isn't called *.jsonl a line"
                + " is plain text");
    }

    private static String plain(String line, String where) {
        if (line.startsWith("{") && json(line).path("prompt").isTextual()) {
            throw new InvalidInputException(
                    where + " is JSON in a file of plain text, all of which would be the prompt; name"
                            + " the file *.jsonl to have what is under \"prompt\" read");
        }
        return line;
    }

    /** Missing if it isn't JSON. */
    private static JsonNode json(String line) {
        try {
            return JSON.readTree(line);
        } catch (JsonProcessingException e) {
            return JSON.missingNode();
        }
    }

    private static String lines(int[] indices) {
        if (indices.length == 1) return "line " + (indices[0] + 1);
        int shown = Math.min(LISTED, indices.length - 1);
        return IntStream.of(indices)
                        .limit(shown)
                        .mapToObj(i -> Integer.toString(i + 1))
                        .collect(Collectors.joining(", ", "lines ", " and "))
                + (indices.length - shown == 1 ? indices[shown] + 1 : indices.length - shown + " more");
    }

    private static String shortened(String text) {
        return text.length() <= QUOTED ? text : text.substring(0, QUOTED) + "…";
    }
}
