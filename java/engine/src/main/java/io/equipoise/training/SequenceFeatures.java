package io.equipoise.training;

import io.equipoise.distributed.SharedWork;
import io.equipoise.kernels.Kernels;
import io.equipoise.kernels.WordAutomaton;
import io.equipoise.memory.Vector;
import io.equipoise.model.TextDecoder;
import io.equipoise.target.AnyWord;
import io.equipoise.target.Constraint;
import io.equipoise.target.FeatureScores;
import io.equipoise.target.Negation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * φ of generated tokens: exactly what {@link FeatureScores} says of their texts. Where tokens have bytes, words are looked
 * for in those; a text is made only where that leaves it undecided, or if a feature of another kind needs it.
 */
final class SequenceFeatures implements AutoCloseable {
    private final List<Constraint> constraints;
    private final TextDecoder text;
    private final Kernels kernels;
    private final SharedWork work;
    /** (F) of those constraints that are read off tokens. */
    private final List<Optional<WordAutomaton>> automata;
    /** Which these are. */
    private final int[] byTokens;
    /** The others. */
    private final int[] byText;

    SequenceFeatures(List<Constraint> constraints, TextDecoder text, Kernels kernels) {
        this(constraints, text, kernels, SharedWork.ALONE);
    }

    /** @param work whose ranks read texts together; each of them then calls {@link #score} alike */
    SequenceFeatures(List<Constraint> constraints, TextDecoder text, Kernels kernels, SharedWork work) {
        this(constraints, text, kernels, work, automata(constraints, text));
    }

    private SequenceFeatures(
            List<Constraint> constraints,
            TextDecoder text,
            Kernels kernels,
            SharedWork work,
            List<Optional<WordAutomaton>> automata) {
        this.constraints = List.copyOf(constraints);
        this.text = text;
        this.kernels = kernels;
        this.work = work;
        this.automata = automata;
        byTokens = IntStream.range(0, constraints.size())
                .filter(f -> automata.get(f).isPresent())
                .toArray();
        byText = IntStream.range(0, constraints.size())
                .filter(f -> automata.get(f).isEmpty())
                .toArray();
    }

    private static List<Optional<WordAutomaton>> automata(List<Constraint> constraints, TextDecoder text) {
        var bytes = text.tokenBytes();
        var automata = new ArrayList<Optional<WordAutomaton>>();
        for (var constraint : constraints) {
            var feature = constraint.feature() instanceof Negation negation ? negation.of() : constraint.feature();
            automata.add(feature instanceof AnyWord words ? bytes.map(words::automaton) : Optional.empty());
        }
        return automata;
    }

    /** The same of those constraints alone whose features may be scored on the beginnings of texts; closed with this. */
    SequenceFeatures ofPrefixes() {
        int[] kept = IntStream.range(0, constraints.size())
                .filter(f -> constraints.get(f).feature().scoresPrefixes())
                .toArray();
        if (kept.length == constraints.size()) return this;
        return new SequenceFeatures(
                Arrays.stream(kept).mapToObj(constraints::get).toList(),
                text,
                kernels,
                work,
                Arrays.stream(kept).mapToObj(automata::get).toList());
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
        if (constraints.isEmpty()) return new double[sequences.size()][0];
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
            boolean negated = constraints.get(byTokens[k]).feature() instanceof Negation;
            for (int i = 0; i < phi.length; i++) phi[i][byTokens[k]] = negated ? 1 - found[k][i] : found[k][i];
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

    /** What {@link Kernels#matchWords} finds (K, B) for each of {@link #byTokens}. */
    private int[][] found(List<int[]> sequences) {
        var found = new int[byTokens.length][];
        if (found.length == 0) return found;
        var starts = new long[sequences.size() + 1];
        for (int i = 0; i < sequences.size(); i++) starts[i + 1] = starts[i] + sequences.get(i).length;
        int[] tokens = sequences.stream().flatMapToInt(Arrays::stream).toArray();
        try (var result = Vector.i32(sequences.size());
                var token = Vector.of(tokens);
                var start = Vector.of(starts)) {
            for (int k = 0; k < found.length; k++) {
                kernels.matchWords(
                        result, token, start, automata.get(byTokens[k]).orElseThrow());
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
        for (var automaton : automata) automaton.ifPresent(WordAutomaton::close);
    }
}
