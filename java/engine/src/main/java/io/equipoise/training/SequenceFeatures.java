package io.equipoise.training;

import io.equipoise.distributed.SharedWork;
import io.equipoise.kernels.Kernels;
import io.equipoise.kernels.WordAutomaton;
import io.equipoise.memory.Vector;
import io.equipoise.model.TextDecoder;
import io.equipoise.target.AnyWord;
import io.equipoise.target.Constraint;
import io.equipoise.target.FeatureScores;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * φ of generated tokens: exactly what {@link FeatureScores} says of their texts. Where tokens have bytes, words are looked
 * for in those; a text is made only where that leaves it undecided, or if a feature of another kind needs it.
 */
final class SequenceFeatures implements AutoCloseable {
    private final List<Constraint> constraints;
    private final TextDecoder text;
    private final Kernels kernels;
    /** Of the constraints in {@link #byTokens}, in their order. */
    private final List<WordAutomaton> automata = new ArrayList<>();
    /** Which constraints are read off tokens. */
    private final int[] byTokens;
    /** The others. */
    private final int[] byText;

    private final SharedWork work;

    SequenceFeatures(List<Constraint> constraints, TextDecoder text, Kernels kernels) {
        this(constraints, text, kernels, SharedWork.ALONE);
    }

    /** @param work whose ranks read texts together; each of them then calls {@link #score} alike */
    SequenceFeatures(List<Constraint> constraints, TextDecoder text, Kernels kernels, SharedWork work) {
        this.work = work;
        this.constraints = List.copyOf(constraints);
        this.text = text;
        this.kernels = kernels;
        var bytes = text.tokenBytes();
        byTokens = IntStream.range(0, constraints.size())
                .filter(f -> bytes.isPresent() && constraints.get(f).feature() instanceof AnyWord)
                .toArray();
        byText = IntStream.range(0, constraints.size())
                .filter(f -> Arrays.binarySearch(byTokens, f) < 0)
                .toArray();
        for (int f : byTokens) {
            if (constraints.get(f).feature() instanceof AnyWord words)
                automata.add(words.automaton(bytes.orElseThrow()));
        }
    }

    /** F. */
    int size() {
        return constraints.size();
    }

    /**
     * φ of every sequence.
     *
     * @param sequences B ragged rows of generated tokens
     * @return (B, F)
     * @throws IllegalArgumentException as {@link FeatureScores#score}
     */
    double[][] score(List<int[]> sequences) {
        return work.all(
                        sequences.size(),
                        (from, to) -> Arrays.asList(own(sequences.subList(from, to))),
                        SharedWork.Format.DOUBLES)
                .toArray(double[][]::new);
    }

    private double[][] own(List<int[]> sequences) {
        var phi = new double[sequences.size()][constraints.size()];
        int[][] found = found(sequences);
        for (int k = 0; k < byTokens.length; k++) {
            for (int i = 0; i < phi.length; i++) phi[i][byTokens[k]] = found[k][i];
        }
        int[] undecided = IntStream.range(0, phi.length)
                .filter(i -> Arrays.stream(found).anyMatch(each -> each[i] < 0))
                .toArray();
        int[] read = byText.length > 0 ? IntStream.range(0, phi.length).toArray() : undecided;
        var texts = text.decode(Arrays.stream(read).mapToObj(sequences::get).toList());
        put(phi, byText, read, texts);
        put(phi, byTokens, undecided, read == undecided ? texts : select(texts, undecided));
        return phi;
    }

    /** What {@link Kernels#matchWords} finds (K, B) for each of {@link #automata}. */
    private int[][] found(List<int[]> sequences) {
        var found = new int[automata.size()][];
        if (found.length == 0) return found;
        var starts = new long[sequences.size() + 1];
        for (int i = 0; i < sequences.size(); i++) starts[i + 1] = starts[i] + sequences.get(i).length;
        int[] tokens = sequences.stream().flatMapToInt(Arrays::stream).toArray();
        try (var result = Vector.i32(sequences.size());
                var token = Vector.of(tokens);
                var start = Vector.of(starts)) {
            for (int k = 0; k < found.length; k++) {
                kernels.matchWords(result, token, start, automata.get(k));
                found[k] = result.toInts();
            }
        }
        return found;
    }

    private static List<String> select(List<String> texts, int[] rows) {
        return Arrays.stream(rows).mapToObj(texts::get).toList();
    }

    /** Writes the features in {@code columns} of the texts of {@code rows}. */
    private void put(double[][] phi, int[] columns, int[] rows, List<String> texts) {
        var some = Arrays.stream(columns).mapToObj(constraints::get).toList();
        double[][] scores = FeatureScores.score(some, texts);
        for (int k = 0; k < rows.length; k++) {
            for (int f = 0; f < columns.length; f++) phi[rows[k]][columns[f]] = scores[k][f];
        }
    }

    @Override
    public void close() {
        automata.forEach(WordAutomaton::close);
    }
}
