package io.equipoise.cli.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.equipoise.files.BoundedFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A configuration before anybody has judged it: a tree, and for each of its values the place where it was written. */
public final class ConfigSource {
    private static final int LARGEST = 1 << 20;

    private final String name;
    private final Path folder;
    private final ObjectNode root;
    private final Map<String, Integer> lines;
    private final Map<String, String> written;
    private final Map<String, String> overrides = new HashMap<>();

    private ConfigSource(String name, Path folder, YamlTree tree) {
        this.name = name;
        this.folder = folder;
        this.root = (ObjectNode) tree.root();
        this.lines = tree.lines();
        this.written = tree.written();
    }

    /** Reads a YAML file; paths in it are relative to its folder. */
    public static ConfigSource read(Path file) {
        if (!Files.exists(file)) throw new ConfigException("no configuration file " + file);
        String text;
        try {
            text = BoundedFile.text(file, LARGEST);
        } catch (IOException e) {
            throw new ConfigException(
                    "can't read " + file + ": " + e.getMessage() + "; wanted YAML in UTF-8 of at most " + LARGEST
                            + " bytes",
                    e);
        }
        return parse(text, file.toString(), file.toAbsolutePath().resolveSibling(""));
    }

    /**
     * Reads YAML text.
     *
     * @param name what messages call it
     * @param folder what paths in it are relative to
     */
    public static ConfigSource parse(String text, String name, Path folder) {
        return new ConfigSource(name, folder, YamlTree.parse(text, name));
    }

    /**
     * Sets one value, as {@code --set} does.
     *
     * @param assignment {@code training.steps=5}; items of a list by number, {@code constraints.0.moment=0.3}
     */
    public ConfigSource override(String assignment) {
        int equals = assignment.indexOf('=');
        if (equals < 1) {
            throw new ConfigException("--set wants key=value, such as training.steps=5, got '" + assignment + "'");
        }
        var keys = List.of(assignment.substring(0, equals).strip().split("\\.", -1));
        var value = YamlTree.value(assignment.substring(equals + 1), "--set " + assignment);
        JsonNode parent = root;
        var pointer = new StringBuilder();
        for (String key : keys.subList(0, keys.size() - 1)) {
            parent = child(parent, key, assignment);
            pointer.append('/').append(key);
        }
        String last = keys.get(keys.size() - 1);
        if (parent instanceof ArrayNode array) array.set(index(array, last, assignment), value.root());
        else ((ObjectNode) parent).set(last, value.root());
        String at = pointer.append('/').append(last).toString();
        overrides.put(at, "--set " + assignment);
        written.keySet().removeIf(other -> other.equals(at) || other.startsWith(at + "/"));
        value.written().forEach((inner, text) -> written.put(at + inner, text));
        return this;
    }

    private static JsonNode child(JsonNode parent, String key, String assignment) {
        JsonNode child;
        if (parent instanceof ArrayNode array) {
            child = array.get(index(array, key, assignment));
        } else {
            var object = (ObjectNode) parent;
            child = object.has(key) ? object.get(key) : object.putObject(key);
        }
        if (!child.isContainerNode()) {
            throw new ConfigException("--set " + assignment + ": " + key + " is " + child + ", it has nothing inside");
        }
        return child;
    }

    private static int index(ArrayNode array, String key, String assignment) {
        if (!key.matches("\\d{1,6}") || Integer.parseInt(key) >= array.size()) {
            throw new ConfigException("--set " + assignment + ": '" + key + "' must be the number of an item, 0 to "
                    + (array.size() - 1));
        }
        return Integer.parseInt(key);
    }

    /** The whole tree. */
    Section root() {
        return new Section(this, "", root);
    }

    /** Where the value at a pointer was written, or what holds it. */
    String where(String pointer) {
        for (String at = pointer; ; at = at.substring(0, at.lastIndexOf('/'))) {
            String override = overrides.get(at);
            if (override != null) return override;
            Integer line = lines.get(at);
            if (line != null) return name + ", line " + line;
            if (at.isEmpty()) return name;
        }
    }

    /** The scalar at a pointer as it was written, whatever YAML reads it as. */
    Optional<String> written(String pointer) {
        return Optional.ofNullable(written.get(pointer));
    }

    /** What a path at a pointer is relative to: the file's folder, or the current one for a value from the command line. */
    Path folderOf(String pointer) {
        return overrides.containsKey(pointer) ? Path.of("").toAbsolutePath() : folder;
    }

    /** What messages call it. */
    public String name() {
        return name;
    }
}
