package io.equipoise.model;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.equipoise.files.BoundedFile;
import java.io.IOException;
import java.nio.file.Path;

/** JSON that others wrote: a key is there once, nothing follows, and the tree stays small whatever the text holds. */
final class JsonFile {
    private final JsonMapper mapper;

    private JsonFile(JsonMapper mapper) {
        this.mapper = mapper;
    }

    /**
     * A reader.
     *
     * @param depth the most levels
     * @param tokens the most values, keys and brackets; a tree takes some 50 bytes for each
     */
    static JsonFile of(int depth, long tokens) {
        var factory = JsonFactory.builder()
                .streamReadConstraints(StreamReadConstraints.builder()
                        .maxNestingDepth(depth)
                        .maxTokenCount(tokens)
                        .build())
                .build();
        return new JsonFile(JsonMapper.builder(factory)
                .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .build());
    }

    /**
     * Reads a file of a model folder.
     *
     * @param most bytes that it may have
     * @throws ModelFormatException when it can't be read, is a Git LFS pointer, not JSON, or beyond the limits
     */
    JsonNode read(Path file, int most) {
        try {
            byte[] text = BoundedFile.bytes(file, most);
            GitLfsPointer.refuse(file, text);
            return parse(text);
        } catch (IOException e) {
            throw new ModelFormatException("can't read " + file + ": " + reason(e) + "; download it again", e);
        }
    }

    /** @throws IOException when the text is not JSON, or beyond the limits */
    JsonNode parse(byte[] text) throws IOException {
        return mapper.readTree(text);
    }

    /** What is wrong, without the excerpt of the text that follows. */
    static String reason(Exception e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }
}
