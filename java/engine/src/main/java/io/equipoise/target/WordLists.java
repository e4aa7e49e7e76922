package io.equipoise.target;

import io.equipoise.InvalidInputException;
import io.equipoise.files.BoundedFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;

/**
 * Lists of words, one word a line; a line may be empty. A # at its beginning or after a space starts a comment: elsewhere it
 * is part of what was to be a word, such as C#.
 */
final class WordLists {
    /** Those that come with Equipoise for {@link Features#wordList}. */
    static final List<String> SHIPPED = List.of("family", "money", "nature", "politics", "sea", "war");

    private static final Map<String, WordSet> LOADED = new ConcurrentHashMap<>();

    private static final Pattern COMMENT = Pattern.compile("(^|\\s)#.*");

    private WordLists() {}

    static WordSet shipped(String name) {
        if (!SHIPPED.contains(name)) {
            throw new InvalidInputException("no shipped word list is called '" + name + "'; "
                    + Suggestion.among(name, SHIPPED) + "; or give your own file");
        }
        return resource(name);
    }

    /** The list of {@code words/NAME.txt} beside this class. */
    static WordSet resource(String name) {
        return LOADED.computeIfAbsent(name, WordLists::load);
    }

    static WordSet file(Path path) {
        try {
            return parse(BoundedFile.text(path, BoundedFile.LARGEST_TEXT), path.toString());
        } catch (IOException failure) {
            throw new InvalidInputException(
                    "cannot read the word list " + path + ": " + failure.getMessage()
                            + "; wanted a UTF-8 text file with one word a line",
                    failure);
        }
    }

    /** @param origin what messages call them */
    static WordSet fold(Collection<String> words, String origin) {
        var listed = new WordSetBuilder();
        for (String word : words) listed.add(word, origin);
        return listed.build(origin);
    }

    private static WordSet load(String name) {
        String file = "words/" + name + ".txt";
        try (var stream = WordLists.class.getResourceAsStream(file)) {
            if (stream == null) throw new IllegalStateException("the jar lacks io/equipoise/target/" + file);
            return parse(new String(stream.readAllBytes(), StandardCharsets.UTF_8), file);
        } catch (IOException failure) {
            throw new UncheckedIOException("cannot read " + file + " of the jar", failure);
        }
    }

    private static WordSet parse(String text, String origin) {
        var listed = new WordSetBuilder();
        var lines = text.lines().toList();
        for (int i = 0; i < lines.size(); i++) {
            String word = COMMENT.matcher(lines.get(i)).replaceFirst("").strip();
            if (!word.isEmpty()) listed.add(word, origin + ", line " + (i + 1));
        }
        return listed.build(origin);
    }
}
