package io.equipoise.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class MatrixTest {
    @Test
    void rowsOfF64AreDoublesOnly() {
        try (var matrix = Matrix.allocate(DataType.F64, 2, 2, 3)) {
            matrix.putRow(1, 0.1, Double.NaN);
            assertThat(matrix.doubles(0)).containsExactly(0, 0);
            assertThat(matrix.doubles(1)).containsExactly(0.1, Double.NaN);
            assertThat(matrix.slice(1, 1).doubles(0)).containsExactly(0.1, Double.NaN);
            assertThatThrownBy(() -> matrix.row(0)).hasMessage("rows of f64 don't fit f32; read them as doubles");
            assertThatThrownBy(() -> matrix.putRow(0, 1f, 2f)).hasMessage("rows of f64 are written as doubles");
            assertThatThrownBy(() -> matrix.putRow(0, 1.0)).hasMessage("a row has 2 elements, got 1");
        }
    }

    @Test
    void rowsOfFewerBitsAreNot() {
        try (var matrix = Matrix.allocate(DataType.F32, 1, 2)) {
            matrix.putRow(0, 1f, 2f);
            assertThat(matrix.row(0)).containsExactly(1, 2);
            assertThatThrownBy(() -> matrix.doubles(0)).hasMessage("the matrix holds F32, not F64");
            assertThatThrownBy(() -> matrix.putRow(0, 1.0, 2.0)).hasMessage("the matrix holds F32, not F64");
        }
    }
}
