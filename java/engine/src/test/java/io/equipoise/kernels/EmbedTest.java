package io.equipoise.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.equipoise.memory.DataType;
import io.equipoise.memory.Vector;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class EmbedTest {
    private static final int[] ROWS = {0, 1, 7, 64};
    private static final int[] WIDTHS = {0, 1, 31, 32, 33, 257, 1271};
    private static final int VOCABULARY = 11;
    private static final int CONTEXT = 6;

    /** One f32 addition an element, so there is one right answer. */
    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#transformers")
    void addsTokenAndPosition(Implementations.WithTransformer implementation) {
        for (int rows : ROWS) {
            for (int width : WIDTHS) {
                try (var operands = new Operands(width)) {
                    var table = operands.gaplessGaussian(DataType.F32, VOCABULARY, width, 1);
                    var positions = operands.gaplessGaussian(DataType.F32, CONTEXT, width, 1);
                    int[] token = operands.random().ints(rows, 0, VOCABULARY).toArray();
                    int[] position = operands.random().ints(rows, 0, CONTEXT).toArray();
                    var out = operands.zeros(DataType.F32, rows, width);
                    implementation
                            .transformer()
                            .embed(
                                    out,
                                    table,
                                    positions,
                                    operands.keep(Vector.of(token)),
                                    operands.keep(Vector.of(position)));
                    for (int n = 0; n < rows; n++) {
                        float[] wanted = table.row(token[n]);
                        float[] add = positions.row(position[n]);
                        for (int j = 0; j < width; j++) wanted[j] += add[j];
                        assertThat(out.row(n))
                                .as("row %d of %d, D %d", n, rows, width)
                                .isEqualTo(wanted);
                    }
                }
            }
        }
    }

    /** Rows meet in the table, where the order of f32 additions shows in the bits. */
    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#transformers")
    void scattersInTheOrderOfRows(Implementations.WithTransformer implementation) {
        for (int rows : ROWS) {
            for (int width : WIDTHS) {
                try (var operands = new Operands(width + 1)) {
                    var table = operands.gaplessGaussian(DataType.F32, VOCABULARY, width, 1);
                    var x = operands.gaussian(DataType.F32, rows, width, 1);
                    int[] index = operands.random().ints(rows, 0, VOCABULARY).toArray();
                    var wanted = new float[VOCABULARY][];
                    for (int v = 0; v < VOCABULARY; v++) wanted[v] = table.row(v);
                    for (int n = 0; n < rows; n++) {
                        float[] add = x.row(n);
                        for (int j = 0; j < width; j++) wanted[index[n]][j] += add[j];
                    }
                    implementation.transformer().scatterAdd(table, x, operands.keep(Vector.of(index)));
                    for (int v = 0; v < VOCABULARY; v++) {
                        assertThat(table.row(v))
                                .as("row %d, N %d, D %d", v, rows, width)
                                .isEqualTo(wanted[v]);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#transformers")
    void whatDoesNotFitIsRefusedBeforeAnythingIsWritten(Implementations.WithTransformer implementation) {
        var kernels = implementation.transformer();
        try (var operands = new Operands(4)) {
            var table = operands.gapless(DataType.F32, VOCABULARY, 4);
            var positions = operands.gaplessGaussian(DataType.F32, CONTEXT, 4, 1);
            var out = operands.gaussian(DataType.F32, 2, 4, 1);
            float[] before = out.row(0);
            var zeros = operands.keep(Vector.i32(2));
            for (int[] bad : new int[][] {{0, -1}, {0, VOCABULARY}}) {
                var token = operands.keep(Vector.of(bad));
                refused(() -> kernels.embed(out, table, positions, token, zeros), "at position 1 is outside 0 … 10");
                refused(() -> kernels.scatterAdd(table, out, token), "at position 1 is outside 0 … 10");
            }
            var late = operands.keep(Vector.of(0, CONTEXT));
            refused(() -> kernels.embed(out, table, positions, zeros, late), "at position 1 is outside 0 … 5");
            var bf16 = operands.gapless(DataType.BF16, VOCABULARY, 4);
            refused(() -> kernels.embed(out, bf16, positions, zeros, zeros), "table is Matrix(BF16");
            refused(() -> kernels.embed(out, table, bf16, zeros, zeros), "positions is Matrix(BF16");
            refused(() -> kernels.scatterAdd(bf16, out, zeros), "table is Matrix(BF16");
            refused(() -> kernels.embed(out, table, positions, late.slice(0, 1), zeros), "embed: ");
            assertThat(out.row(0)).isEqualTo(before);
            for (int v = 0; v < VOCABULARY; v++) assertThat(table.row(v)).containsOnly(0f);
        }
    }

    private static void refused(Runnable call, String message) {
        assertThatThrownBy(call::run).isInstanceOf(KernelException.class).hasMessageContaining(message);
    }
}
