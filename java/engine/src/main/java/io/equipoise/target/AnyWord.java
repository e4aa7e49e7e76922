package io.equipoise.target;

import io.equipoise.kernels.WordAutomaton;

/**
 * Whether a text has any of some words, also in a {@linkplain Words#forms form} such as with 's or before a hyphen. Such a
 * feature can be read off tokens without making a text of them: {@link #automaton}.
 */
public final class AnyWord implements Feature {
    private final WordSet listed;

    AnyWord(WordSet listed) {
        this.listed = listed;
    }

    @Override
    public double score(String text) {
        return listed.occursIn(text) ? 1 : 0;
    }

    @Override
    public boolean isBoolean() {
        return true;
    }

    @Override
    public boolean scoresPrefixes() {
        return true;
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
