package io.equipoise.target;

import io.equipoise.InvalidInputException;
import io.equipoise.files.BoundedFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Lists of words, one word a line; a line may be empty or a comment from # on. */
final class WordLists {
    /** Those that come with Equipoise for {@link Features#wordList}. */
    static final List<String> SHIPPED = List.of("family", "money", "nature", "politics", "sea", "war");

    private static final Map<String, Set<String>> LOADED = new ConcurrentHashMap<>();

    private WordLists() {}

    static Set<String> shipped(String name) {
        if (!SHIPPED.contains(name)) {
            throw new InvalidInputException("no shipped word list is called '" + name + "'; "
                    + Suggestion.among(name, SHIPPED) + "; or give your own file");
        }
        return resource(name);
    }

    /** The list of {@code words/NAME.txt} beside this class. */
    static Set<String> resource(String name) {
        return LOADED.computeIfAbsent(name, WordLists::load);
    }

    static Set<String> file(Path path) {
        try {
            return parse(BoundedFile.text(path, BoundedFile.LARGEST_TEXT), path.toString());
        } catch (IOException failure) {
            throw new InvalidInputException(
                    "cannot read the word list " + path + ": " + failure.getMessage()
                            + "; it must be a UTF-8 text file with one word a line",
                    failure);
        }
    }

    /** Folded words; each must be one word as {@link Words} has it. */
    static Set<String> fold(Collection<String> words, String origin) {
        var folded = new HashSet<String>();
        for (String word : words) {
            // They are no part of a word, so what is left would be looked for as if it had been meant.
            int control = word.codePoints()
                    .filter(Character::isISOControl)
                    .findFirst()
                    .orElse(-1);
            if (control >= 0) {
                throw new InvalidInputException(origin + ": \"" + word + "\" has the control character "
                        + String.format(Locale.ROOT, "U+%04X", control) + ", wanted a word of plain text; delete it");
            }
            var parts = Words.of(word);
            if (parts.size() != 1) {
                throw new InvalidInputException(origin + ": \"" + word + "\" is " + parts.size()
                        + " words, wanted one; for a phrase use a regex feature, such as \\bnew york\\b");
            }
            folded.add(parts.get(0));
        }
        if (folded.isEmpty()) throw new InvalidInputException(origin + " has no words, wanted at least one");
        return Set.copyOf(folded);
    }

    private static Set<String> load(String name) {
        String file = "words/" + name + ".txt";
        try (var stream = WordLists.class.getResourceAsStream(file)) {
            if (stream == null) throw new IllegalStateException("the jar lacks io/equipoise/target/" + file);
            return parse(new String(stream.readAllBytes(), StandardCharsets.UTF_8), file);
        } catch (IOException failure) {
            throw new UncheckedIOException("cannot read " + file + " of the jar", failure);
        }
    }

    private static Set<String> parse(String text, String origin) {
        var words = text.lines()
                .map(line -> (line.indexOf('#') < 0 ? line : line.substring(0, line.indexOf('#'))).strip())
                .filter(line -> !line.isEmpty())
                .toList();
        return fold(words, origin);
    }
}
