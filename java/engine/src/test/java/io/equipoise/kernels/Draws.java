package io.equipoise.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;

/** What {@code sample} wrote. */
@SuppressWarnings("ArrayRecordComponent") // compared element by element, never as a whole
record Draws(int[] token, float[] logProb) {
    static final long SEED = 0xFEDCBA9876543210L;
    private static final Kernels REFERENCE = new ReferenceKernels();
    /** Two draws may differ where the random number is this close to a cumulative probability. */
    private static final double BOUNDARY = 1e-6;

    static Draws of(
            Kernels kernels,
            Matrix logits,
            long[] sequences,
            int[] positions,
            double temperature,
            Truncation truncation) {
        try (var token = Vector.i32(sequences.length);
                var logProb = Vector.f32(sequences.length);
                var sequence = Vector.of(sequences);
                var position = Vector.of(positions)) {
            kernels.sample(token, logProb, logits, sequence, position, temperature, truncation, SEED);
            return new Draws(token.toInts(), logProb.toFloats());
        }
    }

    static long[] sequences(int rows) {
        // Past 2^32 too: all 64 bits count.
        return LongStream.range(0, rows).map(row -> row * 0x9E3779B97L + row).toArray();
    }

    static int[] positions(int rows) {
        var positions = new int[rows];
        for (int row = 0; row < rows; row++) positions[row] = row % 5;
        return positions;
    }

    static void assertAsReference(Case c, Truncation truncation, List<Kernels> implementations) {
        long[] sequences = sequences(c.rows());
        int[] positions = positions(c.rows());
        try (var logits = c.logits()) {
            var reference = of(REFERENCE, logits, sequences, positions, c.temperature(), truncation);
            for (var kernels : implementations) {
                var actual = of(kernels, logits, sequences, positions, c.temperature(), truncation);
                for (int row = 0; row < c.rows(); row++) {
                    if (actual.token[row] == reference.token[row]) continue;
                    var what = String.format(
                            "row %d drew %d, reference %d, %s, %s",
                            row, actual.token[row], reference.token[row], c, kernels.description());
                    boolean mayDiffer = truncation.isNone() && reference.token[row] >= 0 && actual.token[row] >= 0;
                    assertThat(mayDiffer).as(what).isTrue();
                    double uniform = Philox.uniform(SEED, sequences[row], positions[row], 0);
                    int lower = Math.min(actual.token[row], reference.token[row]);
                    double[] p = probabilities(logits.row(row), c.temperature());
                    assertThat(Arrays.stream(p, 0, lower + 1).sum()).as(what).isCloseTo(uniform, within(BOUNDARY));
                    actual.logProb[row] = reference.logProb[row];
                }
                // The plain formula in f64 too: nothing beyond the tolerance is allowed.
                Parity.assertAsExactAs(
                        reference.logProb,
                        actual.logProb,
                        reference.logProb,
                        Parity.F32,
                        row -> "logProb of token " + reference.token[row] + ", " + truncation + ", " + c + ", "
                                + kernels.description());
            }
        }
    }

    static double[] probabilities(float[] logits, double temperature) {
        double max = Double.NEGATIVE_INFINITY;
        for (float x : logits) max = Math.max(max, x);
        var p = new double[logits.length];
        double sum = 0;
        for (int v = 0; v < p.length; v++) {
            p[v] = Math.exp((logits[v] - max) / temperature);
            sum += p[v];
        }
        for (int v = 0; v < p.length; v++) p[v] /= sum;
        return p;
    }

    /** The logits in every one of {@code rows} rows. */
    static Matrix repeated(DataType type, float[] logits, int rows) {
        var matrix = Matrix.allocate(type, rows, logits.length);
        for (int row = 0; row < rows; row++) matrix.putRow(row, logits);
        return matrix;
    }
}
