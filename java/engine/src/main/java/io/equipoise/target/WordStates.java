package io.equipoise.target;

import io.equipoise.kernels.WordAutomaton;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeSet;

/**
 * {@link AnyWord} as an automaton over the bytes of ASCII texts, equal to it by construction. A word matches if it, or a part
 * between its hyphens, is a listed word followed by any number of clitics, or goes on from a stem: that is what
 * {@link Words#forms} says, read from left to right. So a state holds where the word so far and the part so far may stand, as positions in a tree of the listed
 * words and stems, one of the clitics and one of what follows stems; and whether an apostrophe or a hyphen was the last byte, as it belongs to the word only if
 * a letter or digit follows.
 *
 * <p>A byte beyond ASCII may be part of anything, such as a mark that changes the letter before it. It leaves open what is
 * not found yet, but can't undo what is: a word followed by a byte of ASCII that ends it is a word whatever comes, and so is
 * a part before a hyphen.
 */
final class WordStates {
    private static final int LISTED = 0;
    private static final int CLITICS = 1;
    /** A tree's only node, reached by whatever goes on from a stem. */
    private static final int STEM = 2;

    private static final List<Integer> NOWHERE = List.of();
    private static final List<Integer> AT_START = List.of(LISTED);

    /** What the last byte was. */
    private enum Last {
        SEPARATOR,
        LETTER,
        APOSTROPHE,
        HYPHEN
    }

    /**
     * Between two bytes of a text in which nothing is found yet.
     *
     * @param word positions, ascending, of the word so far, without the apostrophe or hyphen after it
     * @param part of what comes after its last hyphen
     */
    private record State(Last last, List<Integer> word, List<Integer> part) {}

    private static final State BETWEEN = new State(Last.SEPARATOR, NOWHERE, NOWHERE);

    /** Trees of listed words and of clitics: children by symbol, −1 for none. */
    private final List<int[]> children = new ArrayList<>();

    private final List<Boolean> ends = new ArrayList<>();
    private final List<Boolean> stemEnds = new ArrayList<>();

    private final Map<State, Integer> numbers = new HashMap<>();
    private final List<State> states = new ArrayList<>();

    /** @param listed those beyond ASCII can't occur in a text of ASCII */
    WordStates(WordSet listed) {
        node();
        node();
        ends.set(node(), true);
        for (String word : listed.words()) insert(LISTED, word);
        for (String stem : listed.stems()) insert(LISTED, stem).ifPresent(node -> stemEnds.set(node, true));
        for (String clitic : Words.CLITICS) insert(CLITICS, clitic);
        stemEnds.set(STEM, true);
    }

    private int node() {
        var none = new int[WordAutomaton.SYMBOLS];
        Arrays.fill(none, -1);
        children.add(none);
        ends.add(false);
        stemEnds.add(false);
        return children.size() - 1;
    }

    /** The node where a word of ASCII ends. */
    private OptionalInt insert(int root, String word) {
        if (!word.chars().allMatch(character -> character < 128)) return OptionalInt.empty();
        int at = root;
        for (int i = 0; i < word.length(); i++) {
            int symbol = WordAutomaton.symbol((byte) word.charAt(i));
            int child = children.get(at)[symbol];
            if (child < 0) {
                child = node();
                children.get(at)[symbol] = child;
            }
            at = child;
        }
        ends.set(at, true);
        return OptionalInt.of(at);
    }

    WordAutomaton automaton(byte[][] tokens) {
        var next = new ArrayList<int[]>();
        next.add(constant(WordAutomaton.FOUND));
        next.add(constant(WordAutomaton.UNDECIDED));
        number(BETWEEN);
        for (int i = 0; i < states.size(); i++) { // grows meanwhile
            var row = new int[WordAutomaton.SYMBOLS];
            for (int symbol = 0; symbol < row.length; symbol++) row[symbol] = after(states.get(i), symbol);
            next.add(row);
        }
        var verdict = new int[next.size()];
        verdict[WordAutomaton.FOUND] = 1;
        verdict[WordAutomaton.UNDECIDED] = -1;
        for (int i = 0; i < states.size(); i++) verdict[WordAutomaton.START + i] = matches(states.get(i)) ? 1 : 0;
        return new WordAutomaton(next.toArray(int[][]::new), verdict, tokens);
    }

    private static int[] constant(int state) {
        var row = new int[WordAutomaton.SYMBOLS];
        Arrays.fill(row, state);
        return row;
    }

    private int number(State state) {
        return numbers.computeIfAbsent(state, added -> {
            states.add(added);
            return WordAutomaton.START + states.size() - 1;
        });
    }

    /** Whether the word matches if it ends here. */
    private boolean matches(State state) {
        return ends(state.word) || ends(state.part);
    }

    private int after(State state, int symbol) {
        if (symbol == WordAutomaton.BEYOND_ASCII) return WordAutomaton.UNDECIDED;
        if (symbol < WordAutomaton.APOSTROPHE) return number(afterLetter(state, symbol));
        if (state.last == Last.LETTER && symbol == WordAutomaton.APOSTROPHE) {
            return number(new State(Last.APOSTROPHE, state.word, state.part));
        }
        if (state.last == Last.LETTER && symbol == WordAutomaton.HYPHEN && !ends(state.part)) {
            return number(new State(Last.HYPHEN, state.word, NOWHERE));
        }
        return matches(state) ? WordAutomaton.FOUND : number(BETWEEN);
    }

    private State afterLetter(State state, int symbol) {
        return switch (state.last) {
            case SEPARATOR -> letter(AT_START, AT_START, symbol);
            case LETTER -> letter(state.word, state.part, symbol);
            case APOSTROPHE ->
                letter(step(state.word, WordAutomaton.APOSTROPHE), step(state.part, WordAutomaton.APOSTROPHE), symbol);
            case HYPHEN -> letter(step(state.word, WordAutomaton.HYPHEN), AT_START, symbol);
        };
    }

    private State letter(List<Integer> word, List<Integer> part, int symbol) {
        return new State(Last.LETTER, step(word, symbol), step(part, symbol));
    }

    private List<Integer> step(List<Integer> positions, int symbol) {
        var reached = new TreeSet<Integer>();
        for (int position : positions) {
            reached.add(children.get(position)[symbol]);
            if (ends.get(position)) reached.add(children.get(CLITICS)[symbol]);
            if (stemEnds.get(position)) reached.add(STEM);
        }
        reached.remove(-1);
        return List.copyOf(reached);
    }

    private boolean ends(List<Integer> positions) {
        return positions.stream().anyMatch(ends::get);
    }
}
