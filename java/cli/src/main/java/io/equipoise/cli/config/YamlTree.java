package io.equipoise.cli.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.StringReader;
import java.math.BigInteger;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import org.yaml.snakeyaml.DumperOptions.ScalarStyle;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;

/**
 * YAML as a JSON tree that remembers lines. Plain scalars are read by YAML 1.2's rules, so {@code 1e-4} is a number and
 * {@code no} a word, which the older rules have the other way round.
 *
 * @param lines by JSON pointer, from 1
 * @param written by JSON pointer, the text of every scalar whatever it was read as
 */
record YamlTree(JsonNode root, Map<String, Integer> lines, Map<String, String> written) {
    private static final Pattern WHOLE = Pattern.compile("[-+]?[0-9]+");
    private static final Pattern REAL = Pattern.compile("[-+]?(\\.[0-9]+|[0-9]+(\\.[0-9]*)?)([eE][-+]?[0-9]+)?");
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final int DEEPEST = 20;
    /** With aliases a few lines can stand for more values than fit any memory. */
    private static final int MOST_VALUES = 20_000;

    private static final int LONGEST_NUMBER = 400;
    private static final int LONGEST_KEY = 200;

    /**
     * What is being read.
     *
     * @param lines as those of the tree
     * @param written as that of the tree
     * @param values how many there were so far
     */
    private record Source(String name, Map<String, Integer> lines, Map<String, String> written, AtomicInteger values) {
        Source(String name) {
            this(name, new HashMap<>(), new HashMap<>(), new AtomicInteger());
        }
    }

    /** A mapping. */
    static YamlTree parse(String text, String name) {
        Node node = compose(text, name);
        if (!(node instanceof MappingNode)) {
            throw new ConfigException(name + " must be a mapping with sections such as model and constraints");
        }
        return of(node, name);
    }

    /** A value by itself, as on a command line. */
    static YamlTree value(String text, String name) {
        if (text.isBlank()) throw new ConfigException(name + " lacks the value after =");
        return of(compose(text, name), name);
    }

    private static YamlTree of(Node node, String name) {
        var source = new Source(name);
        return new YamlTree(convert(node, "", source, 0), source.lines(), source.written());
    }

    private static Node compose(String text, String name) {
        Node node;
        try {
            node = new Yaml(new LoaderOptions()).compose(new StringReader(text));
        } catch (StackOverflowError e) {
            throw new ConfigException(name + ": nested too deeply for a configuration; write fewer levels", e);
        } catch (MarkedYAMLException e) {
            var mark = e.getProblemMark();
            String line = mark == null ? "" : ", line " + (mark.getLine() + 1);
            throw new ConfigException(name + line + ": not YAML: " + e.getProblem() + advice(e), e);
        } catch (YAMLException e) {
            throw new ConfigException(name + ": not YAML: " + e.getMessage(), e);
        } catch (IllegalArgumentException e) {
            // What the parser makes of an escape that the file ends in, or whose number is no character's.
            throw new ConfigException(
                    name + ": not YAML: an escape in double quotes, such as \\x41, needs the hexadecimal digits of a"
                            + " character (" + e.getMessage() + ")",
                    e);
        }
        if (node == null) throw new ConfigException(name + " is empty");
        return node;
    }

    private static String advice(MarkedYAMLException e) {
        return String.valueOf(e.getProblem()).startsWith("found unknown escape character")
                ? "; in single quotes YAML leaves a backslash alone"
                : "";
    }

    private static JsonNode convert(Node node, String pointer, Source source, int depth) {
        String name = source.name();
        // An alias to what holds it would go on for ever.
        if (depth > DEEPEST) {
            throw new ConfigException(name + ", line " + line(node) + ": nested too deeply, more than " + DEEPEST
                    + " levels; write fewer");
        }
        source.lines().putIfAbsent(pointer, line(node));
        if (source.values().incrementAndGet() > MOST_VALUES) {
            throw new ConfigException(name + ", line " + line(node) + ": more than " + MOST_VALUES
                    + " values, those of aliases included; write fewer");
        }
        if (node instanceof MappingNode mapping) {
            var object = JSON.objectNode();
            for (var tuple : mapping.getValue()) {
                if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
                    throw new ConfigException(name + ", line " + line(tuple.getKeyNode()) + ": a key must be a word");
                }
                if (key.getValue().length() > LONGEST_KEY) {
                    throw new ConfigException(name + ", line " + line(key) + ": a key of "
                            + key.getValue().length() + " characters, wanted at most " + LONGEST_KEY);
                }
                if (object.has(key.getValue())) {
                    throw new ConfigException(
                            name + ", line " + line(key) + ": " + key.getValue() + " is there for the second time");
                }
                String inner = pointer + "/" + key.getValue();
                source.lines().put(inner, line(key));
                object.set(key.getValue(), convert(tuple.getValueNode(), inner, source, depth + 1));
            }
            return object;
        }
        if (node instanceof SequenceNode sequence) {
            var array = JSON.arrayNode();
            for (Node item : sequence.getValue()) {
                array.add(convert(item, pointer + "/" + array.size(), source, depth + 1));
            }
            return array;
        }
        if (node instanceof ScalarNode scalar) {
            source.written().put(pointer, scalar.getValue());
            return scalar(scalar, name);
        }
        throw new ConfigException(
                name + ", line " + line(node) + ": an alias to what it is in; write the value itself");
    }

    private static JsonNode scalar(ScalarNode node, String name) {
        String text = node.getValue();
        if (node.getScalarStyle() != ScalarStyle.PLAIN) return JSON.textNode(text);
        boolean number = !text.isEmpty() && "+-.0123456789".indexOf(text.charAt(0)) >= 0;
        // Digits are turned into a number in time that grows with the square of how many there are.
        if (number && text.length() > LONGEST_NUMBER) {
            throw new ConfigException(name + ", line " + line(node) + ": a value that begins like a number has "
                    + text.length() + " characters, at most " + LONGEST_NUMBER + " are read; quote it if it is text");
        }
        if (WHOLE.matcher(text).matches()) {
            var whole = new BigInteger(text);
            return whole.bitLength() < Long.SIZE ? JSON.numberNode(whole.longValue()) : JSON.numberNode(whole);
        }
        if (REAL.matcher(text).matches()) return JSON.numberNode(Double.parseDouble(text));
        return switch (text) {
            case "true", "True", "TRUE" -> JSON.booleanNode(true);
            case "false", "False", "FALSE" -> JSON.booleanNode(false);
            case "", "~", "null", "Null", "NULL" -> JSON.nullNode();
            default -> JSON.textNode(text);
        };
    }

    private static int line(Node node) {
        return node.getStartMark().getLine() + 1;
    }
}
