package io.equipoise.target;

import java.text.Normalizer;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * The words of a text, one after the other: the one idea of a word that every feature shares.
 *
 * <p>A word is a maximal run of letters, digits and combining marks of any script; an apostrophe or a hyphen between two
 * such characters belongs to it ({@code she'll}, {@code well-known}), elsewhere it separates. In scripts that are written
 * without spaces, such as Chinese, Japanese and Thai, nothing in the text says where a word ends: there each letter, with its
 * marks, is a word by itself, which {@link #adjoins() adjoins} the one before. Words come in Unicode NFC,
 * with case folded independently of the locale, ’ written as ' and the Unicode hyphens as -.
 */
public final class Words {
    static final List<String> CLITICS = List.of("'s", "'ll", "'d", "'re", "'ve", "'m");

    private final String text;
    private int end;
    private String word = "";
    private boolean startsClause = true;
    private boolean adjoins;

    private Words(String text) {
        this.text = text;
    }

    /** The words in {@code text}, before the first: call {@link #next()}. */
    public static Words in(String text) {
        return new Words(fold(text));
    }

    /** All words of {@code text}, in order. */
    public static List<String> of(String text) {
        var all = new ArrayList<String>();
        for (var words = in(text); words.next(); ) all.add(words.word());
        return all;
    }

    /** Moves to the next word; false when there is none. */
    public boolean next() {
        int at = end;
        startsClause = at == 0;
        while (at < text.length()) {
            int character = text.codePointAt(at);
            if (isWordCharacter(character)) break;
            startsClause |= endsClause(character);
            at += Character.charCount(character);
        }
        if (at == text.length()) {
            end = at;
            return false;
        }
        int start = at;
        boolean single = UnspacedScript.has(text.codePointAt(start));
        while (at < text.length()) {
            int character = text.codePointAt(at);
            int after = at + Character.charCount(character);
            if (at > start && (UnspacedScript.has(character) || (single && !isMark(character)))) break;
            if (!isWordCharacter(character) && !joins(character, after)) break;
            at = after;
        }
        adjoins = start == end && start > 0;
        word = text.substring(start, at);
        end = at;
        return true;
    }

    private boolean joins(int character, int after) {
        if (!isJoiner(character) || after == text.length()) return false;
        int next = text.codePointAt(after);
        return isWordCharacter(next) && !UnspacedScript.has(next);
    }

    /** The word that {@link #next()} moved to. */
    public String word() {
        return word;
    }

    /** Whether nothing stands between the word and the one before. */
    public boolean adjoins() {
        return adjoins;
    }

    /** Whether the word is the text's first, or punctuation other than quotation marks stands between it and the last. */
    public boolean startsClause() {
        return startsClause;
    }

    /**
     * What {@code word}, of this class's making, may be looked up as: itself; without the English clitics 's, 'll, 'd, 're,
     * 've, 'm; and likewise each part between its hyphens. So {@code she} occurs in {@code she'll}, {@code war} in
     * {@code post-war}, but {@code don} does not occur in {@code don't}.
     */
    public static Set<String> forms(String word) {
        if (!isCompound(word)) return Set.of(word);
        var forms = new LinkedHashSet<String>();
        addWithoutClitics(forms, word);
        if (word.indexOf('-') >= 0) for (String part : word.split("-")) addWithoutClitics(forms, part);
        return forms;
    }

    /** Whether {@code word} holds an apostrophe or a hyphen, so that it has other {@link #forms} than itself. */
    static boolean isCompound(String word) {
        return word.indexOf('\'') >= 0 || word.indexOf('-') >= 0;
    }

    /** {@code text} in NFC, case folded, its apostrophes and hyphens written one way. */
    static String fold(String text) {
        if (isAscii(text)) return text.toLowerCase(Locale.ROOT);
        var plain = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            char character = text.charAt(i);
            switch (character) {
                case '\u2018', '\u2019', '\u02BC', '\uFF07' -> plain.append('\'');
                case '\u2010', '\u2011' -> plain.append('-');
                case '\u00AD' -> {} // a soft hyphen only says where a line may break
                default -> plain.append(character);
            }
        }
        // Upper case first makes ß equal to SS and ς to σ, as full case folding does; folding may undo NFC.
        String folded = nfc(plain).toUpperCase(Locale.ROOT).toLowerCase(Locale.ROOT);
        return nfc(folded);
    }

    private static void addWithoutClitics(Set<String> forms, String word) {
        String bare = word;
        forms.add(bare);
        for (int i = 0; i < CLITICS.size(); i++) {
            String clitic = CLITICS.get(i);
            if (bare.endsWith(clitic) && bare.length() > clitic.length()) {
                bare = bare.substring(0, bare.length() - clitic.length());
                forms.add(bare);
                i = -1; // she'd've has two
            }
        }
    }

    private static String nfc(CharSequence text) {
        return Normalizer.isNormalized(text, Normalizer.Form.NFC)
                ? text.toString()
                : Normalizer.normalize(text, Normalizer.Form.NFC);
    }

    private static boolean isAscii(String text) {
        for (int i = 0; i < text.length(); i++) if (text.charAt(i) >= 128) return false;
        return true;
    }

    static boolean isWordCharacter(int character) {
        if (character < 128) {
            return (character >= 'a' && character <= 'z')
                    || (character >= '0' && character <= '9')
                    || (character >= 'A' && character <= 'Z');
        }
        return Character.isLetterOrDigit(character) || isMark(character) || UnspacedScript.has(character);
    }

    private static boolean isMark(int character) {
        int type = Character.getType(character);
        return type == Character.NON_SPACING_MARK
                || type == Character.COMBINING_SPACING_MARK
                || type == Character.ENCLOSING_MARK;
    }

    /** The zero-width (non-)joiners shape Persian and Indic words from within. */
    private static boolean isJoiner(int character) {
        return character == '\'' || character == '-' || character == 0x200C || character == 0x200D;
    }

    private static boolean endsClause(int character) {
        return switch (character) {
            case '.', ',', ';', ':', '!', '?', '(', ')', '\n', '\u2026', '\u2013', '\u2014', '\u3002', '\uFF0C' -> true;
            default -> false;
        };
    }
}
