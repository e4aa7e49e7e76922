package io.equipoise.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SampleTest {
    private static final Kernels REFERENCE = new ReferenceKernels();
    private static final long SEED = 0xFEDCBA9876543210L;
    /** Two draws may differ where the random number is this close to a cumulative probability. */
    private static final double BOUNDARY = 1e-6;

    /** What the operation wrote. */
    @SuppressWarnings("ArrayRecordComponent") // compared element by element, never as a whole
    private record Draws(int[] token, float[] logProb) {
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
    }

    private static long[] sequences(int rows) {
        // Past 2^32 too: all 64 bits count.
        return LongStream.range(0, rows).map(row -> row * 0x9E3779B97L + row).toArray();
    }

    private static int[] positions(int rows) {
        var positions = new int[rows];
        for (int row = 0; row < rows; row++) positions[row] = row % 5;
        return positions;
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void drawsWhatTheReferenceDraws(Kernels kernels) {
        Case.all().forEach(c -> assertDrawsAsReference(c, Truncation.NONE, List.of(kernels)));
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Case#largest")
    void drawsWhatTheReferenceDrawsAtTheLargestShape(Case c) {
        assertDrawsAsReference(c, Truncation.NONE, Implementations.list());
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void drawsWhatTheReferenceDrawsFromPartOfTheVocabulary(Kernels kernels) {
        var truncations = new Truncation[] {
            new Truncation(1, 1), new Truncation(40, 1), new Truncation(0, 0.9), new Truncation(50, 0.95),
        };
        var cases = Case.all().toList();
        for (int i = 0; i < cases.size(); i++) {
            var c = cases.get(i);
            // Of the largest, whose every pass is long, each case one in turn.
            var some = c.columns() < 2000 ? List.of(truncations) : List.of(truncations[i % truncations.length]);
            for (var truncation : some) assertDrawsAsReference(c, truncation, List.of(kernels));
        }
    }

    private static void assertDrawsAsReference(Case c, Truncation truncation, List<Kernels> implementations) {
        long[] sequences = sequences(c.rows());
        int[] positions = positions(c.rows());
        try (var logits = c.logits()) {
            var reference = Draws.of(REFERENCE, logits, sequences, positions, c.temperature(), truncation);
            for (var kernels : implementations) {
                var actual = Draws.of(kernels, logits, sequences, positions, c.temperature(), truncation);
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

    private static double[] probabilities(float[] logits, double temperature) {
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
    private static Matrix repeated(DataType type, float[] logits, int rows) {
        var matrix = Matrix.allocate(type, rows, logits.length);
        for (int row = 0; row < rows; row++) matrix.putRow(row, logits);
        return matrix;
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void frequenciesFitTheSoftmaxAndForbiddenTokensNeverCome(Kernels kernels) {
        for (var type : new DataType[] {DataType.F32, DataType.BF16, DataType.F16}) {
            assertFrequenciesFit(kernels, type, 41, 1);
        }
        // Across blocks of columns, counted in bins of 41 tokens.
        assertFrequenciesFit(kernels, DataType.F32, 31 * 41, 41);
    }

    private static void assertFrequenciesFit(Kernels kernels, DataType type, int columns, int binWidth) {
        int draws = Implementations.draws(500_000 / columns + 5_000);
        double temperature = 1.3;
        long seed = 9;
        var random = new Random(seed);
        var x = new float[columns];
        for (int v = 0; v < columns; v++) x[v] = v % 4 == 1 ? Float.NEGATIVE_INFINITY : (float) random.nextGaussian();
        try (var logits = repeated(type, x, draws)) {
            var sequences = LongStream.range(0, draws).toArray();
            var result = Draws.of(kernels, logits, sequences, new int[draws], temperature, Truncation.NONE);
            double[] p = probabilities(logits.row(0), temperature);
            var expected = new double[(columns - 1) / binWidth + 1];
            var counts = new int[expected.length];
            for (int v = 0; v < columns; v++) expected[v / binWidth] += draws * p[v];
            for (int token : result.token) {
                assertThat(p[token]).as("probability of token %d, drawn", token).isPositive();
                counts[token / binWidth]++;
            }
            double chiSquare = 0;
            for (int bin = 0; bin < counts.length; bin++) {
                if (expected[bin] > 0) chiSquare += Math.pow(counts[bin] - expected[bin], 2) / expected[bin];
            }
            // 31 possible bins, 30 degrees of freedom: 59.7 is exceeded with probability α = 0.001.
            assertThat(chiSquare)
                    .as("%s, V %d, seeds %d and %x", type, columns, seed, SEED)
                    .isLessThan(59.7);
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void aSequencesTokenDependsNeitherOnItsBatchNorOnTheLayout(Kernels kernels) {
        int rows = 24;
        var dense = new Case(DataType.F32, rows, 1271, 1271, 1, 77);
        long[] sequences = sequences(rows);
        int[] positions = positions(rows);
        try (var logits = dense.logits();
                var reversed = Matrix.allocate(DataType.F32, rows, 1271, 1300)) {
            var together = Draws.of(kernels, logits, sequences, positions, 1, Truncation.NONE);
            var backwards = new long[rows];
            var backwardsPositions = new int[rows];
            for (int row = 0; row < rows; row++) {
                int from = rows - 1 - row;
                reversed.putRow(row, logits.row(from));
                backwards[row] = sequences[from];
                backwardsPositions[row] = positions[from];
                var alone = Draws.of(
                        kernels,
                        logits.slice(row, 1),
                        new long[] {sequences[row]},
                        new int[] {positions[row]},
                        1,
                        Truncation.NONE);
                assertThat(alone.token[0]).isEqualTo(together.token[row]);
                assertThat(alone.logProb[0]).isEqualTo(Float.valueOf(together.logProb[row]));
            }
            var turned = Draws.of(kernels, reversed, backwards, backwardsPositions, 1, Truncation.NONE);
            for (int row = 0; row < rows; row++) {
                assertThat(turned.token[rows - 1 - row]).isEqualTo(together.token[row]);
                assertThat(turned.logProb[rows - 1 - row]).isEqualTo(Float.valueOf(together.logProb[row]));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void truncationKeepsTheLargestAndRenormalises(Kernels kernels) {
        // Probabilities 0.4, 0.3, 0.2, 0.1, shuffled.
        var x = new float[] {log(0.1), log(0.4), log(0.2), log(0.3)};
        int draws = Implementations.draws(1000);
        try (var logits = repeated(DataType.F32, x, draws)) {
            assertOnly(kernels, logits, new Truncation(1, 1), 0, 1, 0, 0);
            assertOnly(kernels, logits, new Truncation(2, 1), 0, 0.4 / 0.7, 0, 0.3 / 0.7);
            assertOnly(kernels, logits, new Truncation(0, 0.65), 0, 0.4 / 0.7, 0, 0.3 / 0.7);
            assertOnly(kernels, logits, new Truncation(0, 0.75), 0, 0.4 / 0.9, 0.2 / 0.9, 0.3 / 0.9);
            assertOnly(kernels, logits, new Truncation(2, 0.5), 0, 1, 0, 0);
            assertOnly(kernels, logits, new Truncation(9, 1), 0.1, 0.4, 0.2, 0.3);
        }
        try (var logits = repeated(DataType.F32, new float[] {1, 2, 2, 2}, draws)) {
            assertOnly(kernels, logits, new Truncation(2, 1), 0, 1 / 3.0, 1 / 3.0, 1 / 3.0);
        }
    }

    private static float log(double p) {
        return (float) Math.log(p);
    }

    /** Every token comes with the log of its probability, those of probability 0 never, the others all. */
    private static void assertOnly(Kernels kernels, Matrix logits, Truncation truncation, double... probability) {
        int draws = (int) logits.rows();
        var result = Draws.of(kernels, logits, sequences(draws), new int[draws], 1, truncation);
        var seen = new boolean[probability.length];
        for (int row = 0; row < draws; row++) {
            int token = result.token[row];
            seen[token] = true;
            assertThat((double) result.logProb[row])
                    .as("logProb of token %d under %s", token, truncation)
                    .isCloseTo(Math.log(probability[token]), within(1e-6));
        }
        for (int v = 0; v < seen.length; v++) {
            assertThat(seen[v]).as("token %d drawn under %s", v, truncation).isEqualTo(probability[v] > 0);
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void aRowThatIsNoDistributionGivesNoToken(Kernels kernels) {
        float nan = Float.NaN;
        float none = Float.NEGATIVE_INFINITY;
        try (var logits = Matrix.allocate(DataType.BF16, 4, 3)) {
            logits.putRow(0, 1, nan, 2);
            logits.putRow(1, none, none, none);
            logits.putRow(2, none, nan, none);
            logits.putRow(3, none, -3, none);
            for (var truncation : new Truncation[] {Truncation.NONE, new Truncation(2, 0.9)}) {
                var result = Draws.of(kernels, logits, sequences(4), positions(4), 1, truncation);
                assertThat(result.token).containsExactly(-1, -1, -1, 1);
                assertThat(result.logProb).containsExactly(nan, nan, nan, 0);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void wrongShapesAndTypesAreRefused(Kernels kernels) {
        try (var logits = Matrix.allocate(DataType.F32, 2, 9);
                var token = Vector.i32(2);
                var logProb = Vector.f32(2);
                var sequence = Vector.i64(2);
                var empty = Matrix.allocate(DataType.F32, 2, 0)) {
            assertThatThrownBy(() -> kernels.sample(token, logProb, logits, token, token, 1, Truncation.NONE, SEED))
                    .isInstanceOf(KernelException.class)
                    .hasMessageContaining("sequence is I32 of 2, wanted I64 of 2");
            assertThatThrownBy(() -> kernels.sample(token, logProb, empty, sequence, token, 1, Truncation.NONE, SEED))
                    .isInstanceOf(KernelException.class)
                    .hasMessageContaining("vocabulary must be");
        }
    }
}
