package io.equipoise.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class DiagnosticsTest {
    @Test
    void areMeansOverTheBatch() {
        double[] ratio = {1, 0.5, 3, 1.1};
        var logRatio = new double[4];
        for (int i = 0; i < 4; i++) logRatio[i] = Math.log(ratio[i]);
        var diagnostics = Diagnostics.of(new double[] {2, -1, 0, 3}, 1, logRatio, 7, 2);
        assertThat(diagnostics.meanAbsoluteAdvantage()).isEqualTo(1.5);
        assertThat(diagnostics.advantageVariance()).isEqualTo(2.5);
        assertThat(diagnostics.meanRatio()).isCloseTo(1.4, within(1e-12));
        assertThat(diagnostics.largestRatio()).isCloseTo(3, within(1e-12));
        // 0.5 becomes 0.8 and 3 becomes 1.2.
        assertThat(diagnostics.meanClippedRatio()).isCloseTo(1.025, within(1e-12));
        assertThat(diagnostics.clippedShare()).isEqualTo(0.5);
        assertThat(diagnostics.overflows()).isOne();
        assertThat(diagnostics.gradientVariance()).isEqualTo(3);
    }

    @Test
    void whatIsNotKnownIsNotANumber() {
        var diagnostics = Diagnostics.of(new double[] {1, 1}, 0, new double[] {0, Double.NaN}, Double.NaN, 2);
        assertThat(diagnostics.meanAbsoluteAdvantage()).isEqualTo(1);
        assertThat(diagnostics.advantageVariance()).isZero();
        assertThat(diagnostics.meanRatio()).isNaN();
        assertThat(diagnostics.largestRatio()).isNaN();
        assertThat(diagnostics.meanClippedRatio()).isNaN();
        assertThat(diagnostics.clippedShare()).isNaN();
        assertThat(diagnostics.gradientVariance()).isNaN();
    }

    @Test
    void roundingDoesNotMakeAVarianceNegative() {
        var diagnostics = Diagnostics.of(new double[] {1}, 0, new double[] {0}, 4, 2.0000001);
        assertThat(diagnostics.gradientVariance()).isZero();
        assertThat(diagnostics.clippedShare()).isZero();
    }
}
