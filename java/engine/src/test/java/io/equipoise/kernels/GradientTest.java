package io.equipoise.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.equipoise.memory.DataType;
import io.equipoise.memory.Float16;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class GradientTest {
    private static final Kernels REFERENCE = new ReferenceKernels();

    /** The log-sum-exp that the reference gives each row; 0 at padding. */
    private static float[] logSumExp(Matrix logits, int[] tokens) {
        try (var logProb = Vector.f32(tokens.length);
                var logSumExp = Vector.f32(tokens.length);
                var entropy = Vector.f32(tokens.length);
                var token = Vector.of(tokens)) {
            REFERENCE.tokenLogProb(logProb, logSumExp, entropy, logits, token, 1);
            return logSumExp.toFloats();
        }
    }

    private static void run(Kernels kernels, Matrix logits, float[] logSumExp, int[] tokens, float[] coefficients) {
        try (var normaliser = Vector.of(logSumExp);
                var token = Vector.of(tokens);
                var coefficient = Vector.of(coefficients)) {
            kernels.gradient(logits, normaliser, token, coefficient);
        }
    }

    private static float[] coefficients(Case c) {
        var random = new Random(c.seed() + 3);
        var coefficients = new float[c.rows()];
        for (int row = 0; row < c.rows(); row++) {
            coefficients[row] = row % 6 == 2 ? 0 : (float) (2 * random.nextGaussian());
        }
        return coefficients;
    }

    private static float rounded(float value, DataType type) {
        return switch (type) {
            case BF16 -> Float16.fromBf16(Float16.toBf16(value));
            case F16 -> Float16.fromF16(Float16.toF16(value));
            default -> value;
        };
    }

    /** One unit in the last place of the type that stores the gradient, and a millionth of the coefficient. */
    private static Parity.Tolerance tolerance(DataType type, float coefficient) {
        double unit =
                switch (type) {
                    case BF16 -> 0x1p-7;
                    case F16 -> 0x1p-10;
                    default -> 0x1p-22;
                };
        double smallest = type == DataType.F16 ? 0x1p-24 : 0;
        return reference -> unit * Math.abs(reference) + smallest + 1e-6 * Math.abs(coefficient);
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void isAsExactAsThePlainFormula(Kernels kernels) {
        Case.all().forEach(c -> assertAsExactAsThePlainFormula(c, List.of(kernels)));
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Case#largest")
    void isAsExactAsThePlainFormulaAtTheLargestShape(Case c) {
        assertAsExactAsThePlainFormula(c, Implementations.list());
    }

    private static void assertAsExactAsThePlainFormula(Case c, List<Kernels> implementations) {
        try (var logits = c.logits();
                var reference = c.logits();
                var actual = c.logits()) {
            int[] tokens = c.tokens();
            float[] coefficients = coefficients(c);
            float[] normaliser = logSumExp(logits, tokens);
            run(REFERENCE, reference, normaliser, tokens, coefficients);
            for (var kernels : implementations) {
                for (int row = 0; row < c.rows(); row++) actual.putRow(row, logits.row(row));
                run(kernels, actual, normaliser, tokens, coefficients);
                for (int row = 0; row < c.rows(); row++) {
                    float[] x = logits.row(row);
                    int n = row;
                    Parity.assertAsExactAs(
                            plain(x, normaliser[n], tokens[n], coefficients[n], c.type()),
                            actual.row(row),
                            reference.row(row),
                            tolerance(c.type(), coefficients[row]),
                            v -> "logit " + x[v] + " of row " + n + ", token " + tokens[n] + ", logSumExp "
                                    + normaliser[n] + ", coefficient " + coefficients[n] + ", " + c + ", "
                                    + kernels.description());
                }
            }
        }
    }

    /** The textbook formula in f32, rounded to the type that holds it. */
    private static float[] plain(float[] x, float normaliser, int token, float coefficient, DataType type) {
        var gradient = new float[x.length];
        for (int v = 0; v < x.length; v++) {
            float onehot = v == token ? 1 : 0;
            gradient[v] = rounded(coefficient * (onehot - (float) Math.exp(x[v] - normaliser)), type);
        }
        return gradient;
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void aNanCoefficientStaysInItsRow(Kernels kernels) {
        try (var logits = Matrix.allocate(DataType.F32, 3, 33)) {
            run(kernels, logits, new float[] {3, 3, 3}, new int[] {0, 32, 5}, new float[] {1, Float.NaN, -1});
            assertThat(logits.row(1)).containsOnly(Float.NaN);
            for (int row : new int[] {0, 2}) {
                for (float value : logits.row(row)) assertThat(value).isFinite();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void leavesTheGapsBetweenRowsAlone(Kernels kernels) {
        try (var wide = Matrix.allocate(DataType.F16, 3, 40)) {
            var sevens = new float[40];
            Arrays.fill(sevens, 7);
            for (int row = 0; row < 3; row++) wide.putRow(row, sevens);
            var narrow = Matrix.borrow(DataType.F16, wide.address(), 3, 33, 40);
            run(kernels, narrow, new float[] {10, 10, 10}, new int[] {0, -1, 32}, new float[] {1, 1, 0});
            for (int row = 0; row < 3; row++) {
                assertThat(Arrays.copyOfRange(wide.row(row), 33, 40)).containsOnly(7f);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void rowsSumToZero(Kernels kernels) {
        for (int columns : new int[] {2, 33, 1271, 50257}) {
            var random = new Random(columns);
            var row = new float[columns];
            for (int v = 0; v < columns; v++) row[v] = (float) (3 * random.nextGaussian());
            try (var logits = Matrix.allocate(DataType.F32, 1, columns)) {
                logits.putRow(0, row);
                var tokens = new int[] {columns / 2};
                run(kernels, logits, logSumExp(logits, tokens), tokens, new float[] {-2.5f});
                double sum = 0;
                for (float value : logits.row(0)) sum += value;
                assertThat(sum).as("columns %d", columns).isCloseTo(0, within(5e-6));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void isTheCentralDifferenceOfTheLogProb(Kernels kernels) {
        long seed = 23;
        var random = new Random(seed);
        var x = new float[33];
        for (int v = 0; v < x.length; v++) x[v] = (float) random.nextGaussian();
        int token = 20;
        float coefficient = 1.75f;
        try (var logits = Matrix.allocate(DataType.F32, 1, x.length)) {
            logits.putRow(0, x);
            var tokens = new int[] {token};
            run(kernels, logits, logSumExp(logits, tokens), tokens, new float[] {coefficient});
            float[] gradient = logits.row(0);
            double h = 1e-4;
            for (int v = 0; v < x.length; v++) {
                double difference = coefficient * (logProb(x, token, v, h) - logProb(x, token, v, -h)) / (2 * h);
                assertThat((double) gradient[v])
                        .as("logit %d, seed %d", v, seed)
                        .isCloseTo(difference, within(1e-6));
            }
        }
    }

    /** log π(token) in f64 with logit v moved by h. */
    private static double logProb(float[] x, int token, int moved, double h) {
        double sum = 0;
        for (int v = 0; v < x.length; v++) sum += Math.exp(x[v] + (v == moved ? h : 0));
        return x[token] + (token == moved ? h : 0) - Math.log(sum);
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void paddingAndZeroCoefficientsErase(Kernels kernels) {
        var nan = new float[40];
        Arrays.fill(nan, Float.NaN);
        for (var type : new DataType[] {DataType.F32, DataType.BF16, DataType.F16}) {
            try (var logits = Matrix.allocate(type, 2, 40)) {
                logits.putRow(0, nan);
                logits.putRow(1, nan);
                run(kernels, logits, new float[] {1, Float.NaN}, new int[] {-1, 3}, new float[] {9, 0});
                assertThat(logits.row(0)).containsOnly(0f);
                assertThat(logits.row(1)).containsOnly(0f);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void aTokenOutsideTheVocabularyIsRefusedBeforeAnythingIsWritten(Kernels kernels) {
        try (var logits = Matrix.allocate(DataType.F32, 2, 3)) {
            logits.putRow(0, 1, 2, 3);
            assertThatThrownBy(() -> run(kernels, logits, new float[2], new int[] {0, 3}, new float[] {1, 0}))
                    .isInstanceOf(KernelException.class)
                    .hasMessageContaining("token 3 at position 1 is outside the vocabulary of 3");
            assertThat(logits.row(0)).containsExactly(1, 2, 3);
        }
    }
}
