package io.equipoise.training;

import io.equipoise.model.CausalLanguageModel;
import io.equipoise.model.SequenceCoefficients;
import io.equipoise.model.TokenScores;
import io.equipoise.sampling.Sequences;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * A batch in which sequences with the same tokens and the same prompt are of one kind: a model is asked about each kind
 * once. Their gradients are the same too, so what a kind's sequences weigh is added up, token by token.
 */
final class DistinctSequences {
    private final Sequences sequences;
    /** (B) index of the first sequence of the same kind. */
    private final int[] kind;

    private DistinctSequences(Sequences sequences, int[] kind) {
        this.sequences = sequences;
        this.kind = kind;
    }

    static DistinctSequences of(Sequences sequences) {
        var first = new HashMap<List<Object>, Integer>();
        var kind = new int[sequences.size()];
        for (int i = 0; i < kind.length; i++) {
            List<Object> row = List.of(
                    sequences.promptLength()[i], IntBuffer.wrap(sequences.tokens()[i]));
            Integer earlier = first.putIfAbsent(row, i);
            kind[i] = earlier == null ? i : earlier;
        }
        return new DistinctSequences(sequences, kind);
    }

    /** Those of {@code rows} that are not of the same kind as any of {@code others}. */
    int[] without(int[] rows, int[] others) {
        var taken = new boolean[kind.length];
        for (int i : others) taken[kind[i]] = true;
        return Arrays.stream(rows).filter(i -> !taken[kind[i]]).toArray();
    }

    /**
     * {@link CausalLanguageModel#tokenScores} of all sequences. Those of one kind share their arrays.
     *
     * @param functions (K, V)
     */
    TokenScores score(CausalLanguageModel model, int microBatch, float[][] functions) {
        int[] firsts = firsts(IntStream.range(0, kind.length).toArray());
        var some = sequences.select(firsts);
        var scores = model.tokenScores(some.tokens(), some.promptLength(), microBatch, functions);
        var logProb = new float[kind.length][];
        var expected = new float[kind.length][][];
        for (int i = 0; i < kind.length; i++) {
            int k = Arrays.binarySearch(firsts, kind[i]);
            logProb[i] = scores.logProb()[k];
            expected[i] = scores.expected()[k];
        }
        return new TokenScores(logProb, expected);
    }

    /**
     * Log-probabilities of some sequences.
     *
     * @param rows which
     * @param logProb (B, T), ragged, nats; out: the rows of every sequence of their kinds
     */
    void score(CausalLanguageModel model, int[] rows, int microBatch, float[][] logProb) {
        int[] firsts = firsts(rows);
        var some = sequences.select(firsts);
        put(model.tokenLogProbs(some.tokens(), some.promptLength(), microBatch), firsts, logProb);
    }

    /**
     * Adds the gradient of some sequences to a model's, each kind run forward and backward once.
     *
     * @param rows which
     * @param coefficients asked for each of them, by its index in the batch
     * @param logProb (B, T), ragged, nats; out: the rows of every sequence of their kinds
     */
    void accumulateGradient(
            CausalLanguageModel model,
            int[] rows,
            int microBatch,
            SequenceCoefficients coefficients,
            float[][] logProb) {
        int[] firsts = firsts(rows);
        Map<Integer, List<Integer>> members = new HashMap<>();
        for (int i : rows)
            members.computeIfAbsent(kind[i], first -> new ArrayList<>()).add(i);
        var found = new float[firsts.length][];
        var some = sequences.select(firsts);
        model.accumulateGradient(some.tokens(), some.promptLength(), microBatch, (k, tokenLogProb, sum) -> {
            found[k] = tokenLogProb.clone();
            Arrays.fill(sum, 0);
            var own = new float[sum.length];
            for (int i : members.getOrDefault(firsts[k], List.of())) {
                coefficients.coefficients(i, tokenLogProb, own);
                for (int t = 0; t < sum.length; t++) sum[t] += own[t];
            }
        });
        put(found, firsts, logProb);
    }

    /** The kinds of some sequences, each once, ascending. */
    private int[] firsts(int[] rows) {
        return Arrays.stream(rows).map(i -> kind[i]).distinct().sorted().toArray();
    }

    private void put(float[][] ofFirsts, int[] firsts, float[][] destination) {
        for (int i = 0; i < kind.length; i++) {
            int k = Arrays.binarySearch(firsts, kind[i]);
            if (k >= 0) destination[i] = ofFirsts[k];
        }
    }
}
