package io.equipoise.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import io.equipoise.memory.Matrix;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** That the cases hold what the kernels' tests rely on. */
class CaseTest {
    @Test
    void gapsHoldNaNAndOrdinaryRowsDoNot() {
        var strided = Case.all().filter(c -> c.rowStride() > c.columns()).toList();
        assertThat(strided).isNotEmpty();
        for (var c : strided) {
            try (var logits = c.logits()) {
                var whole = Matrix.borrow(c.type(), logits.address(), c.rows(), c.rowStride(), c.rowStride());
                for (int row = 0; row < c.rows(); row++) {
                    float[] gap = Arrays.copyOfRange(whole.row(row), c.columns(), c.rowStride());
                    for (float value : gap)
                        assertThat(value).as("%s, row %d", c, row).isNaN();
                }
            }
        }
    }

    /** NaN is an edge of some rows, by their number; all others must be compared number by number. */
    @Test
    void ordinaryRowsHoldNone() {
        int rows = 0;
        for (var c : Case.all().toList()) {
            try (var logits = c.logits()) {
                for (int row = 0; row < c.rows(); row++) {
                    int kind = (row + c.columns()) % 12;
                    if (kind == 6 || kind == 7 || kind == 11) continue;
                    rows++;
                    for (float value : logits.row(row)) {
                        if (Float.isNaN(value)) throw new AssertionError(c + ", row " + row + " holds NaN");
                    }
                }
            }
        }
        assertThat(rows).isPositive();
    }
}
