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
                List.of(new LineChart.Point(0, Double.NaN), new LineChart.Point(4, 2)),
                Optional.of(2.0),
                Optional.empty(),
                List.of(2));
        assertThat(chart.svg())
                .contains("a &lt; b", "desired 2", "updated after step 2", "2.0000 after 4 steps, on fresh texts")
                .doesNotContain("NaN", "Inf");
    }

    @Test
    void nothingFiniteIsNoChart() {
        var chart = chart(new int[] {1}, new double[] {Double.NaN});
        assertThat(chart.svg()).isEmpty();
    }

    @Test
    void oneStepIsAPoint() {
        var chart = chart(new int[] {1}, new double[] {0.5});
        assertThat(chart.svg()).contains("h0");
    }

    private static LineChart chart(int[] steps, double[] values) {
        return new LineChart("x", steps, values, List.of(), Optional.empty(), Optional.of(0.0), List.of());
    }

    @Test
    void whatIsMeasuredEveryOtherStepIsACurve() {
        double gap = Double.NaN;
        String svg = chart(new int[] {1, 2, 3, 4, 5}, new double[] {1, gap, 2, gap, 3})
                .svg();
        assertThat(svg.lines().filter(line -> line.contains("class=\"raw\"")))
                .singleElement()
                .asString()
                .containsPattern("M[\\d.]+ [\\d.]+L[\\d.]+ [\\d.]+L[\\d.]+ [\\d.]+\"")
                .doesNotContain("h0");
    }

    @Test
    void noiseBelowZeroDoesNotMoveTheAxis() {
        String svg = chart(new int[] {1, 2, 3}, new double[] {-0.3, 2, 7}).svg();
        assertThat(svg).contains(">0</text>").doesNotContain("−");
        var below = chart(new int[] {1}, new double[] {-1e-9});
        assertThat(below.svg()).contains(">0</text>").doesNotContain("−");
    }

    @ParameterizedTest
    @CsvSource({
        "0,4000000,0|1·10⁶|2·10⁶|3·10⁶|4·10⁶",
        "0,20000,0|5000|10000|15000|20000",
        "0,2e-6,0|0.5·10⁻⁶|1.0·10⁻⁶|1.5·10⁻⁶|2.0·10⁻⁶"
    })
    void longNumbersAreWrittenShort(double low, double high, String labels) {
        var axis = Axis.of(low, high, 4);
        assertThat(axis.ticks().stream().map(axis::label)).containsExactly(labels.split("\\|"));
    }

    @Test
    void whatWasCountedOrWishedForHasNoEmptyDigits() {
        assertThat(OutcomeTable.exact(9)).isEqualTo("9");
        assertThat(OutcomeTable.exact(0.5)).isEqualTo("0.5");
        assertThat(OutcomeTable.exact(100)).isEqualTo("100");
        assertThat(OutcomeTable.number(0.5, 0.01)).isEqualTo("0.5000 ± 0.0100");
        assertThat(OutcomeTable.number(0.5, Double.NaN)).isEqualTo("0.5000");
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
