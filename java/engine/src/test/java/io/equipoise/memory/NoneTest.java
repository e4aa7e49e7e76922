package io.equipoise.memory;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** NONE stands for an argument that is left out; everybody shares it, so nobody may spoil it. */
class NoneTest {
    @Test
    void closingItIsHarmless() {
        for (int repeat = 0; repeat < 2; repeat++) {
            Vector.NONE.close();
            Matrix.NONE.close();
            assertThat(Vector.NONE.address().isNull()).isTrue();
            assertThat(Matrix.NONE.address().isNull()).isTrue();
        }
    }

    @Test
    void isEmptyAndNothingElseIsNone() {
        assertThat(Vector.NONE.isNone()).isTrue();
        assertThat(Vector.NONE.size()).isZero();
        assertThat(Matrix.NONE.isNone()).isTrue();
        assertThat(Matrix.NONE.rows()).isZero();
        assertThat(Matrix.NONE.columns()).isZero();
        try (var vector = Vector.f32(0);
                var matrix = Matrix.allocate(DataType.F32, 0, 0)) {
            assertThat(vector.isNone()).isFalse();
            assertThat(matrix.isNone()).isFalse();
        }
    }
}
