package io.equipoise.target;

import io.equipoise.InvalidInputException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Collects listed words as people write them; what would be looked for as something else than was written is refused. */
final class WordSetBuilder {
    private final Set<String> words = new HashSet<>();
    private final Set<String> stems = new HashSet<>();
    private final Set<List<String>> runs = new HashSet<>();

    /**
     * Adds one word, or with a * at its end all that begin so.
     *
     * @param origin where it is written
     * @throws InvalidInputException unless all of it is one word as {@link Words} has it, or several that adjoin
     */
    void add(String written, String origin) {
        String text = written.strip();
        int control =
                text.codePoints().filter(Character::isISOControl).findFirst().orElse(-1);
        if (control >= 0) {
            throw new InvalidInputException(origin + ": \"" + text + "\" has the control character " + code(control)
                    + ", wanted a word of plain text; delete it");
        }
        boolean stem = text.endsWith("*");
        String folded = Words.fold(stem ? text.substring(0, text.length() - 1) : text);
        var parts = new ArrayList<String>();
        int separate = 0;
        for (var read = Words.in(folded); read.next(); ) {
            parts.add(read.word());
            if (!read.adjoins()) separate++;
        }
        if (separate != 1) {
            throw new InvalidInputException(origin + ": \"" + text + "\" is " + separate + " words, wanted one; for a "
                    + (separate == 0 ? "symbol" : "phrase") + regexFor(text));
        }
        String whole = String.join("", parts);
        if (!whole.equals(folded))
            throw symbol(origin, text, folded.codePointAt(folded.startsWith(whole) ? whole.length() : 0));
        String last = parts.get(parts.size() - 1);
        boolean open = UnspacedScript.has(last.codePointAt(0)); // anything may follow it as it is
        if (parts.size() > 1 && stem && !open) {
            throw new InvalidInputException(origin + ": \"" + text
                    + "\" has a * after letters of two scripts; write out its" + " forms, or" + regexFor(text));
        }
        if (parts.size() > 1) runs.add(List.copyOf(parts));
        else if (stem && !open) stems.add(last);
        else words.add(last);
    }

    /** @throws InvalidInputException if there is none; names {@code origin} */
    WordSet build(String origin) {
        if (words.isEmpty() && stems.isEmpty() && runs.isEmpty()) {
            throw new InvalidInputException(origin + " has no words, wanted at least one");
        }
        return new WordSet(words, stems, runs);
    }

    private static InvalidInputException symbol(String origin, String text, int symbol) {
        boolean visible = Character.getType(symbol) != Character.FORMAT && !Character.isSpaceChar(symbol);
        return new InvalidInputException(origin + ": \"" + text + "\" has "
                + (visible ? Character.toString(symbol) : code(symbol)) + " where it is no part of a word, which is"
                + " letters and digits, with ' or - between them"
                + (symbol == '*' ? ", or a beginning such as run*" : "") + "; write the word without it, or"
                + regexFor(text));
    }

    /** Advice to look for {@code text} as it is, in a form that YAML reads unchanged. */
    private static String regexFor(String text) {
        boolean ascii = text.codePoints().allMatch(character -> character < 128);
        var pattern = new StringBuilder(ascii ? "(?i)" : "(?iU)");
        int[] characters = text.codePoints().toArray();
        if (isBounded(characters[0])) pattern.append("\\b");
        for (int character : characters) {
            if (character == '*') pattern.append("\\w*");
            else if ("\\.[]{}()+?^$|".indexOf(character) >= 0)
                pattern.append('\\').appendCodePoint(character);
            else pattern.appendCodePoint(character);
        }
        if (isBounded(characters[characters.length - 1])) pattern.append("\\b");
        return " use a regex feature, pattern: '" + pattern.toString().replace("'", "''") + "'";
    }

    /** Whether a boundary of words may be asked for beside it. */
    private static boolean isBounded(int character) {
        return character == '*' || (Words.isWordCharacter(character) && !UnspacedScript.has(character));
    }

    private static String code(int character) {
        return String.format(Locale.ROOT, "U+%04X", character);
    }
}
