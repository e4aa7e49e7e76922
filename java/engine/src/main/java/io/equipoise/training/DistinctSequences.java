package io.equipoise.training;

import io.equipoise.distributed.SharedWork;
import io.equipoise.model.CausalLanguageModel;
import io.equipoise.model.GradientProgress;
import io.equipoise.model.SequenceCoefficients;
import io.equipoise.model.SequenceGradients;
import io.equipoise.model.TokenScores;
import io.equipoise.sampling.Sequences;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;

/**
 * A batch in which sequences with the same tokens and the same prompt are of one kind: a model is asked about each kind
 * once. Their gradients are the same too, so what a kind's sequences weigh is added up, token by token.
 */
final class DistinctSequences {
    /** What coefficients may differ by, relative to their norm, and still be a multiple of others: rounding. */
    private static final double NEARLY = 1e-5;

    private final Sequences sequences;
    /** (B) index of the first sequence of the same kind. */
    private final int[] kind;

    private final SharedWork work;

    private DistinctSequences(Sequences sequences, int[] kind, SharedWork work) {
        this.sequences = sequences;
        this.kind = kind;
        this.work = work;
    }

    static DistinctSequences of(Sequences sequences) {
        return of(sequences, SharedWork.ALONE);
    }

    /** @param work whose ranks divide the kinds among them; each has the same sequences and calls the same methods */
    static DistinctSequences of(Sequences sequences, SharedWork work) {
        var first = new HashMap<List<Object>, Integer>();
        var kind = new int[sequences.size()];
        for (int i = 0; i < kind.length; i++) {
            List<Object> row = List.of(
                    sequences.promptLength()[i], IntBuffer.wrap(sequences.tokens()[i]));
            Integer earlier = first.putIfAbsent(row, i);
            kind[i] = earlier == null ? i : earlier;
        }
        return new DistinctSequences(sequences, kind, work);
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
        var scores = work.all(
                firsts.length,
                (from, to) -> ScoredSequence.of(
                        model, sequences.select(Arrays.copyOfRange(firsts, from, to)), microBatch, functions),
                ScoredSequence.FORMAT);
        var logProb = new float[kind.length][];
        var expected = new float[kind.length][][];
        for (int i = 0; i < kind.length; i++) {
            int k = Arrays.binarySearch(firsts, kind[i]);
            logProb[i] = scores.get(k).logProb();
            expected[i] = scores.get(k).expected();
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
        var found = work.all(
                firsts.length,
                (from, to) -> {
                    var some = sequences.select(Arrays.copyOfRange(firsts, from, to));
                    return Arrays.asList(
                            from == to
                                    ? new float[0][]
                                    : model.tokenLogProbs(some.tokens(), some.promptLength(), microBatch));
                },
                SharedWork.Format.FLOATS);
        put(found.toArray(float[][]::new), firsts, logProb);
    }

    /** {@link CausalLanguageModel#hiddenStates} of all sequences, (B, T, D). Those of one kind share their arrays. */
    float[][][] hiddenStates(CausalLanguageModel model, int microBatch) {
        int[] firsts = firsts(IntStream.range(0, kind.length).toArray());
        var some = sequences.select(firsts);
        float[][][] found = model.hiddenStates(some.tokens(), some.promptLength(), microBatch);
        var hidden = new float[kind.length][][];
        for (int i = 0; i < kind.length; i++) hidden[i] = found[Arrays.binarySearch(firsts, kind[i])];
        return hidden;
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
        accumulateGradient(model, rows, microBatch, coefficients, logProb, GradientProgress.NONE);
    }

    /** @param progress is told what is final of this rank's gradient, all of it at the latest before the ranks meet again */
    void accumulateGradient(
            CausalLanguageModel model,
            int[] rows,
            int microBatch,
            SequenceCoefficients coefficients,
            float[][] logProb,
            GradientProgress progress) {
        int[] firsts = firsts(rows);
        var found = work.all(
                firsts.length,
                (from, to) -> {
                    try {
                        int[] mine = Arrays.copyOfRange(firsts, from, to);
                        return Arrays.asList(run(
                                mine,
                                rows,
                                coefficients,
                                (some, sums) -> model.accumulateGradient(
                                        some.tokens(), some.promptLength(), microBatch, sums, progress)));
                    } finally {
                        // Other ranks, if all is well with them, count on this one's part.
                        progress.finalFrom(0);
                    }
                },
                SharedWork.Format.FLOATS);
        put(found.toArray(float[][]::new), firsts, logProb);
    }

    /**
     * Runs kinds forward and backward.
     *
     * @param firsts the kinds, ascending
     * @param rows whose coefficients their gradients get; those of other kinds are not looked at
     * @param backward runs sequences of different kinds with the coefficients it is given
     * @return log-probabilities of each kind's tokens, nats
     */
    private float[][] run(
            int[] firsts,
            int[] rows,
            SequenceCoefficients coefficients,
            BiConsumer<Sequences, SequenceCoefficients> backward) {
        Map<Integer, List<Integer>> members = new HashMap<>();
        for (int i : rows)
            members.computeIfAbsent(kind[i], first -> new ArrayList<>()).add(i);
        var found = new float[firsts.length][];
        backward.accept(sequences.select(firsts), (k, tokenLogProb, sum) -> {
            found[k] = tokenLogProb.clone();
            Arrays.fill(sum, 0);
            var own = new float[sum.length];
            for (int i : members.getOrDefault(firsts[k], List.of())) {
                coefficients.coefficients(i, tokenLogProb, own);
                for (int t = 0; t < sum.length; t++) sum[t] += own[t];
            }
        });
        return found;
    }

    /**
     * {@link #accumulateGradient}, to the bit, and how large each sequence's own gradient is.
     *
     * @return (B) ‖Σ_t c_t · ∇ log π(x_t | x_&lt;t)‖²; 0 of sequences that aren't among {@code rows}
     */
    double[] measureGradient(
            CausalLanguageModel model,
            int[] rows,
            int microBatch,
            SequenceCoefficients coefficients,
            float[][] logProb,
            GradientDiagnostics how) {
        int[] firsts = firsts(rows);
        var kinds = work.all(
                firsts.length,
                (from, to) ->
                        measured(model, Arrays.copyOfRange(firsts, from, to), rows, microBatch, coefficients, how),
                MeasuredKind.FORMAT);
        put(kinds.stream().map(MeasuredKind::logProb).toArray(float[][]::new), firsts, logProb);
        var squares = new double[kind.length];
        for (int k = 0; k < firsts.length; k++) {
            int[] members = members(new int[] {firsts[k]}, rows);
            for (int m = 0; m < members.length; m++)
                squares[members[m]] = kinds.get(k).squares()[m];
        }
        return squares;
    }

    /** Those of {@code rows} that are of one of some kinds, ascending. */
    private int[] members(int[] firsts, int[] rows) {
        return Arrays.stream(rows)
                .filter(i -> Arrays.binarySearch(firsts, kind[i]) >= 0)
                .toArray();
    }

    private List<MeasuredKind> measured(
            CausalLanguageModel model,
            int[] firsts,
            int[] all,
            int microBatch,
            SequenceCoefficients coefficients,
            GradientDiagnostics how) {
        int[] rows = members(firsts, all);
        var own = new float[kind.length][];
        var squares = new double[kind.length];
        int[] left = rows;
        float[][] found;
        if (how == GradientDiagnostics.EXACT) {
            found = run(
                    firsts,
                    rows,
                    coefficients.remembered(own),
                    (some, sums) -> model.accumulateGradient(some.tokens(), some.promptLength(), microBatch, sums));
        } else {
            var ofKind = new double[firsts.length];
            found = run(
                    firsts,
                    rows,
                    coefficients.remembered(own),
                    (some, sums) ->
                            model.accumulateGradient(some.tokens(), some.promptLength(), microBatch, sums, ofKind));
            left = share(rows, own, ofKind, squares);
        }
        var alone = sequences.select(left);
        var coefficient = Arrays.stream(left).mapToObj(i -> own[i]).toArray(float[][]::new);
        double[] ofLeft = SequenceGradients.squaredNorms(model, alone.tokens(), alone.promptLength(), coefficient);
        for (int k = 0; k < left.length; k++) squares[left[k]] = ofLeft[k];
        var kinds = new ArrayList<MeasuredKind>();
        for (int k = 0; k < firsts.length; k++) {
            int[] members = members(new int[] {firsts[k]}, rows);
            kinds.add(new MeasuredKind(
                    found[k],
                    Arrays.stream(members).mapToDouble(i -> squares[i]).toArray()));
        }
        return kinds;
    }

    /**
     * From the kinds' gradients to their sequences': a sequence whose coefficients are a multiple of its kind's has that
     * multiple of its gradient.
     *
     * @param own (B, T), ragged: coefficients
     * @param ofKind by kind the squared norm of its gradient
     * @param squares (B), out
     * @return those with other coefficients, of which the kind's gradient doesn't tell
     */
    private int[] share(int[] rows, float[][] own, double[] ofKind, double[] squares) {
        int[] firsts = firsts(rows);
        var sums = new double[firsts.length][];
        for (int k = 0; k < sums.length; k++) sums[k] = new double[sequences.tokenLogProb()[firsts[k]].length];
        for (int i : rows) {
            double[] sum = sums[Arrays.binarySearch(firsts, kind[i])];
            for (int t = 0; t < sum.length; t++) sum[t] += own[i][t];
        }
        var others = new ArrayList<Integer>();
        for (int i : rows) {
            int k = Arrays.binarySearch(firsts, kind[i]);
            double multiple = multiple(own[i], sums[k]);
            squares[i] = multiple * multiple * ofKind[k];
            if (Double.isNaN(multiple)) others.add(i);
        }
        return others.stream().mapToInt(Integer::intValue).toArray();
    }

    /** The m in own = m·sum; NaN if there is none, or if it would magnify what rounding left of a sum that cancels. */
    private static double multiple(float[] own, double[] sum) {
        double along = 0;
        double squares = 0;
        double size = 0;
        for (int t = 0; t < own.length; t++) {
            along += own[t] * sum[t];
            squares += sum[t] * sum[t];
            size += (double) own[t] * own[t];
        }
        if (size == 0) return 0;
        double multiple = along / squares;
        double apart = 0;
        for (int t = 0; t < own.length; t++) {
            double difference = own[t] - multiple * sum[t];
            apart += difference * difference;
        }
        return Math.abs(multiple) <= 1 && apart <= NEARLY * NEARLY * size ? multiple : Double.NaN;
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
