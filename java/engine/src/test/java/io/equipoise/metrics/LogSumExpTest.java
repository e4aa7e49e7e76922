package io.equipoise.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.equipoise.kernels.EnergyStatistics;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LogSumExpTest {
    private static final double NOTHING = Double.NEGATIVE_INFINITY;

    @Test
    void isTheMeanOfTheNumbers() {
        var sum = LogSumExp.of(Math.log(1), Math.log(2), Math.log(6));
        assertThat(sum.logMean()).isCloseTo(Math.log(3), within(1e-15));
        assertThat(sum.logSum()).isCloseTo(Math.log(9), within(1e-15));
        assertThat(sum.count()).isEqualTo(3);
    }

    @Test
    void neitherOverflowsNorVanishes() {
        assertThat(LogSumExp.of(5000, 5000).logMean()).isEqualTo(5000);
        assertThat(LogSumExp.of(-5000, -5000 + Math.log(3)).logMean()).isCloseTo(-5000 + Math.log(2), within(1e-11));
        assertThat(LogSumExp.of(-5000, 5000).logMean()).isCloseTo(5000 - Math.log(2), within(1e-11));
    }

    @Test
    void goesOnFromTheSumsOfASample() {
        double[] zeros = {0, 0, 0};
        double[] logWeight = {Math.log(1), NOTHING, Math.log(5)};
        var sums = EnergyStatistics.of(logWeight, zeros, zeros, zeros, 0);
        var sum = LogSumExp.of(Math.log(2));
        sum.merge(LogSumExp.ofWeights(sums));
        assertThat(sum.count()).isEqualTo(4);
        assertThat(sum.logMean()).isCloseTo(Math.log(2), within(1e-15));
        double[] none = {NOTHING, NOTHING, NOTHING};
        sum.merge(LogSumExp.ofWeights(EnergyStatistics.of(none, zeros, zeros, zeros, 0)));
        assertThat(sum.logMean()).isCloseTo(Math.log(8 / 7.0), within(1e-15));
    }

    @Test
    void zerosCount() {
        assertThat(LogSumExp.of(NOTHING, 0, NOTHING, 0).logMean()).isCloseTo(Math.log(0.5), within(1e-15));
        var zeros = LogSumExp.of(NOTHING, NOTHING);
        assertThat(zeros.logMean()).isEqualTo(NOTHING);
        assertThat(zeros.count()).isEqualTo(2);
        zeros.add(Math.log(6));
        assertThat(zeros.logMean()).isCloseTo(Math.log(2), within(1e-15));
    }

    @Test
    void mergingIsAddingAll() {
        long seed = 41;
        var random = new Random(seed);
        var all = new LogSumExp();
        var merged = new LogSumExp();
        for (int part = 0; part < 20; part++) {
            var sum = new LogSumExp();
            for (int i = random.nextInt(5); i > 0; i--) {
                double value = random.nextInt(10) == 0 ? NOTHING : 300 * random.nextGaussian();
                all.add(value);
                sum.add(value);
            }
            merged.merge(sum);
        }
        assertThat(merged.count()).as("seed %d", seed).isEqualTo(all.count());
        assertThat(merged.logMean()).as("seed %d", seed).isCloseTo(all.logMean(), within(1e-9));
    }

    @Test
    void mergingWithItselfKeepsTheMean() {
        var sum = LogSumExp.of(1, 2, 3);
        double before = sum.logMean();
        sum.merge(sum);
        assertThat(sum.count()).isEqualTo(6);
        assertThat(sum.logMean()).isCloseTo(before, within(1e-14));
    }

    @Test
    void continuesToTheBit() {
        var sum = LogSumExp.of(0.1, -7.3, 12.9, NOTHING);
        var restored = LogSumExp.restore(sum.maximum(), sum.scaledSum(), sum.count());
        sum.add(13.37);
        restored.add(13.37);
        assertThat(restored.logMean()).isEqualTo(sum.logMean());
        var empty = new LogSumExp();
        assertThat(LogSumExp.restore(empty.maximum(), empty.scaledSum(), empty.count())
                        .count())
                .isZero();
    }

    @Test
    void refusesWhatWouldSpoilTheMean() {
        assertThatThrownBy(() -> new LogSumExp().add(Double.NaN))
                .hasMessage("a log value must be finite or -Infinity, got NaN");
        assertThatThrownBy(() -> new LogSumExp().add(Double.POSITIVE_INFINITY)).hasMessageContaining("got Infinity");
        assertThatThrownBy(() -> new LogSumExp().logMean()).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> LogSumExp.restore(0, 0.5, 1)).hasMessageContaining("not a state of a log-sum-exp");
        assertThatThrownBy(() -> LogSumExp.restore(Double.NaN, 1, 1)).hasMessageContaining("maximum NaN");
        assertThatThrownBy(() -> LogSumExp.restore(0, 1, 0)).hasMessageContaining("count 0");
    }
}
