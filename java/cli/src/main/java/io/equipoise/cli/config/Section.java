package io.equipoise.cli.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.equipoise.InvalidInputException;
import io.equipoise.files.UserPath;
import io.equipoise.target.Suggestion;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** One mapping of a configuration, read key by key; what isn't as wanted is an error that says where. */
record Section(ConfigSource source, String pointer, ObjectNode node) {

    /** Refuses keys other than these. */
    Section allow(Collection<String> keys) {
        for (var field : node.properties()) {
            if (!keys.contains(field.getKey())) {
                throw error(
                        field.getKey(),
                        "unknown key '" + field.getKey() + "'; " + Suggestion.among(field.getKey(), keys));
            }
        }
        return this;
    }

    boolean has(String key) {
        return node.has(key);
    }

    /** The mapping under a key; empty when the key isn't there. */
    Section section(String key) {
        var value = node.path(key);
        if (value.isMissingNode()) return new Section(source, at(key), node.objectNode());
        if (value instanceof ObjectNode object) return new Section(source, at(key), object);
        throw wrong(key, "a mapping", value);
    }

    /** The list of mappings under a key. */
    List<Section> sections(String key) {
        var value = node.path(key);
        if (!value.isArray()) throw wrong(key, "a list of mappings", value);
        var sections = new ArrayList<Section>();
        for (int i = 0; i < value.size(); i++) {
            if (!(value.get(i) instanceof ObjectNode object)) {
                throw wrong(key + "/" + i, "a mapping", value.get(i));
            }
            sections.add(new Section(source, at(key) + "/" + i, object));
        }
        return sections;
    }

    String text(String key) {
        var value = node.path(key);
        if (!value.isTextual() || value.asText().isBlank()) {
            throw wrong(
                    key,
                    value.isNumber() || value.isBoolean() ? "text, for which quotes are needed here" : "text",
                    value);
        }
        return value.asText();
    }

    /** The path of a file or folder as it was written, but for ~/ at its beginning. */
    Path path(String key) {
        var value = node.path(key);
        if (!value.isValueNode() || value.isNull()) throw wrong(key, "a path", value);
        String text = scalar(key);
        try {
            return UserPath.of(text);
        } catch (InvalidInputException e) {
            if (e.getCause() instanceof InvalidPathException invalid) {
                throw error(
                        key,
                        "'" + key + "' can't be a path (" + invalid.getReason()
                                + "); write it without control characters");
            }
            throw error(key, new InvalidInputException("'" + key + "': " + e.getMessage(), e));
        }
    }

    /** The same, resolved against the folder of the configuration, or the current one for a value from the command line. */
    Path resolved(String key) {
        return source.folderOf(at(key)).resolve(path(key)).normalize();
    }

    /** A scalar as it was written, whatever type YAML gives it, or a list of them joined by commas. */
    String scalar(String key) {
        return String.join(",", items(key));
    }

    /** The items of a list, or a scalar alone, as they were written. */
    List<String> items(String key) {
        var value = node.path(key);
        if (!value.isArray()) return List.of(written(key, value).orElseThrow(() -> wrong(key, "a value", value)));
        var items = new ArrayList<String>();
        for (int i = 0; i < value.size(); i++) items.add(item(key, i, value));
        return items;
    }

    private String item(String key, int i, JsonNode list) {
        String at = key + "/" + i;
        String item = written(at, list.get(i)).orElseThrow(() -> wrong(key, "a list of words", list));
        if (item.indexOf(',') < 0) return item;
        throw error(
                at,
                "'" + key + "' has the item \"" + item + "\" with a comma, which separates items; write it as several");
    }

    /** Empty where there is no scalar, or nothing in its place. */
    private Optional<String> written(String key, JsonNode value) {
        if (!value.isValueNode()) return Optional.empty();
        String text = source.written(at(key)).orElse(value.asText());
        return text.isBlank() ? Optional.empty() : Optional.of(text);
    }

    double number(String key) {
        var value = node.path(key);
        if (!value.isNumber() || !Double.isFinite(value.asDouble())) throw wrong(key, "a number", value);
        return value.asDouble();
    }

    boolean flag(String key) {
        var value = node.path(key);
        if (!value.isBoolean()) throw wrong(key, "true or false", value);
        return value.asBoolean();
    }

    int whole(String key, int otherwise) {
        if (!has(key)) return otherwise;
        return Math.toIntExact(whole(key, Integer.MIN_VALUE, Integer.MAX_VALUE));
    }

    long whole(String key, long otherwise) {
        return has(key) ? whole(key, Long.MIN_VALUE, Long.MAX_VALUE) : otherwise;
    }

    private long whole(String key, long least, long most) {
        var value = node.path(key);
        if (!value.isIntegralNumber() || !value.canConvertToLong()) throw wrong(key, "a whole number", value);
        if (value.asLong() < least || value.asLong() > most) throw wrong(key, "at most " + most, value);
        return value.asLong();
    }

    /** Checks that a value can become a component of a record of this type. */
    void check(String key, Class<?> type) {
        if (type == int.class) whole(key, 0);
        else if (type == long.class) whole(key, 0L);
        else if (type == double.class) number(key);
        else if (type == boolean.class) flag(key);
        else if (type.isEnum()) oneOf(key, type);
        else text(key);
    }

    private void oneOf(String key, Class<?> type) {
        var names = new ArrayList<String>();
        for (var constant : type.getEnumConstants())
            names.add(constant.toString().toLowerCase(Locale.ROOT));
        var value = node.path(key);
        if (!value.isTextual() || !names.contains(value.asText().toLowerCase(Locale.ROOT))) {
            throw wrong(key, "one of " + String.join(", ", names), value);
        }
    }

    ConfigException wrong(String key, String wanted, JsonNode got) {
        String name = key.replace('/', '.');
        return error(
                key,
                got.isMissingNode() || got.isNull()
                        ? "'" + name + "' is missing: wanted " + wanted
                        : "'" + name + "' must be " + wanted + ", got " + got);
    }

    /** An error at a key of this section, or at the section itself. */
    ConfigException error(String key, String message) {
        return new ConfigException(source.where(at(key)) + ": " + message);
    }

    ConfigException error(String key, InvalidInputException cause) {
        return new ConfigException(source.where(at(key)) + ": " + cause.getMessage(), cause);
    }

    String at(String key) {
        return key.isEmpty() ? pointer : pointer + "/" + key;
    }
}
