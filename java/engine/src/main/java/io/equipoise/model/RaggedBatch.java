package io.equipoise.model;

import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;

/**
 * A micro-batch as rows without padding, one fed token each, sequence after sequence.
 *
 * @param tokens (R), i32
 * @param positions (R), i32
 * @param rows (R), i32: 0 … R − 1, the row itself
 * @param first (R), i32: the first row of the row's sequence
 * @param start (S + 1), i32: where sequences begin, and R
 * @param predicted by sequence the row that predicts its first generated token
 * @param batch the sequences and their targets
 */
record RaggedBatch(
        Vector tokens, Vector positions, Vector rows, Vector first, Vector start, int[] predicted, MicroBatches batch)
        implements AutoCloseable {

    static RaggedBatch of(MicroBatches batch) {
        int sequences = batch.sequences().length;
        var begins = new int[sequences + 1];
        for (int b = 0; b < sequences; b++) begins[b + 1] = begins[b] + fed(batch, b);
        int count = begins[sequences];
        var tokens = new int[count];
        var positions = new int[count];
        var rows = new int[count];
        var first = new int[count];
        var predicted = new int[sequences];
        for (int b = 0; b < sequences; b++) {
            for (int t = 0; t < fed(batch, b); t++) {
                int row = begins[b] + t;
                tokens[row] = (int) batch.inputs()[b * batch.length() + t];
                positions[row] = t;
                rows[row] = row;
                first[row] = begins[b];
            }
            predicted[b] = begins[b + 1] - generated(batch, b);
        }
        return new RaggedBatch(
                Vector.of(tokens),
                Vector.of(positions),
                Vector.of(rows),
                Vector.of(first),
                Vector.of(begins),
                predicted,
                batch);
    }

    private static int generated(MicroBatches batch, int b) {
        return batch.starts()[b + 1] - batch.starts()[b];
    }

    /** Tokens up to the one that predicts the last; none where nothing is predicted. */
    private static int fed(MicroBatches batch, int b) {
        if (generated(batch, b) == 0) return 0;
        return (int) (batch.rows()[batch.starts()[b + 1] - 1] - (long) b * batch.length()) + 1;
    }

    /** R. */
    int size() {
        return (int) tokens.size();
    }

    /** N, the rows that predict a generated token. */
    int targets() {
        return batch.targets().length;
    }

    /** Copies the rows that predict a generated token next to each other. */
    void select(Matrix selected, Matrix all) {
        for (int b = 0; b < predicted.length; b++) {
            selected.copyRows(batch.starts()[b], all, predicted[b], generated(batch, b));
        }
    }

    /** The reverse of {@link #select}; rows that predict nothing become 0. */
    void spread(Matrix all, Matrix selected) {
        all.clear();
        for (int b = 0; b < predicted.length; b++) {
            all.copyRows(predicted[b], selected, batch.starts()[b], generated(batch, b));
        }
    }

    @Override
    public void close() {
        tokens.close();
        positions.close();
        rows.close();
        first.close();
        start.close();
    }
}
