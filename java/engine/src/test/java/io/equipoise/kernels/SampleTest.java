package io.equipoise.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Draws from the whole vocabulary; {@link SampleTruncatedTest} has those from part of it. */
class SampleTest {
    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void drawsWhatTheReferenceDraws(Kernels kernels) {
        Case.all().forEach(c -> Draws.assertAsReference(c, Truncation.NONE, List.of(kernels)));
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Case#largest")
    void drawsWhatTheReferenceDrawsAtTheLargestShape(Case c) {
        Draws.assertAsReference(c, Truncation.NONE, Implementations.list());
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
        try (var logits = Draws.repeated(type, x, draws)) {
            var sequences = LongStream.range(0, draws).toArray();
            var result = Draws.of(kernels, logits, sequences, new int[draws], temperature, Truncation.NONE);
            double[] p = Draws.probabilities(logits.row(0), temperature);
            var expected = new double[(columns - 1) / binWidth + 1];
            var counts = new int[expected.length];
            for (int v = 0; v < columns; v++) expected[v / binWidth] += draws * p[v];
            for (int token : result.token()) {
                assertThat(p[token]).as("probability of token %d, drawn", token).isPositive();
                counts[token / binWidth]++;
            }
            double chiSquare = 0;
            for (int bin = 0; bin < counts.length; bin++) {
                if (expected[bin] > 0) chiSquare += Math.pow(counts[bin] - expected[bin], 2) / expected[bin];
            }
            // 31 possible bins, 30 degrees of freedom: 59.7 is exceeded with probability α = 0.001.
            assertThat(chiSquare)
                    .as("%s, V %d, seeds %d and %x", type, columns, seed, Draws.SEED)
                    .isLessThan(59.7);
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void aSequencesTokenDependsNeitherOnItsBatchNorOnTheLayout(Kernels kernels) {
        int rows = 24;
        var dense = new Case(DataType.F32, rows, 1271, 1271, 1, 77);
        long[] sequences = Draws.sequences(rows);
        int[] positions = Draws.positions(rows);
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
                assertThat(alone.token()[0]).isEqualTo(together.token()[row]);
                assertThat(alone.logProb()[0]).isEqualTo(Float.valueOf(together.logProb()[row]));
            }
            var turned = Draws.of(kernels, reversed, backwards, backwardsPositions, 1, Truncation.NONE);
            for (int row = 0; row < rows; row++) {
                assertThat(turned.token()[rows - 1 - row]).isEqualTo(together.token()[row]);
                assertThat(turned.logProb()[rows - 1 - row]).isEqualTo(Float.valueOf(together.logProb()[row]));
            }
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
                var result = Draws.of(kernels, logits, Draws.sequences(4), Draws.positions(4), 1, truncation);
                assertThat(result.token()).containsExactly(-1, -1, -1, 1);
                assertThat(result.logProb()).containsExactly(nan, nan, nan, 0);
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
            assertThatThrownBy(
                            () -> kernels.sample(token, logProb, logits, token, token, 1, Truncation.NONE, Draws.SEED))
                    .isInstanceOf(KernelException.class)
                    .hasMessageContaining("sequence is I32 of 2, wanted I64 of 2");
            assertThatThrownBy(() ->
                            kernels.sample(token, logProb, empty, sequence, token, 1, Truncation.NONE, Draws.SEED))
                    .isInstanceOf(KernelException.class)
                    .hasMessageContaining("vocabulary must be");
        }
    }
}
