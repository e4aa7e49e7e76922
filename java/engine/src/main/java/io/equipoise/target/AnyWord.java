package io.equipoise.target;

import io.equipoise.kernels.WordAutomaton;
import java.util.Set;

/**
 * Whether a text has any of some words, also in a {@linkplain Words#forms form} such as with 's or before a hyphen. Such a
 * feature can be read off tokens without making a text of them: {@link #automaton}.
 */
public final class AnyWord implements Feature {
    private final Set<String> listed;

    /** @param listed folded words, each one word as {@link Words} has it */
    AnyWord(Set<String> listed) {
        this.listed = Set.copyOf(listed);
    }

    @Override
    public double score(String text) {
        for (var words = Words.in(text); words.next(); ) if (occurs(words.word(), listed)) return 1;
        return 0;
    }

    @Override
    public boolean isBoolean() {
        return true;
    }

    /** Whether {@code word}, of {@link Words}' making, is listed in any of its forms. */
    static boolean occurs(String word, Set<String> listed) {
        if (listed.contains(word)) return true;
        if (!Words.isCompound(word)) return false;
        for (String form : Words.forms(word)) if (listed.contains(form)) return true;
        return false;
    }

    /**
     * This feature for {@link io.equipoise.kernels.Kernels#matchWords}: what it finds is the score of the sequence's text,
     * wherever it is decided. Undecided are texts with a character beyond ASCII, unless a word is there before it.
     *
     * @param tokens (V) the bytes of each token, whose sequence is the text in UTF-8
     * @return the caller's to close
     */
    public WordAutomaton automaton(byte[][] tokens) {
        return new WordStates(listed).automaton(tokens);
    }
}
