package io.equipoise.cli.summary;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EstimateTest {
    @Test
    void standardErrorIsOfTheMean() {
        var estimate = Estimate.of(2, 4, 9);
        assertThat(estimate.mean()).isEqualTo(5);
        assertThat(estimate.standardError()).isCloseTo(Math.sqrt((9 + 1 + 16) / 2.0 / 3), within(1e-12));
        assertThat(estimate.runs()).isEqualTo(3);
        assertThat(estimate).hasToString("5.000 ± 2.082");
        assertThat(Estimate.of(1, 1)).hasToString("1.000 ± 0.000");
        assertThat(Estimate.exact(0.1)).hasToString("0.100");
    }

    @Test
    void oneRunHasNoStandardError() {
        var estimate = Estimate.of(0.25);
        assertThat(estimate.mean()).isEqualTo(0.25);
        assertThat(estimate.standardError()).isNaN();
        assertThat(estimate).hasToString("0.250");
        assertThat(estimate.json().path("standardError").isNull()).isTrue();
    }

    @Test
    void nothingIsNotANumber() {
        assertThat(Estimate.of().isKnown()).isFalse();
        assertThat(Estimate.of()).hasToString("–");
        assertThat(Estimate.of().json().path("mean").isNull()).isTrue();
    }

    @Test
    void aRunThatIsNotFiniteIsNotPassedOver() {
        var estimate = Estimate.of(1, Double.POSITIVE_INFINITY, 2);
        assertThat(estimate.isKnown()).isFalse();
        assertThat(estimate.runs()).isEqualTo(3);
    }

    @Test
    void errorsOfADifferenceAddInSquares() {
        var difference = new Estimate(5, 3, 3).minus(new Estimate(1, 4, 2));
        assertThat(difference).isEqualTo(new Estimate(4, 5, 2));
    }

    @ParameterizedTest
    @CsvSource({"0.12345,0.123", "12.345,12.35", "1234.4,1234", "-0.5,−0.500", "1234567,1.23e+06"})
    void numbersHaveAsManyPlacesAsMatter(double value, String text) {
        assertThat(Estimate.number(value)).isEqualTo(text);
    }
}
