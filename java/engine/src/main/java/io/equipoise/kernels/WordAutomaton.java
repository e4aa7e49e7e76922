package io.equipoise.kernels;

import io.equipoise.memory.Vector;
import org.bytedeco.javacpp.BytePointer;

/**
 * A deterministic automaton that reads a text's bytes, and the bytes of every token of a vocabulary: what {@link
 * Kernels#matchWords} looks for. Bytes come in {@value #SYMBOLS} classes, the symbols: the letters, whatever their case,
 * the digits, and four more.
 *
 * <p>In native memory that lies as kernels read it: {@link #transition} (S · {@value #ROW}) i32, for each state where the
 * row of the next one starts, by symbol, then what is found in a text that ends there; {@link #offset} (V + 1) i32, where
 * each token's bytes start; {@link #symbol}, those bytes as symbols, a byte each. Closing one twice is harmless; using it
 * after that throws.
 */
public final class WordAutomaton implements AutoCloseable {
    /** The symbol of '; the letters are 0 to 25, the digits 26 to 35. */
    public static final int APOSTROPHE = 36;
    /** The symbol of -. */
    public static final int HYPHEN = 37;
    /** The symbol of any other byte of ASCII. */
    public static final int OTHER = 38;
    /** The symbol of a byte of a character beyond ASCII, whole or in pieces. */
    public static final int BEYOND_ASCII = 39;
    /** How many symbols there are. */
    public static final int SYMBOLS = 40;
    /** Numbers a state takes in {@link #transition}. */
    public static final int ROW = SYMBOLS + 1;

    /** The state that a text which has a word stays in, whatever follows. */
    public static final int FOUND = 0;
    /** The state that a text which must be read otherwise stays in. */
    public static final int UNDECIDED = 1;
    /** The state before the first byte. */
    public static final int START = 2;

    private final int[][] next;
    private final int[] verdict;
    private final byte[][] tokens;
    private final Vector transition;
    private final Vector offset;
    private final Vector symbol;

    /**
     * An automaton of S states, at least {@link #FOUND}, {@link #UNDECIDED} and {@link #START}.
     *
     * @param next (S, {@value #SYMBOLS}) the state after each symbol
     * @param verdict (S) of a text that ends in the state: 1 found, 0 not found, −1 undecided
     * @param tokens (V) the bytes of each token; none where it adds nothing to a text
     * @throws IllegalArgumentException unless next, verdict and the first two states are as said here
     */
    public WordAutomaton(int[][] next, int[] verdict, byte[][] tokens) {
        check(next, verdict);
        this.next = next.clone();
        this.verdict = verdict.clone();
        this.tokens = tokens.clone();
        var rows = new int[Math.multiplyExact(next.length, ROW)];
        for (int state = 0; state < next.length; state++) {
            for (int s = 0; s < SYMBOLS; s++) rows[state * ROW + s] = next[state][s] * ROW;
            rows[state * ROW + SYMBOLS] = verdict[state];
        }
        var offsets = new int[tokens.length + 1];
        for (int token = 0; token < tokens.length; token++) {
            offsets[token + 1] = Math.addExact(offsets[token], tokens[token].length);
        }
        var symbols = new byte[offsets[tokens.length]];
        for (int token = 0; token < tokens.length; token++) {
            for (int i = 0; i < tokens[token].length; i++) {
                symbols[offsets[token] + i] = (byte) symbol(tokens[token][i]);
            }
        }
        transition = Vector.of(rows);
        offset = Vector.of(offsets);
        symbol = Vector.i32((symbols.length + 3L) / 4);
        new BytePointer(symbol.address()).put(symbols);
    }

    private static void check(int[][] next, int[] verdict) {
        if (next.length <= START || verdict.length != next.length) {
            throw new IllegalArgumentException("an automaton has " + next.length + " states and " + verdict.length
                    + " verdicts, wanted as many of each and at least " + (START + 1));
        }
        for (int state = 0; state < next.length; state++) {
            if (next[state].length != SYMBOLS || verdict[state] < -1 || verdict[state] > 1) {
                throw new IllegalArgumentException("state " + state + " has " + next[state].length
                        + " transitions and verdict " + verdict[state] + ", wanted " + SYMBOLS + " and -1, 0 or 1");
            }
            for (int to : next[state]) {
                if (to < 0 || to >= next.length || (state < START && to != state)) {
                    throw new IllegalArgumentException("state " + state + " of " + next.length + " leads to " + to
                            + ", wanted " + (state < START ? "itself" : "one of them"));
                }
            }
        }
        if (verdict[FOUND] != 1 || verdict[UNDECIDED] != -1) {
            throw new IllegalArgumentException("states " + FOUND + " and " + UNDECIDED + " have verdicts "
                    + verdict[FOUND] + " and " + verdict[UNDECIDED] + ", wanted 1 and -1");
        }
    }

    /** The symbol of a byte of UTF-8. */
    public static int symbol(byte value) {
        if (value < 0) return BEYOND_ASCII;
        if (value >= 'a' && value <= 'z') return value - 'a';
        if (value >= 'A' && value <= 'Z') return value - 'A';
        if (value >= '0' && value <= '9') return 26 + value - '0';
        if (value == '\'') return APOSTROPHE;
        return value == '-' ? HYPHEN : OTHER;
    }

    /** V. */
    public int vocabulary() {
        return tokens.length;
    }

    /** (S · {@value #ROW}), i32. */
    public Vector transition() {
        return transition;
    }

    /** (V + 1), i32: token v has the symbols {@code [offset[v], offset[v + 1])}. */
    public Vector offset() {
        return offset;
    }

    /** Symbols, a byte each, padded to whole i32. */
    public Vector symbol() {
        return symbol;
    }

    /** What {@link Kernels#matchWords} finds in {@code sequence[from, to)}. */
    int read(int[] sequence, int from, int to) {
        int state = START;
        for (int i = from; i < to && state >= START; i++) {
            if (sequence[i] < 0) continue;
            if (sequence[i] >= tokens.length) return verdict[UNDECIDED];
            for (byte value : tokens[sequence[i]]) state = next[state][symbol(value)];
        }
        return verdict[state];
    }

    @Override
    public void close() {
        transition.close();
        offset.close();
        symbol.close();
    }

    @Override
    public String toString() {
        return "WordAutomaton(" + next.length + " states, " + tokens.length + " tokens)";
    }
}
