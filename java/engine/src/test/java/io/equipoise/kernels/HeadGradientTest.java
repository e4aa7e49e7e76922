package io.equipoise.kernels;

import static io.equipoise.kernels.Formulas.doubles;
import static io.equipoise.kernels.Formulas.rounded;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class HeadGradientTest {
    private static final TransformerKernels REFERENCE = new ReferenceTransformerKernels();
    private static final int[] ROWS = {0, 1, 7, 14, 15, 64};
    private static final int[] WIDTHS = {1, 2, 31, 64, 257};
    private static final int[] VOCABULARIES = {1, 31, 33, 511, 512, 513, 1271};

    /** Hidden states and the head's gradients from forward and backward. */
    private record Gradients(Matrix hidden, Matrix head) {
        static Gradients of(
                TransformerKernels kernels,
                Operands operands,
                DataType type,
                Matrix hidden,
                Matrix weight,
                Vector token,
                Vector coefficient,
                Matrix gradHead) {
            var head = operands.pack(kernels, type, weight, true);
            var transposed = operands.pack(kernels, type, weight, false);
            var scores = operands.keep(HeadScores.forGradient(hidden.rows(), head));
            kernels.headLogProb(scores, hidden, head, token, Matrix.NONE, 1);
            var gradHidden = operands.gaussian(DataType.F32, hidden.rows(), hidden.columns(), 1);
            Matrix sums = gradHead;
            if (!gradHead.isNone()) {
                sums = operands.gapless(DataType.F32, gradHead.rows(), gradHead.columns());
                for (long v = 0; v < sums.rows(); v++) sums.putRow(v, gradHead.row(v));
            }
            kernels.headGradient(gradHidden, sums, scores, coefficient, token, hidden, transposed);
            return new Gradients(gradHidden, sums);
        }
    }

    private static Vector coefficients(Operands operands, int rows) {
        var coefficient = operands.gaussian(rows);
        float[] values = coefficient.toFloats();
        for (int n = 2; n < rows; n += 6) values[n] = 0;
        coefficient.put(values);
        return coefficient;
    }

    @Test
    void staysWithinTheErrorOfItsSums() {
        for (var type : new DataType[] {DataType.F32, DataType.BF16}) {
            for (int rows : ROWS) {
                for (int width : WIDTHS) for (int vocabulary : VOCABULARIES) check(type, rows, width, vocabulary);
            }
            // More than one of the blocks in which the vocabulary is summed, the last one odd.
            check(type, 15, 31, 12_801);
        }
    }

    private static void check(DataType type, int rows, int width, int vocabulary) {
        long seed = 31 * (31 * (31L * rows + width) + vocabulary) + type.bytes();
        try (var operands = new Operands(seed)) {
            var hidden = operands.gaussian(operands.type(), rows, width, 1);
            var weight = operands.gaussian(DataType.F32, vocabulary, width, 2 / Math.sqrt(width));
            var token = operands.tokens(rows, vocabulary);
            var coefficient = coefficients(operands, rows);
            var gradHead = operands.random().nextInt(4) == 0
                    ? Matrix.NONE
                    : operands.gaplessGaussian(DataType.F32, vocabulary, width, 1);
            var wanted = Gradients.of(REFERENCE, operands, type, hidden, weight, token, coefficient, gradHead);
            double[][] ofHidden = doubles(operands.gapless(DataType.F32, rows, width));
            double[][] ofHead = new double[vocabulary][width];
            addTerms(ofHidden, ofHead, type, hidden, weight, token, coefficient);
            double[][] before = doubles(gradHead);
            // Of each derivative: exponential, block's scale and the product of both are rounded to the type; exp's
            // arguments, logits of a few units, are sums too.
            double each = 3 * Parity.rounding(type) + 2e-6 + 8 * Parity.ofProducts(width);
            for (var implementation : Implementations.transformers()) {
                var actual = Gradients.of(
                        implementation.transformer(), operands, type, hidden, weight, token, coefficient, gradHead);
                var what = String.format(
                        "%s, %s, N %d, D %d, V %d, seed %d", implementation, type, rows, width, vocabulary, seed);
                Parity.assertWithin(
                        actual.hidden,
                        doubles(wanted.hidden),
                        (n, d) -> (each + Parity.ofProducts(vocabulary)) * ofHidden[n][d],
                        () -> what);
                if (gradHead.isNone()) continue;
                Parity.assertWithin(
                        actual.head,
                        doubles(wanted.head),
                        (v, d) -> (each + Parity.ofProducts(rows)) * ofHead[v][d] + 0x1p-22 * Math.abs(before[v][d]),
                        () -> "head of " + what);
            }
        }
    }

    /** Sums of the absolute values that make up each gradient; a token's derivative counts both its terms. */
    private static void addTerms(
            double[][] ofHidden,
            double[][] ofHead,
            DataType type,
            Matrix hidden,
            Matrix weight,
            Vector token,
            Vector coefficient) {
        double[][] h = rounded(doubles(hidden), type);
        double[][] w = rounded(doubles(weight), type);
        int[] tokens = token.toInts();
        for (int n = 0; n < h.length; n++) {
            if (tokens[n] < 0) continue;
            double[] x = Formulas.logits(h[n], w);
            double normaliser = Formulas.logSumExp(x);
            for (int v = 0; v < x.length; v++) {
                double onehot = v == tokens[n] ? 1 : 0;
                double derivative = Math.abs(coefficient.toFloats()[n]) * (onehot + Math.exp(x[v] - normaliser));
                for (int d = 0; d < h[n].length; d++) {
                    ofHidden[n][d] += derivative * Math.abs(w[v][d]);
                    ofHead[v][d] += derivative * Math.abs(h[n][d]);
                }
            }
        }
    }

    @Test
    void theReferenceIsTheDifferenceOfTheLogProb() {
        double step = 1e-5;
        int vocabulary = 6;
        try (var operands = new Operands(3)) {
            var hidden = operands.gaussian(DataType.F32, 5, 3, 1);
            var weight = operands.gaussian(DataType.F32, vocabulary, 3, 1);
            var token = operands.tokens(5, vocabulary);
            var coefficient = coefficients(operands, 5);
            var zero = operands.gapless(DataType.F32, vocabulary, 3);
            var gradients = Gradients.of(REFERENCE, operands, DataType.F32, hidden, weight, token, coefficient, zero);
            double[][] h = doubles(hidden);
            double[][] w = doubles(weight);
            double[][][] arguments = {h, w};
            double[][][] actual = {doubles(gradients.hidden), doubles(gradients.head)};
            for (int part = 0; part < 2; part++) {
                for (int n = 0; n < arguments[part].length; n++) {
                    for (int d = 0; d < 3; d++) {
                        double value = arguments[part][n][d];
                        arguments[part][n][d] = value + step;
                        double above = weighted(h, w, token.toInts(), coefficient.toFloats());
                        arguments[part][n][d] = value - step;
                        double below = weighted(h, w, token.toInts(), coefficient.toFloats());
                        arguments[part][n][d] = value;
                        assertThat(actual[part][n][d])
                                .as("part %d, row %d, column %d", part, n, d)
                                .isCloseTo((above - below) / (2 * step), within(1e-6));
                    }
                }
            }
        }
    }

    private static double weighted(double[][] hidden, double[][] head, int[] token, float[] coefficient) {
        double sum = 0;
        for (int n = 0; n < hidden.length; n++) {
            if (token[n] < 0) continue;
            double[] x = Formulas.logits(hidden[n], head);
            sum += coefficient[n] * (x[token[n]] - Formulas.logSumExp(x));
        }
        return sum;
    }

    /** 1 − p of a token that is all but certain keeps its digits. */
    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#transformers")
    void aLikelyTokenDoesNotCancel(Implementations.WithTransformer implementation) {
        try (var operands = new Operands(5)) {
            var hidden = operands.gapless(DataType.F32, 1, 1);
            hidden.putRow(0, 1);
            var weight = operands.gapless(DataType.F32, 2, 1);
            weight.putRow(0, 20);
            var head = operands.gapless(DataType.F32, 2, 1);
            Gradients gradients = Gradients.of(
                    implementation.transformer(),
                    operands,
                    DataType.F32,
                    hidden,
                    weight,
                    operands.keep(Vector.of(0)),
                    operands.keep(Vector.of(1f)),
                    head);
            double left = 1 / (1 + Math.exp(20));
            assertThat((double) gradients.head.row(0)[0]).isCloseTo(left, within(1e-5 * left));
            assertThat((double) gradients.head.row(1)[0]).isCloseTo(-left, within(1e-5 * left));
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#transformers")
    void theExponentialsGiveWayToTheLogitsGradient(Implementations.WithTransformer implementation) {
        var kernels = implementation.transformer();
        int rows = 7;
        int vocabulary = 513;
        for (var type : new DataType[] {DataType.F32, DataType.BF16}) {
            try (var operands = new Operands(11)) {
                var hidden = operands.gaussian(DataType.F32, rows, 5, 1);
                var weight = operands.gaussian(DataType.F32, vocabulary, 5, 1);
                var token = operands.keep(Vector.of(0, 511, 512, -1, 3, 4, 5));
                var coefficient = coefficients(operands, rows);
                var head = operands.pack(kernels, type, weight, true);
                var scores = operands.keep(HeadScores.forGradient(rows, head));
                kernels.headLogProb(scores, hidden, head, token, Matrix.NONE, 1);
                kernels.headGradient(
                        operands.zeros(DataType.F32, rows, 5),
                        Matrix.NONE,
                        scores,
                        coefficient,
                        token,
                        hidden,
                        operands.pack(kernels, type, weight, false));
                double[][] wanted = Formulas.headGradient(
                        rounded(doubles(hidden), type),
                        rounded(doubles(weight), type),
                        token.toInts(),
                        doubles(coefficient.toFloats()));
                Parity.assertWithin(
                        scores.exponentials(),
                        wanted,
                        (n, v) -> (3 * Parity.rounding(type) + 1e-5) * Math.abs(wanted[n][v]),
                        () -> implementation + ", " + type);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#transformers")
    void paddingAndZeroCoefficientsAddNothing(Implementations.WithTransformer implementation) {
        for (var type : new DataType[] {DataType.F32, DataType.BF16}) {
            for (int rows : new int[] {3, 4}) {
                try (var operands = new Operands(6)) {
                    var hidden = operands.gaussian(type, rows, 5, 1);
                    float nan = Float.NaN;
                    hidden.putRow(0, nan, nan, nan, nan, nan);
                    hidden.putRow(2, 1, nan, 1, 1, 1);
                    var weight = operands.gaussian(DataType.F32, 33, 5, 1);
                    var zero = operands.gapless(DataType.F32, 33, 5);
                    var token = operands.keep(Vector.of(Arrays.copyOf(new int[] {-1, 4, 32, 9}, rows)));
                    var coefficient = operands.keep(Vector.of(Arrays.copyOf(new float[] {nan, 2, 0, 1}, rows)));
                    var all = Gradients.of(
                            implementation.transformer(), operands, type, hidden, weight, token, coefficient, zero);
                    assertThat(all.hidden.row(0)).containsOnly(0f);
                    assertThat(all.hidden.row(2)).containsOnly(0f);
                    for (int v = 0; v < 33; v++) {
                        for (float value : all.head.row(v))
                            assertThat(value).isFinite().isNotZero();
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#transformers")
    void whatDoesNotFitIsRefusedBeforeAnythingIsWritten(Implementations.WithTransformer implementation) {
        var kernels = implementation.transformer();
        try (var operands = new Operands(10)) {
            var hidden = operands.gaussian(DataType.F32, 2, 3, 1);
            var weight = operands.gaussian(DataType.F32, 33, 3, 1);
            var head = operands.pack(kernels, DataType.BF16, weight, true);
            var transposed = operands.pack(kernels, DataType.BF16, weight, false);
            var scores = operands.keep(HeadScores.forGradient(2, head));
            var other = operands.keep(HeadScores.of(2, 0));
            var token = operands.keep(Vector.of(0, 32));
            var bad = operands.keep(Vector.of(0, 33));
            var one = operands.keep(Vector.of(1f, 1f));
            var out = operands.zeros(DataType.F32, 2, 3);
            var gradHead = operands.gapless(DataType.F32, 33, 3);
            var wide = operands.gapless(DataType.F32, 33, 4);
            var gapped = Matrix.borrow(DataType.F32, wide.address(), 33, 3, 4);
            refused(
                    () -> kernels.headGradient(out, gradHead, scores, one, bad, hidden, transposed),
                    "headGradient: token 33 at position 1 is outside the vocabulary of 33");
            refused(() -> kernels.headGradient(out, gapped, scores, one, token, hidden, transposed), "without gaps");
            refused(() -> kernels.headGradient(out, gradHead, other, one, token, hidden, transposed), "exponentials");
            refused(
                    () -> kernels.headGradient(out, gradHead, scores, one, token, hidden, head),
                    "headGradient: hidden");
            refused(() -> kernels.headGradient(hidden, wide, scores, one, token, hidden, transposed), "gradHead");
            for (int n = 0; n < 2; n++) assertThat(out.row(n)).containsOnly(0f);
            for (int v = 0; v < 33; v++) assertThat(gradHead.row(v)).containsOnly(0f);
        }
    }

    private static void refused(Runnable call, String message) {
        assertThatThrownBy(call::run).isInstanceOf(KernelException.class).hasMessageContaining(message);
    }
}
