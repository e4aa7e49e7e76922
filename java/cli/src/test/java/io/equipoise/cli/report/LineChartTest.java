package io.equipoise.cli.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LineChartTest {
    @ParameterizedTest
    @CsvSource({"0.1,0.52", "0,0", "-3,-3", "1e-7,2e-7", "-5,12345", "41.2,41.3", "0,1"})
    void axisHoldsItsValuesBetweenRoundTicks(double low, double high) {
        var axis = Axis.of(low, high, 4);
        assertThat(axis.low()).isLessThanOrEqualTo(low + axis.interval() * 1e-6);
        assertThat(axis.high()).isGreaterThanOrEqualTo(high - axis.interval() * 1e-6);
        assertThat(axis.ticks()).hasSizeBetween(2, 8);
        assertThat(axis.ticks().stream().map(axis::label)).doesNotHaveDuplicates();
    }

    @Test
    void drawsWhatIsFinite() {
        var chart = new LineChart(
                "a < b",
                new int[] {1, 2, 3, 4},
                new double[] {1, Double.NaN, 3, Double.POSITIVE_INFINITY},
                Optional.of(2.0),
                List.of(2));
        assertThat(chart.svg())
                .contains("a &lt; b", "desired 2", "updated after step 2")
                .doesNotContain("NaN", "Inf");
    }

    @Test
    void nothingFiniteIsNoChart() {
        var chart = new LineChart("x", new int[] {1}, new double[] {Double.NaN}, Optional.empty(), List.of());
        assertThat(chart.svg()).isEmpty();
    }

    @Test
    void oneStepIsAPoint() {
        var chart = new LineChart("x", new int[] {1}, new double[] {0.5}, Optional.empty(), List.of());
        assertThat(chart.svg()).contains("h0");
    }

    @Test
    void smoothingBeginsAtTheFirstValueAndPassesOverGaps() {
        var smoothing = new Smoothing();
        assertThat(smoothing.add(Double.NaN)).isNaN();
        assertThat(smoothing.add(4)).isEqualTo(4);
        assertThat(smoothing.add(Double.NEGATIVE_INFINITY)).isEqualTo(4);
        assertThat(smoothing.add(2)).isCloseTo((0.9 * 4 + 2) / 1.9, within(1e-12));
    }

    @Test
    void markupInTextsIsText() {
        assertThat(Html.escape("<b>\"it's\" & \u0000")).isEqualTo("&lt;b&gt;&quot;it&#39;s&quot; &amp; \uFFFD");
    }
}
