package io.equipoise.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The draws of {@link Kernels#sample}, whose own test holds them to the distribution; here they must be the same. */
class HeadSampleTest {
    private static final long SEED = 0xFEDCBA9876543210L;

    /** What the operation wrote. */
    private record Draws(Vector token, Vector logProb) {
        static Draws of(Operands operands, int rows) {
            return new Draws(operands.keep(Vector.i32(rows)), operands.keep(Vector.f32(rows)));
        }
    }

    /** Past 2^32 too: all 64 bits count. */
    private static Vector sequences(Operands operands, int... rows) {
        return operands.keep(Vector.of(
                IntStream.of(rows).mapToLong(row -> row * 0x9E3779B97L + row).toArray()));
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#transformers")
    void isSampleOfTheProductInAnyBatch(Implementations.WithTransformer implementation) {
        var kernels = implementation.transformer();
        long seed = new Random().nextLong();
        for (int instance = 0; instance < 12; instance++) {
            try (var operands = new Operands(seed + instance)) {
                int rows = 1 + operands.random().nextInt(40);
                int width = 1 + operands.random().nextInt(80);
                int vocabulary = new int[] {1, 31, 33, 511, 512, 513, 1271}
                        [operands.random().nextInt(7)];
                double temperature = operands.random().nextBoolean() ? 1 : 1.3;
                var hidden = operands.gaussian(operands.type(), rows, width, 1);
                float[] nan = hidden.row(rows / 2);
                nan[width - 1] = instance % 3 == 0 ? Float.NaN : nan[width - 1];
                hidden.putRow(rows / 2, nan);
                var packed = operands.pack(
                        kernels, operands.type(), operands.gaussian(DataType.F32, width, vocabulary, 0.3), false);
                var logits = operands.zeros(DataType.F32, rows, vocabulary);
                kernels.product(logits, Matrix.NONE, hidden, packed, Vector.NONE, Matrix.NONE, Activation.IDENTITY);
                int[] order = IntStream.range(0, rows).toArray();
                var position = operands.keep(Vector.of(order));
                var wanted = Draws.of(operands, rows);
                implementation
                        .kernels()
                        .sample(
                                wanted.token,
                                wanted.logProb,
                                logits,
                                sequences(operands, order),
                                position,
                                temperature,
                                Truncation.NONE,
                                SEED);
                int[] some = operands.someRows(rows);
                for (int[] of : new int[][] {order, some}) {
                    var actual = Draws.of(operands, of.length);
                    kernels.headSample(
                            actual.token,
                            actual.logProb,
                            operands.rows(hidden, of),
                            packed,
                            sequences(operands, of),
                            operands.elements(position, of),
                            temperature,
                            SEED);
                    for (int i = 0; i < of.length; i++) {
                        var what = "seed " + seed + ", instance " + instance + ", row " + of[i] + " of " + rows;
                        assertThat(actual.token.toInts()[i])
                                .as(what)
                                .isEqualTo(wanted.token.toInts()[of[i]]);
                        assertThat(actual.logProb.toFloats()[i])
                                .as(what)
                                .isEqualTo(Float.valueOf(wanted.logProb.toFloats()[of[i]]));
                    }
                }
                int spoilt = wanted.token.toInts()[rows / 2];
                assertThat(spoilt < 0)
                        .as("instance %d, token %d", instance, spoilt)
                        .isEqualTo(instance % 3 == 0);
            }
        }
    }

    /** A text has the log-probability it was drawn with when it is scored. */
    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#transformers")
    void scoringGivesTheLogProbOfTheDraw(Implementations.WithTransformer implementation) {
        var kernels = implementation.transformer();
        for (var type : new DataType[] {DataType.F32, DataType.BF16}) {
            try (var operands = new Operands(3)) {
                var hidden = operands.gaussian(type, 37, 48, 1);
                var packed = operands.pack(kernels, type, operands.gaussian(DataType.F32, 48, 1271, 0.2), false);
                var draws = Draws.of(operands, 37);
                int[] order = IntStream.range(0, 37).toArray();
                kernels.headSample(
                        draws.token,
                        draws.logProb,
                        hidden,
                        packed,
                        sequences(operands, order),
                        operands.keep(Vector.of(order)),
                        1,
                        SEED);
                var scores = operands.keep(HeadScores.of(37, 0));
                kernels.headLogProb(scores, hidden, packed, draws.token, Matrix.NONE, 1);
                assertThat(scores.logProb().toFloats()).isEqualTo(draws.logProb.toFloats());
            }
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#transformers")
    void frequenciesFitTheSoftmax(Implementations.WithTransformer implementation) {
        int vocabulary = 31;
        int draws = 20_000;
        var kernels = implementation.transformer();
        try (var operands = new Operands(9)) {
            var hidden = operands.gapless(DataType.F32, draws, 2);
            for (int n = 0; n < draws; n++) hidden.putRow(n, 1, -0.5f);
            var weight = operands.gaussian(DataType.F32, vocabulary, 2, 1);
            var packed = operands.pack(kernels, DataType.F32, weight, true);
            var result = Draws.of(operands, draws);
            kernels.headSample(
                    result.token,
                    result.logProb,
                    hidden,
                    packed,
                    operands.keep(Vector.of(LongStream.range(0, draws).toArray())),
                    operands.keep(Vector.i32(draws)),
                    1.3,
                    SEED);
            var x = new double[vocabulary];
            for (int v = 0; v < vocabulary; v++) x[v] = (weight.row(v)[0] - 0.5 * weight.row(v)[1]) / 1.3;
            double normaliser = Formulas.logSumExp(x);
            var counts = new int[vocabulary];
            for (int n = 0; n < draws; n++) {
                int token = result.token.toInts()[n];
                counts[token]++;
                if (n % 100 == 0) {
                    assertThat((double) result.logProb.toFloats()[n]).isCloseTo(x[token] - normaliser, within(2e-6));
                }
            }
            double chiSquare = 0;
            for (int v = 0; v < vocabulary; v++) {
                double expected = draws * Math.exp(x[v] - normaliser);
                chiSquare += Math.pow(counts[v] - expected, 2) / expected;
            }
            // 31 tokens, 30 degrees of freedom: 59.7 is exceeded with probability α = 0.001.
            assertThat(chiSquare).as("seed %x", SEED).isLessThan(59.7);
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#transformers")
    void whatDoesNotFitIsRefused(Implementations.WithTransformer implementation) {
        var kernels = implementation.transformer();
        try (var operands = new Operands(10)) {
            var hidden = operands.gaussian(DataType.F32, 2, 3, 1);
            var packed = operands.pack(kernels, DataType.F32, operands.gaussian(DataType.F32, 3, 9, 1), false);
            var draws = Draws.of(operands, 2);
            var ints = operands.keep(Vector.i32(2));
            var longs = operands.keep(Vector.i64(2));
            var half = operands.zeros(DataType.F16, 2, 3);
            var wide = operands.zeros(DataType.F32, 2, 4);
            refused(kernels, draws, half, packed, longs, ints, 1, "hidden is f16");
            refused(kernels, draws, wide, packed, longs, ints, 1, "hidden is Matrix(F32, 2 by 4");
            refused(kernels, draws, hidden, packed, ints, ints, 1, "sequence is I32 of 2, wanted I64 of 2");
            refused(kernels, draws, hidden, packed, longs, ints, 0, "temperature must be > 0");
            kernels.headSample(
                    operands.keep(Vector.i32(0)),
                    operands.keep(Vector.f32(0)),
                    operands.zeros(DataType.F32, 0, 3),
                    packed,
                    operands.keep(Vector.i64(0)),
                    operands.keep(Vector.i32(0)),
                    1,
                    SEED);
        }
    }

    private static void refused(
            TransformerKernels kernels,
            Draws draws,
            Matrix hidden,
            PackedWeight packed,
            Vector sequence,
            Vector position,
            double temperature,
            String message) {
        assertThatThrownBy(() -> kernels.headSample(
                        draws.token, draws.logProb, hidden, packed, sequence, position, temperature, SEED))
                .isInstanceOf(KernelException.class)
                .hasMessageContaining(message);
    }
}
