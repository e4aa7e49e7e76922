package io.equipoise.kernels;

import static io.equipoise.kernels.Formulas.doubles;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class AttentionTest {
    /** Heads and their size. */
    private static final int[][] HEADS = {{1, 1}, {3, 2}, {2, 15}, {3, 16}, {2, 17}, {4, 33}, {1, 64}};

    /** Lengths of sequences. */
    private static final int[][] BATCHES = {{}, {1}, {1, 0, 5, 33, 2}, {16, 15, 17}, {70}};

    /** In units of the largest value: scores of a few units, each exact to some roundings in f32. */
    private static final double ERROR = 1e-5;

    /** Sequences one after another; every row is a query. */
    private record Batch(Matrix qkv, Vector query, Vector first, Vector start, int rows, int width, double scale) {
        static Batch of(Operands operands, DataType type, int[] lengths, int heads, int size) {
            var start = new int[lengths.length + 1];
            for (int s = 0; s < lengths.length; s++) start[s + 1] = start[s] + lengths[s];
            int rows = start[lengths.length];
            var query = new int[rows];
            var first = new int[rows];
            for (int s = 0; s < lengths.length; s++) {
                for (int n = start[s]; n < start[s + 1]; n++) {
                    query[n] = n;
                    first[n] = start[s];
                }
            }
            return new Batch(
                    operands.gaussian(type, rows, 3L * heads * size, 1),
                    operands.keep(Vector.of(query)),
                    operands.keep(Vector.of(first)),
                    operands.keep(Vector.of(start)),
                    rows,
                    heads * size,
                    1 / Math.sqrt(size));
        }
    }

    @Test
    void isAsExactAsItsSums() {
        for (var type : new DataType[] {DataType.F32, DataType.BF16}) {
            for (int[] lengths : BATCHES) {
                for (int[] heads : HEADS) check(type, lengths, heads[0], heads[1]);
            }
        }
    }

    private static void check(DataType type, int[] lengths, int heads, int size) {
        long seed = 31L * (31 * lengths.length + heads) + size;
        try (var operands = new Operands(seed)) {
            var batch = Batch.of(operands, type, lengths, heads, size);
            double[][] qkv = doubles(batch.qkv);
            double[][] wanted = Formulas.attention(qkv, batch.query.toInts(), batch.first.toInts(), heads, batch.scale);
            var up = operands.gaussian(DataType.F32, batch.rows, batch.width, 1);
            double[][] wantedGradient =
                    Formulas.attentionGradient(qkv, doubles(up), batch.start.toInts(), heads, batch.scale);
            double largest = 1;
            for (double[] row : wantedGradient) for (double value : row) largest = Math.max(largest, Math.abs(value));
            double ofGradient = ERROR * largest;
            for (var implementation : Implementations.transformers()) {
                var kernels = implementation.transformer();
                var what = implementation + ", " + type + ", " + lengths.length + " sequences, " + heads + " heads of "
                        + size + ", seed " + seed;
                var out = operands.zeros(type, batch.rows, batch.width);
                kernels.attention(out, batch.qkv, batch.query, batch.first, heads, batch.scale);
                Parity.assertWithin(
                        out,
                        wanted,
                        (n, i) -> 4 * ERROR + 2 * Parity.rounding(type) * Math.abs(wanted[n][i]),
                        () -> what);
                var gradient = operands.zeros(type, batch.rows, 3L * batch.width);
                kernels.attentionBackward(gradient, up, batch.qkv, batch.start, heads, batch.scale);
                Parity.assertWithin(
                        gradient,
                        wantedGradient,
                        (n, i) -> ofGradient + 2 * Parity.rounding(type) * Math.abs(wantedGradient[n][i]),
                        () -> "gradient of " + what);
            }
        }
    }

    @Test
    void theReferencesGradientIsTheDifferenceOfTheAttention() {
        double h = 1e-5;
        try (var operands = new Operands(2)) {
            var batch = Batch.of(operands, DataType.F32, new int[] {3, 1, 4}, 2, 3);
            double[][] up = doubles(operands.gaussian(DataType.F32, batch.rows, batch.width, 1));
            double[][] qkv = doubles(batch.qkv);
            double[][] gradient = Formulas.attentionGradient(qkv, up, batch.start.toInts(), 2, batch.scale);
            for (int n = 0; n < batch.rows; n++) {
                for (int i = 0; i < qkv[n].length; i++) {
                    double value = qkv[n][i];
                    qkv[n][i] = value + h;
                    double above = weighted(batch, qkv, up);
                    qkv[n][i] = value - h;
                    double below = weighted(batch, qkv, up);
                    qkv[n][i] = value;
                    assertThat(gradient[n][i])
                            .as("row %d, column %d", n, i)
                            .isCloseTo((above - below) / (2 * h), within(1e-7));
                }
            }
        }
    }

    private static double weighted(Batch batch, double[][] qkv, double[][] up) {
        double[][] y = Formulas.attention(qkv, batch.query.toInts(), batch.first.toInts(), 2, batch.scale);
        double sum = 0;
        for (int n = 0; n < y.length; n++) for (int i = 0; i < y[n].length; i++) sum += up[n][i] * y[n][i];
        return sum;
    }

    /** Decoding, whose queries come one by one with their sequence elsewhere in memory, and scoring agree. */
    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#transformers")
    void aQuerysBitsDependOnNothingButItsSequence(Implementations.WithTransformer implementation) {
        var kernels = implementation.transformer();
        long seed = new Random().nextLong();
        for (int instance = 0; instance < 6; instance++) {
            try (var operands = new Operands(seed + instance)) {
                int heads = 1 + operands.random().nextInt(3);
                int size = 1 + operands.random().nextInt(40);
                int length = 1 + operands.random().nextInt(40);
                var batch = Batch.of(operands, operands.type(), new int[] {9, length, 20}, heads, size);
                var all = operands.zeros(batch.qkv.type(), batch.rows, batch.width);
                kernels.attention(all, batch.qkv, batch.query, batch.first, heads, batch.scale);

                int[] some = operands.someRows(batch.rows);
                var out = operands.zeros(all.type(), some.length, batch.width);
                kernels.attention(
                        out,
                        batch.qkv,
                        operands.elements(batch.query, some),
                        operands.elements(batch.first, some),
                        heads,
                        batch.scale);
                for (int i = 0; i < some.length; i++) {
                    assertThat(out.row(i))
                            .as("seed %d, instance %d, query %d", seed, instance, some[i])
                            .isEqualTo(all.row(some[i]));
                }

                var alone = operands.zeros(all.type(), length, 3L * batch.width);
                for (int t = 0; t < length; t++) {
                    alone.putRow(t, batch.qkv.row(9 + t));
                    var token = operands.zeros(all.type(), 1, batch.width);
                    kernels.attention(
                            token, alone, operands.keep(Vector.of(t)), operands.keep(Vector.of(0)), heads, batch.scale);
                    assertThat(token.row(0))
                            .as("seed %d, instance %d, decoded %d", seed, instance, t)
                            .isEqualTo(all.row(9 + t));
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#transformers")
    void nanReachesOnlyWhatSeesIt(Implementations.WithTransformer implementation) {
        var kernels = implementation.transformer();
        for (int part = 0; part < 3; part++) {
            try (var operands = new Operands(part)) {
                var batch = Batch.of(operands, DataType.F32, new int[] {5, 20, 4}, 2, 9);
                float[] row = batch.qkv.row(12);
                row[part * 18 + 4] = Float.NaN; // of head 0
                batch.qkv.putRow(12, row);
                var out = operands.zeros(DataType.F32, batch.rows, batch.width);
                kernels.attention(out, batch.qkv, batch.query, batch.first, 2, batch.scale);
                for (int n = 0; n < batch.rows; n++) {
                    // The query itself, or a key or value of row 12 for it and those after it in its sequence.
                    boolean sees = part == 0 ? n == 12 : n >= 12 && n < 25;
                    for (int i = 0; i < 18; i++) {
                        boolean spoilt = sees && (part == 2 ? i == 4 : i < 9);
                        assertThat(Float.isNaN(out.row(n)[i]))
                                .as("part %d, query %d, column %d", part, n, i)
                                .isEqualTo(spoilt);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#transformers")
    void scoresThatOverflowExpDoNotOverflowTheSoftmax(Implementations.WithTransformer implementation) {
        try (var operands = new Operands(1)) {
            var qkv = operands.zeros(DataType.F32, 2, 3);
            qkv.putRow(0, 100, 100, 3);
            qkv.putRow(1, 100, -100, 5);
            var out = operands.zeros(DataType.F32, 2, 1);
            var query = operands.keep(Vector.of(0, 1));
            var first = operands.keep(Vector.of(0, 0));
            implementation.transformer().attention(out, qkv, query, first, 1, 1);
            assertThat(out.row(0)).containsExactly(3);
            assertThat(out.row(1)).containsExactly(3);
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#transformers")
    void whatDoesNotFitIsRefusedBeforeAnythingIsWritten(Implementations.WithTransformer implementation) {
        var kernels = implementation.transformer();
        try (var operands = new Operands(4)) {
            var qkv = operands.gaussian(DataType.F32, 3, 12, 1);
            var out = operands.zeros(DataType.F32, 2, 4);
            var up = operands.gaussian(DataType.F32, 3, 4, 1);
            var gradient = operands.zeros(DataType.F32, 3, 12);
            var zeros = operands.keep(Vector.of(0, 0));
            var half = operands.zeros(DataType.F16, 3, 12);
            refused(() -> kernels.attention(out, half, zeros, zeros, 1, 1), "qkv is f16");
            refused(() -> kernels.attention(out, qkv, zeros, zeros, 3, 1), "width 4 is not a multiple of 3 heads");
            refused(() -> kernels.attention(out, qkv, zeros, zeros, 0, 1), "of 0 heads");
            refused(() -> kernels.attention(out, up, zeros, zeros, 1, 1), "qkv is Matrix(F32, 3 by 4");
            for (int[] pair : new int[][] {{1, 3, 0, 0}, {-1, 0, 0, 0}, {0, 0, 0, -1}, {0, 1, 0, 2}}) {
                var query = operands.keep(Vector.of(pair[0], pair[1]));
                var first = operands.keep(Vector.of(pair[2], pair[3]));
                assertThatThrownBy(() -> kernels.attention(out, qkv, query, first, 1, 1))
                        .isInstanceOf(KernelException.class);
            }
            for (int[] start : new int[][] {{0, 2}, {1, 3}, {0, 2, 1, 3}, {0, 4}, {-1, 3}, {}}) {
                var vector = operands.keep(Vector.of(start));
                assertThatThrownBy(() -> kernels.attentionBackward(gradient, up, qkv, vector, 1, 1))
                        .isInstanceOf(KernelException.class);
            }
            for (int n = 0; n < 2; n++) assertThat(out.row(n)).containsOnly(0f);
            for (int n = 0; n < 3; n++) assertThat(gradient.row(n)).containsOnly(0f);
        }
    }

    private static void refused(Runnable call, String message) {
        assertThatThrownBy(call::run).isInstanceOf(KernelException.class).hasMessageContaining(message);
    }
}
