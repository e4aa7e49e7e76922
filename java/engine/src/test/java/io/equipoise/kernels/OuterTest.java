package io.equipoise.kernels;

import static io.equipoise.kernels.Formulas.doubles;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class OuterTest {
    private static final TransformerKernels REFERENCE = new ReferenceTransformerKernels();
    private static final int[] ROWS = {0, 1, 7, 13, 14, 15, 64};
    private static final int[] DEPTHS = {1, 2, 31, 64, 257};
    private static final int[] COLUMNS = {1, 31, 32, 33, 257};

    @Test
    void staysWithinTheErrorOfItsSums() {
        for (var type : new DataType[] {DataType.F32, DataType.BF16}) {
            for (int rows : ROWS) {
                for (int depth : DEPTHS) for (int columns : COLUMNS) check(type, rows, depth, columns);
            }
            check(type, 65, 31, 1271);
        }
    }

    private static void check(DataType type, int rows, int depth, int columns) {
        long seed = 31 * (31 * (31L * rows + depth) + columns) + type.bytes();
        try (var operands = new Operands(seed)) {
            var x = operands.gaussian(operands.type(), rows, depth, 1);
            var g = operands.gaussian(operands.type(), rows, columns, 1);
            boolean leaveOut = operands.random().nextInt(4) == 0;
            var weight = leaveOut ? Matrix.NONE : operands.gaussian(DataType.F32, depth, columns, 1);
            var bias = operands.random().nextInt(4) == 0 ? Vector.NONE : operands.gaussian(columns);

            var wantedWeight = operands.copy(weight);
            var wantedBias = operands.copy(bias);
            REFERENCE.outer(wantedWeight, wantedBias, x, g, type);
            var sums = operands.gapless(DataType.F32, depth, columns);
            var biasSums = operands.keep(Vector.f32(columns));
            REFERENCE.outer(sums, biasSums, operands.absolute(x), operands.absolute(g), type);
            double[][] terms = doubles(sums);
            float[] biasTerms = biasSums.toFloats();
            double[][] before = doubles(weight);
            float[] biasBefore = bias.isNone() ? new float[columns] : bias.toFloats();

            for (var implementation : Implementations.transformers()) {
                var actual = operands.copy(weight);
                var actualBias = operands.copy(bias);
                implementation.transformer().outer(actual, actualBias, x, g, type);
                var what = String.format(
                        "%s, %s, N %d, K %d, M %d, seed %d", implementation, type, rows, depth, columns, seed);
                double error = Parity.ofProducts(rows);
                Parity.assertWithin(
                        actual,
                        doubles(wantedWeight),
                        (k, m) -> error * terms[k][m] + 0x1p-22 * (Math.abs(before[k][m]) + terms[k][m]),
                        () -> what);
                if (bias.isNone()) continue;
                Parity.assertWithin(
                        actualBias,
                        doubles(wantedBias.toFloats()),
                        (row, m) -> error * biasTerms[m] + 0x1p-22 * (Math.abs(biasBefore[m]) + biasTerms[m]),
                        () -> "bias of " + what);
            }
        }
    }

    /** Of Σ g · (x · W + b), the reference's gradient; linear, so any step will do. */
    @Test
    void theReferenceIsTheDifferenceOfTheProduct() {
        try (var operands = new Operands(11)) {
            var x = operands.gaussian(DataType.F32, 4, 3, 1);
            var g = operands.gaussian(DataType.F32, 4, 5, 1);
            var gradWeight = operands.zeros(DataType.F32, 3, 5);
            REFERENCE.outer(gradWeight, Vector.NONE, x, g, DataType.F32);
            double[][] w = new double[3][5];
            for (int k = 0; k < 3; k++) {
                for (int m = 0; m < 5; m++) {
                    w[k][m] = 1;
                    double above = weighted(doubles(x), w, doubles(g));
                    w[k][m] = -1;
                    double below = weighted(doubles(x), w, doubles(g));
                    w[k][m] = 0;
                    assertThat((double) gradWeight.row(k)[m]).isCloseTo((above - below) / 2, within(1e-6));
                }
            }
        }
    }

    private static double weighted(double[][] x, double[][] w, double[][] g) {
        double[][] y = Formulas.product(x, w, g[0].length);
        double sum = 0;
        for (int n = 0; n < y.length; n++) for (int m = 0; m < y[n].length; m++) sum += g[n][m] * y[n][m];
        return sum;
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#transformers")
    void wrongShapesAndTypesAreRefusedBeforeAnythingIsWritten(Implementations.WithTransformer implementation) {
        var kernels = implementation.transformer();
        try (var operands = new Operands(12)) {
            var x = operands.gaussian(DataType.F32, 3, 8, 1);
            var g = operands.gaussian(DataType.F32, 3, 6, 1);
            var weight = operands.zeros(DataType.F32, 8, 6);
            var bias = operands.keep(Vector.f32(6));
            var half = operands.zeros(DataType.F16, 3, 8);
            refused(() -> kernels.outer(weight, bias, half, g, DataType.F32), "x is f16");
            refused(() -> kernels.outer(weight, bias, g, g, DataType.F32), "gradWeight is Matrix(F32, 8 by 6");
            refused(() -> kernels.outer(weight, bias, x, operands.zeros(DataType.F32, 4, 6), DataType.F32), "gradOut");
            refused(() -> kernels.outer(weight, operands.gaussian(7), x, g, DataType.F32), "gradBias is F32 of 7");
            refused(() -> kernels.outer(weight, bias, x, g, DataType.F16), "type is F16, wanted f32 or bf16");
            for (int k = 0; k < 8; k++) assertThat(weight.row(k)).containsOnly(0f);
            assertThat(bias.toFloats()).containsOnly(0f);
        }
    }

    private static void refused(Runnable call, String message) {
        assertThatThrownBy(call::run).isInstanceOf(KernelException.class).hasMessageContaining(message);
    }
}
