package io.equipoise.cli.plot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScaleTest {
    @ParameterizedTest
    @CsvSource({"0.3,40", "1,1", "500,500", "999,1001", "1e-7,3", "2e4,2.1e4", "1,1000", "1e-12,1e12", "4.9,5"})
    void logarithmicScaleHoldsItsValues(double low, double high) {
        var scale = Scale.logarithmic(low, high);
        assertThat(scale.share(low)).isBetween(-1e-6, 1.0);
        assertThat(scale.share(high)).isBetween(scale.share(low), 1 + 1e-6);
        assertThat(scale.ticks()).hasSizeBetween(2, 8);
        assertThat(scale.ticks().stream().map(Scale.Tick::label)).doesNotHaveDuplicates();
        assertThat(scale.ticks()).allMatch(tick -> scale.share(tick.value()) <= 1 + 1e-9);
    }

    @Test
    void distancesAreOfLogarithms() {
        var scale = Scale.logarithmic(1, 100);
        assertThat(scale.share(10)).isCloseTo(0.5, within(1e-12));
        assertThat(scale.share(0)).isNegative();
    }

    @ParameterizedTest
    @CsvSource({"0.002,0.002|0.005", "20,20|50", "20000,2·10⁴|5·10⁴", "1e-6,10⁻⁶|2·10⁻⁶"})
    void logarithmicLabelsAreShort(double low, String labels) {
        var scale = Scale.logarithmic(low, low * 1.9);
        assertThat(scale.ticks().stream().map(Scale.Tick::label)).containsExactly(labels.split("\\|"));
    }

    @Test
    void stepsEndAtTheLast() {
        var scale = Scale.steps(45);
        assertThat(scale.share(45)).isEqualTo(1);
        assertThat(scale.ticks().stream().map(Scale.Tick::label)).containsExactly("0", "20", "40");
        assertThat(Scale.steps(2).ticks().stream().map(Scale.Tick::label)).containsExactly("0", "1", "2");
    }

    @Test
    void sizesAndNamesHaveRoomAtTheirEnds() {
        var sizes = Scale.sizes(List.of(64, 128, 512));
        assertThat(sizes.share(64))
                .isCloseTo(1 - sizes.share(512), within(1e-12))
                .isPositive();
        assertThat(sizes.ticks()).hasSize(3);
        var names = Scale.names(List.of("first", "second"));
        assertThat(names.share(0)).isEqualTo(0.75);
        assertThat(names.share(-1)).isEqualTo(0.25);
        assertThat(Scale.sizes(List.of(64)).share(64)).isCloseTo(0.5, within(1e-12));
    }

    @Test
    void nothingToShowIsRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> Scale.steps(0));
        assertThatIllegalArgumentException().isThrownBy(() -> Scale.names(List.of()));
    }
}
