package io.equipoise.kernels;

import static io.equipoise.kernels.Formulas.doubles;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ProductTest {
    private static final TransformerKernels REFERENCE = new ReferenceTransformerKernels();
    private static final int[] ROWS = {0, 1, 7, 13, 14, 15, 64};
    private static final int[] DEPTHS = {1, 2, 31, 64, 257};
    private static final int[] COLUMNS = {1, 31, 32, 33, 257, 1271};

    /** Of GELU and its derivative in f32, in units of 1 + |x|. */
    private static final double ACTIVATION = 1e-6;
    /** Neither GELU nor its derivative is steeper. */
    private static final double STEEPEST = 1.13;

    /** Every shape; types, what is left out, the activation and the layout as chance has it. */
    @Test
    void staysWithinTheErrorOfItsSums() {
        for (var type : new DataType[] {DataType.F32, DataType.BF16}) {
            for (int rows : ROWS) {
                for (int depth : DEPTHS) for (int columns : COLUMNS) check(type, rows, depth, columns);
            }
        }
    }

    private static void check(DataType type, int rows, int depth, int columns) {
        long seed = 31 * (31 * (31L * rows + depth) + columns) + type.bytes();
        try (var operands = new Operands(seed)) {
            var random = operands.random();
            var x = operands.gaussian(operands.type(), rows, depth, 1);
            boolean transposed = random.nextBoolean();
            var weight = operands.gaussian(
                    DataType.F32, transposed ? columns : depth, transposed ? depth : columns, 1 / Math.sqrt(depth));
            var bias = random.nextBoolean() ? operands.gaussian(columns) : Vector.NONE;
            var addend = random.nextBoolean() ? operands.gaussian(DataType.F32, rows, columns, 1) : Matrix.NONE;
            var activation = operands.oneOf(Activation.IDENTITY, Activation.GELU, Activation.SLOPE);
            boolean kept = activation == Activation.SLOPE || (activation == Activation.GELU && random.nextInt(3) > 0);
            var slope = kept ? operands.gaussian(type, rows, columns, 1) : Matrix.NONE;
            var outType = operands.type();

            var reference = operands.pack(REFERENCE, type, weight, transposed);
            var out = operands.gapless(DataType.F32, rows, columns);
            var wantedSlope = operands.copy(slope);
            REFERENCE.product(out, wantedSlope, x, reference, bias, addend, activation);
            double[][] wanted = doubles(out);

            var sums = operands.gapless(DataType.F32, rows, columns);
            var absolute = operands.pack(REFERENCE, type, operands.absolute(weight), transposed);
            REFERENCE.product(
                    sums,
                    Matrix.NONE,
                    operands.absolute(x),
                    absolute,
                    operands.absolute(bias),
                    Matrix.NONE,
                    Activation.IDENTITY);
            double[][] terms = doubles(sums);
            double[][] added = doubles(addend.isNone() ? operands.gapless(DataType.F32, rows, columns) : addend);
            double product = Parity.ofProducts(depth + 1);
            double of = activation == Activation.GELU ? ACTIVATION : 0;
            double[][] factors = doubles(slope);
            Parity.Allowed allowed = (n, m) ->
                    ((activation == Activation.SLOPE ? Math.abs(factors[n][m]) : STEEPEST) * product + of) * terms[n][m]
                            + of
                            + 0x1p-23 * (Math.abs(added[n][m]) + Math.abs(wanted[n][m]))
                            + Parity.rounding(outType) * Math.abs(wanted[n][m]);

            for (var implementation : Implementations.transformers()) {
                var kernels = implementation.transformer();
                var packed = operands.pack(kernels, type, weight, transposed);
                var actual = operands.zeros(outType, rows, columns);
                var actualSlope = operands.copy(slope);
                kernels.product(actual, actualSlope, x, packed, bias, addend, activation);
                var what = String.format(
                        "%s, %s weight, %s%s%s, N %d, K %d, M %d, seed %d",
                        implementation,
                        type,
                        activation,
                        bias.isNone() ? "" : ", bias",
                        addend.isNone() ? "" : ", addend",
                        rows,
                        depth,
                        columns,
                        seed);
                Parity.assertWithin(actual, wanted, allowed, () -> what);
                if (!kept) continue;
                double[][] value = doubles(wantedSlope);
                Parity.assertWithin(
                        actualSlope,
                        value,
                        (n, m) -> (STEEPEST * product + of) * terms[n][m]
                                + of
                                + 2 * Parity.rounding(type) * Math.abs(value[n][m]),
                        () -> "slope of " + what);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#transformers")
    void aRowsBitsDependOnNothingButTheRow(Implementations.WithTransformer implementation) {
        var kernels = implementation.transformer();
        long seed = new Random().nextLong();
        for (int instance = 0; instance < 12; instance++) {
            try (var operands = new Operands(seed + instance)) {
                int rows = 1 + operands.random().nextInt(40);
                int depth = 1 + operands.random().nextInt(300);
                int columns = 1 + operands.random().nextInt(100);
                var type = operands.type();
                var x = operands.gaussian(operands.type(), rows, depth, 1);
                var addend = operands.gaussian(DataType.F32, rows, columns, 1);
                var bias = operands.gaussian(columns);
                var weight = operands.gaussian(DataType.F32, depth, columns, 1);
                var packed = operands.pack(kernels, type, weight, false);
                var all = operands.zeros(operands.type(), rows, columns);
                kernels.product(all, Matrix.NONE, x, packed, bias, addend, Activation.GELU);
                int[] some = operands.someRows(rows);
                var out = operands.zeros(all.type(), some.length, columns);
                kernels.product(
                        out,
                        Matrix.NONE,
                        operands.rows(x, some),
                        packed,
                        bias,
                        operands.rows(addend, some),
                        Activation.GELU);
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
    void theAddendMayBeWhereTheResultGoes(Implementations.WithTransformer implementation) {
        var kernels = implementation.transformer();
        try (var operands = new Operands(5)) {
            var x = operands.gaussian(DataType.BF16, 17, 31, 1);
            var packed = operands.pack(kernels, DataType.F32, operands.gaussian(DataType.F32, 31, 45, 1), false);
            var addend = operands.gaussian(DataType.F32, 17, 45, 1);
            var out = operands.zeros(DataType.F32, 17, 45);
            kernels.product(out, Matrix.NONE, x, packed, Vector.NONE, addend, Activation.IDENTITY);
            kernels.product(addend, Matrix.NONE, x, packed, Vector.NONE, addend, Activation.IDENTITY);
            for (int n = 0; n < 17; n++) assertThat(addend.row(n)).isEqualTo(out.row(n));
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#transformers")
    void nanStaysInItsRow(Implementations.WithTransformer implementation) {
        var kernels = implementation.transformer();
        for (var type : new DataType[] {DataType.F32, DataType.BF16}) {
            try (var operands = new Operands(6)) {
                var x = operands.gaussian(DataType.F32, 16, 33, 1);
                var packed = operands.pack(kernels, type, operands.gaussian(DataType.F32, 33, 45, 1), false);
                var clean = operands.zeros(DataType.F32, 16, 45);
                kernels.product(clean, Matrix.NONE, x, packed, Vector.NONE, Matrix.NONE, Activation.GELU);
                float[] values = x.row(9);
                values[32] = Float.NaN;
                x.putRow(9, values);
                var out = operands.zeros(DataType.F32, 16, 45);
                kernels.product(out, Matrix.NONE, x, packed, Vector.NONE, Matrix.NONE, Activation.GELU);
                for (int n = 0; n < 16; n++) {
                    if (n == 9) assertThat(out.row(n)).containsOnly(Float.NaN);
                    else assertThat(out.row(n)).as("%s, row %d", type, n).isEqualTo(clean.row(n));
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#transformers")
    void wrongShapesAndTypesAreRefusedBeforeAnythingIsWritten(Implementations.WithTransformer implementation) {
        var kernels = implementation.transformer();
        try (var operands = new Operands(7)) {
            var x = operands.gaussian(DataType.F32, 3, 8, 1);
            var packed = operands.pack(kernels, DataType.BF16, operands.gaussian(DataType.F32, 8, 6, 1), false);
            var out = operands.zeros(DataType.F32, 3, 6);
            var half = operands.zeros(DataType.F16, 3, 6);
            refused(kernels, half, Matrix.NONE, x, packed, Vector.NONE, Matrix.NONE, "out is f16, wanted f32 or bf16");
            var halfX = operands.zeros(DataType.F16, 3, 8);
            refused(kernels, out, Matrix.NONE, halfX, packed, Vector.NONE, Matrix.NONE, "x is f16");
            refused(
                    kernels,
                    out,
                    Matrix.NONE,
                    out,
                    packed,
                    Vector.NONE,
                    Matrix.NONE,
                    "product: x is Matrix(F32, 3 by 6");
            refused(kernels, x, Matrix.NONE, x, packed, Vector.NONE, Matrix.NONE, "product: out is");
            refused(kernels, out, out, x, packed, Vector.NONE, Matrix.NONE, "slope is Matrix(F32, 3 by 6");
            refused(kernels, out, Matrix.NONE, x, packed, Vector.NONE, x, "addend is");
            refused(kernels, out, Matrix.NONE, x, packed, operands.gaussian(5), Matrix.NONE, "bias is F32 of 5");
            assertThatThrownBy(() ->
                            kernels.product(out, Matrix.NONE, x, packed, Vector.NONE, Matrix.NONE, Activation.SLOPE))
                    .isInstanceOf(KernelException.class)
                    .hasMessageContaining("slope is Matrix(F32, 0 by 0");
            for (int n = 0; n < 3; n++) assertThat(out.row(n)).containsOnly(0f);
            assertThatThrownBy(() -> kernels.pack(packed, x, false))
                    .isInstanceOf(KernelException.class)
                    .hasMessageContaining("weight is");
        }
    }

    private static void refused(
            TransformerKernels kernels,
            Matrix out,
            Matrix slope,
            Matrix x,
            PackedWeight packed,
            Vector bias,
            Matrix addend,
            String message) {
        assertThatThrownBy(() -> kernels.product(out, slope, x, packed, bias, addend, Activation.GELU))
                .isInstanceOf(KernelException.class)
                .hasMessageContaining(message);
    }
}
