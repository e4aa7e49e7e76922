package io.equipoise.kernels;

import static io.equipoise.kernels.Formulas.doubles;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.equipoise.memory.DataType;
import io.equipoise.memory.Vector;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class LayerNormTest {
    private static final TransformerKernels REFERENCE = new ReferenceTransformerKernels();
    private static final double EPSILON = 1e-5;
    private static final int[] ROWS = {0, 1, 7, 13, 64};
    private static final int[] WIDTHS = {1, 2, 31, 32, 33, 257, 1271};

    /** In units of the deviations: what rounding the mean, and a sum over a row, may move them by. */
    private static final double ERROR = 4e-6;

    /** How far a row's values are from 0, in deviations: what the mean's rounding is in proportion to. */
    private static double[] distances(double[][] x) {
        var distances = new double[x.length];
        for (int n = 0; n < x.length; n++) {
            double largest = 1;
            for (double value : x[n]) largest = Math.max(largest, Math.abs(value));
            distances[n] = 1 + largest * Formulas.inverseDeviation(x[n], EPSILON);
        }
        return distances;
    }

    @Test
    void isAsExactAsItsSums() {
        for (int rows : ROWS) {
            for (int width : WIDTHS) {
                long seed = 31L * rows + width;
                try (var operands = new Operands(seed)) {
                    var x = operands.gaussian(DataType.F32, rows, width, 2);
                    var gain = operands.gaussian(width);
                    var bias = operands.gaussian(width);
                    var reference = operands.gapless(DataType.F32, rows, width);
                    REFERENCE.layerNorm(reference, x, gain, bias, EPSILON);
                    double[][] wanted = doubles(reference);
                    double[] distance = distances(doubles(x));
                    float[] gains = gain.toFloats();
                    float[] biases = bias.toFloats();
                    for (var implementation : Implementations.transformers()) {
                        var out = operands.zeros(operands.type(), rows, width);
                        implementation.transformer().layerNorm(out, x, gain, bias, EPSILON);
                        Parity.assertWithin(
                                out,
                                wanted,
                                (n, j) -> ERROR * distance[n] * Math.abs(gains[j])
                                        + 0x1p-23 * (Math.abs(biases[j]) + Math.abs(wanted[n][j]))
                                        + Parity.rounding(out.type()) * Math.abs(wanted[n][j]),
                                () -> implementation + ", N " + rows + ", D " + width + ", seed " + seed);
                    }
                }
            }
        }
    }

    @Test
    void theGradientIsAsExactAsItsSums() {
        for (int rows : ROWS) for (int width : WIDTHS) checkGradient(rows, width);
    }

    private static void checkGradient(int rows, int width) {
        long seed = 37L * rows + width;
        try (var operands = new Operands(seed)) {
            var x = operands.gaussian(DataType.F32, rows, width, 2);
            var gain = operands.gaussian(width);
            var up = operands.gaussian(DataType.F32, rows, width, 1);
            var gradX = operands.gaussian(DataType.F32, rows, width, 1);
            var gradGain = operands.random().nextInt(3) == 0 ? Vector.NONE : operands.gaussian(width);
            var gradBias = operands.random().nextInt(3) == 0 ? Vector.NONE : operands.gaussian(width);
            var wantedX = operands.copy(gradX);
            var wantedGain = operands.copy(gradGain);
            var wantedBias = operands.copy(gradBias);
            REFERENCE.layerNormBackward(wantedX, wantedGain, wantedBias, up, x, gain, EPSILON);
            double[][] inputs = doubles(x);
            double[][] ups = doubles(up);
            double[][] before = doubles(gradX);
            double[] gains = doubles(gain.toFloats());
            var toGain = new double[width];
            var toBias = new double[width];
            double[] distance = distances(inputs);
            var ofX = new double[rows];
            for (int n = 0; n < rows; n++) {
                double largest = 0;
                for (int j = 0; j < width; j++) {
                    toGain[j] += Math.abs(ups[n][j]) * distance[n];
                    toBias[j] += Math.abs(ups[n][j]);
                    largest = Math.max(largest, Math.abs(gains[j] * ups[n][j]));
                }
                ofX[n] = largest * distance[n] * Formulas.inverseDeviation(inputs[n], EPSILON);
            }
            for (var implementation : Implementations.transformers()) {
                var actualX = operands.copy(gradX);
                var actualGain = operands.copy(gradGain);
                var actualBias = operands.copy(gradBias);
                implementation.transformer().layerNormBackward(actualX, actualGain, actualBias, up, x, gain, EPSILON);
                var what = implementation + ", N " + rows + ", D " + width + ", seed " + seed;
                Parity.assertWithin(
                        actualX,
                        doubles(wantedX),
                        (n, j) -> ERROR * ofX[n] + 0x1p-22 * Math.abs(before[n][j]),
                        () -> what);
                if (!gradGain.isNone()) {
                    Parity.assertWithin(
                            actualGain,
                            doubles(wantedGain.toFloats()),
                            (n, j) -> ERROR * (1 + toGain[j]),
                            () -> "gradGain of " + what);
                }
                if (!gradBias.isNone()) {
                    Parity.assertWithin(
                            actualBias,
                            doubles(wantedBias.toFloats()),
                            (n, j) -> ERROR * (1 + toBias[j]),
                            () -> "gradBias of " + what);
                }
            }
        }
    }

    @Test
    void theReferencesGradientIsTheDifferenceOfTheNorm() {
        int width = 7;
        double h = 1e-5;
        try (var operands = new Operands(3)) {
            var x = operands.gaussian(DataType.F32, 1, width, 2);
            var up = operands.gaussian(DataType.F32, 1, width, 1);
            var gain = operands.gaussian(width);
            var gradX = operands.zeros(DataType.F32, 1, width);
            var gradGain = operands.keep(Vector.f32(width));
            var gradBias = operands.keep(Vector.f32(width));
            REFERENCE.layerNormBackward(gradX, gradGain, gradBias, up, x, gain, EPSILON);
            double[] gradients = doubles(gradX.row(0));
            double[][] parts = {gradients, doubles(gradGain.toFloats()), doubles(gradBias.toFloats())};
            double[][] arguments = {doubles(x.row(0)), doubles(gain.toFloats()), new double[width]};
            for (int part = 0; part < 3; part++) {
                for (int j = 0; j < width; j++) {
                    double value = arguments[part][j];
                    arguments[part][j] = value + h;
                    double above = weighted(arguments, doubles(up.row(0)));
                    arguments[part][j] = value - h;
                    double below = weighted(arguments, doubles(up.row(0)));
                    arguments[part][j] = value;
                    assertThat(parts[part][j])
                            .as("part %d, column %d", part, j)
                            .isCloseTo((above - below) / (2 * h), within(1e-6));
                }
            }
        }
    }

    private static double weighted(double[][] arguments, double[] up) {
        double[] y = Formulas.layerNorm(arguments[0], arguments[1], arguments[2], EPSILON);
        double sum = 0;
        for (int j = 0; j < y.length; j++) sum += up[j] * y[j];
        return sum;
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#transformers")
    void aRowsBitsDependOnNothingButTheRow(Implementations.WithTransformer implementation) {
        var kernels = implementation.transformer();
        long seed = new Random().nextLong();
        for (int instance = 0; instance < 10; instance++) {
            try (var operands = new Operands(seed + instance)) {
                int rows = 1 + operands.random().nextInt(40);
                int width = 1 + operands.random().nextInt(600);
                var x = operands.gaussian(DataType.F32, rows, width, 1);
                int nan = operands.random().nextInt(rows);
                float[] values = x.row(nan);
                values[width - 1] = Float.NaN;
                x.putRow(nan, values);
                var gain = operands.gaussian(width);
                var bias = operands.gaussian(width);
                var all = operands.zeros(operands.type(), rows, width);
                kernels.layerNorm(all, x, gain, bias, EPSILON);
                int[] some = operands.someRows(rows);
                var out = operands.zeros(all.type(), some.length, width);
                kernels.layerNorm(out, operands.rows(x, some), gain, bias, EPSILON);
                for (int n = 0; n < rows; n++) {
                    boolean spoilt = Float.isNaN(all.row(n)[0]);
                    assertThat(spoilt).as("NaN in row %d, seed %d", n, seed).isEqualTo(n == nan);
                    if (spoilt) assertThat(all.row(n)).containsOnly(Float.NaN);
                }
                for (int i = 0; i < some.length; i++) {
                    assertThat(out.row(i))
                            .as("seed %d, instance %d, row %d of %d", seed, instance, some[i], rows)
                            .isEqualTo(all.row(some[i]));
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#transformers")
    void wrongShapesAndTypesAreRefusedBeforeAnythingIsWritten(Implementations.WithTransformer implementation) {
        var kernels = implementation.transformer();
        try (var operands = new Operands(4)) {
            var x = operands.gaussian(DataType.F32, 3, 8, 1);
            var short16 = operands.gaussian(DataType.BF16, 3, 8, 1);
            var half = operands.zeros(DataType.F16, 3, 8);
            var gain = operands.gaussian(8);
            float[] before = gain.toFloats();
            var out = operands.zeros(DataType.F32, 3, 8);
            refused(() -> kernels.layerNorm(half, x, gain, gain, EPSILON), "out is f16");
            refused(() -> kernels.layerNorm(out, short16, gain, gain, EPSILON), "x is Matrix(BF16");
            refused(() -> kernels.layerNorm(out, x, operands.gaussian(9), gain, EPSILON), "gain is F32 of 9");
            refused(() -> kernels.layerNormBackward(short16, gain, gain, x, x, gain, EPSILON), "gradX is Matrix(BF16");
            refused(
                    () -> kernels.layerNormBackward(out, gain, gain, short16, x, gain, EPSILON),
                    "gradOut is Matrix(BF16");
            for (int n = 0; n < 3; n++) assertThat(out.row(n)).containsOnly(0f);
            assertThat(gain.toFloats()).isEqualTo(before);
        }
    }

    private static void refused(Runnable call, String message) {
        assertThatThrownBy(call::run).isInstanceOf(KernelException.class).hasMessageContaining(message);
    }
}
