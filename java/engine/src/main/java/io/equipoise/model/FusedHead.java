package io.equipoise.model;

import io.equipoise.kernels.HeadScores;
import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.util.Arrays;

/**
 * The language-model head on our kernels, a chunk of whole sequences at a time: the logits' exponentials of a chunk are
 * all that is ever held of an (N, V) matrix, and each product is computed once. A chunk gives log-probabilities, these the
 * coefficients, these the gradient. A sequence longer than a chunk is scored first, then run again part by part.
 */
final class FusedHead implements AutoCloseable {
    /** Rows of a chunk; measured by HeadBenchmark with its parameter {@code chunk}. */
    static final int CHUNK = 512;

    /** Of the last chunk with a gradient, to be used again. */
    private HeadScores kept = HeadScores.of(0, 0);

    /** Writes log-probabilities and expectations to the rows of the batch's sequences. */
    void score(Gpt2Weights weights, Matrix hidden, MicroBatches batch, float[][] functions, TokenScores result) {
        int rows = batch.targets().length;
        int count = functions.length;
        try (var scores = HeadScores.of(rows, count);
                var target = Vector.of(batch.targets());
                var values = Matrix.allocate(
                        DataType.F32, count, weights.head().packed().columns())) {
            for (int k = 0; k < count; k++) values.putRow(k, functions[k]);
            weights.kernels()
                    .headLogProb(scores, hidden, weights.head().packed(), target, count == 0 ? Matrix.NONE : values, 1);
            float[] logProb = scores.logProb().toFloats();
            for (int b = 0; b < batch.sequences().length; b++) {
                int from = batch.starts()[b];
                int to = batch.starts()[b + 1];
                var expected = new float[to - from][];
                for (int n = from; n < to; n++)
                    expected[n - from] = scores.expected().row(n);
                result.logProb()[batch.sequences()[b]] = Arrays.copyOfRange(logProb, from, to);
                result.expected()[batch.sequences()[b]] = expected;
            }
        }
    }

    /**
     * From hidden states to their gradient.
     *
     * @param gradHidden (N, D), out
     * @param gradHead (V, D), added to, or NONE
     * @param hidden (N, D)
     * @param logProbOfSequence (B), out
     * @param observer is shown the logits' gradient
     * @return whether any coefficient isn't 0
     */
    boolean backward(
            Gpt2Weights weights,
            Matrix gradHidden,
            Matrix gradHead,
            Matrix hidden,
            MicroBatches batch,
            SequenceCoefficients coefficients,
            double[] logProbOfSequence,
            GradientObserver observer) {
        boolean any = false;
        int sequences = batch.sequences().length;
        for (int first = 0, end; first < sequences; first = end) {
            end = first + 1;
            while (end < sequences && batch.starts()[end + 1] - batch.starts()[first] <= CHUNK) end++;
            int from = batch.starts()[first];
            int rows = batch.starts()[end] - from;
            var coefficient = new float[rows];
            if (rows <= CHUNK) {
                var chunk = new Chunk(weights, gradHidden, gradHead, hidden, batch, from, rows);
                batch.coefficients(first, end, chunk.score(), coefficients, coefficient, logProbOfSequence);
                if (chunk.backward(coefficient)) {
                    any = true;
                    observer.head(from, coefficient, chunk.gradLogits(), chunk.hidden);
                }
                continue;
            }
            float[] logProb = new float[rows];
            for (int at = 0; at < rows; at += CHUNK) {
                var chunk =
                        new Chunk(weights, gradHidden, gradHead, hidden, batch, from + at, Math.min(CHUNK, rows - at));
                System.arraycopy(chunk.score(), 0, logProb, at, chunk.rows);
            }
            batch.coefficients(first, end, logProb, coefficients, coefficient, logProbOfSequence);
            try (var whole = observer.looks() ? gradLogits(weights, rows) : Matrix.NONE) {
                for (int at = 0; at < rows; at += CHUNK) {
                    var chunk = new Chunk(
                            weights, gradHidden, gradHead, hidden, batch, from + at, Math.min(CHUNK, rows - at));
                    chunk.score();
                    boolean counts = chunk.backward(Arrays.copyOfRange(coefficient, at, at + chunk.rows));
                    any |= counts;
                    if (counts && observer.looks()) whole.copyRows(at, chunk.gradLogits(), 0, chunk.rows);
                }
                observer.head(from, coefficient, whole, hidden.slice(from, rows));
            }
        }
        return any;
    }

    /** For an observer, who needs all of a sequence at once. */
    private static Matrix gradLogits(Gpt2Weights weights, int rows) {
        var head = weights.head().packed();
        return Matrix.allocate(head.type(), rows, head.columns());
    }

    /** Rows that are scored and run backward together. */
    private final class Chunk {
        private final Gpt2Weights weights;
        private final Matrix gradHidden;
        private final Matrix gradHead;
        private final Matrix hidden;
        private final int[] targets;
        private final int rows;
        private final HeadScores scores;

        Chunk(
                Gpt2Weights weights,
                Matrix gradHidden,
                Matrix gradHead,
                Matrix hidden,
                MicroBatches batch,
                int from,
                int rows) {
            this.weights = weights;
            this.gradHead = gradHead;
            this.rows = rows;
            this.gradHidden = gradHidden.slice(from, rows);
            this.hidden = hidden.slice(from, rows);
            targets = Arrays.copyOfRange(batch.targets(), from, from + rows);
            if (kept.logProb().size() < rows) {
                kept.close();
                kept = HeadScores.forGradient(rows, weights.head().packed());
            }
            scores = kept.first(rows);
        }

        float[] score() {
            try (var target = Vector.of(targets)) {
                weights.kernels().headLogProb(scores, hidden, weights.head().packed(), target, Matrix.NONE, 1);
            }
            return scores.logProb().toFloats();
        }

        boolean backward(float[] coefficient) {
            boolean any = false;
            for (float each : coefficient) any |= each != 0;
            if (!any) {
                gradHidden.clear();
                return false;
            }
            try (var target = Vector.of(targets);
                    var weight = Vector.of(coefficient)) {
                weights.kernels()
                        .headGradient(
                                gradHidden,
                                gradHead,
                                scores,
                                weight,
                                target,
                                hidden,
                                weights.head().transposed());
            }
            return true;
        }

        /** (rows, V), of the head's type; after {@link #backward} that had a coefficient. */
        Matrix gradLogits() {
            return scores.exponentials();
        }
    }

    @Override
    public void close() {
        kept.close();
    }
}
