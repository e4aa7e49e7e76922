package io.equipoise.cli.summary;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LocalLinearTest {
    @Test
    void aStraightLineStaysAsItIsUpToItsEnds() {
        var line = IntStream.range(0, 45).mapToDouble(i -> 3 - 0.2 * i).toArray();
        line[7] = Double.NaN;
        line[30] = Double.NEGATIVE_INFINITY;
        double[] smooth = LocalLinear.smooth(line);
        for (int i = 0; i < 45; i++) assertThat(smooth[i]).as("step %d", i).isCloseTo(3 - 0.2 * i, within(1e-9));
    }

    @Test
    void noiseBecomesLess() {
        long seed = 11;
        var random = new Random(seed);
        var noise = random.doubles(200, -1, 1).toArray();
        double before =
                IntStream.range(0, 200).mapToDouble(i -> noise[i] * noise[i]).sum();
        double[] smooth = LocalLinear.smooth(noise);
        double after =
                IntStream.range(0, 200).mapToDouble(i -> smooth[i] * smooth[i]).sum();
        assertThat(after).as("seed %d", seed).isLessThan(before / 5);
    }

    @Test
    void endsWhereWhatWasMeasuredThereIs() {
        var random = new Random(12);
        double[] values = random.doubles(46, 3, 4).toArray();
        double[] weights = new double[46];
        Arrays.fill(weights, 1);
        values[0] = 7;
        values[45] = 5.4;
        weights[0] = weights[45] = 100;
        double[] smooth = LocalLinear.smooth(values, weights);
        assertThat(smooth[0]).isCloseTo(7, within(0.15));
        assertThat(smooth[45]).isCloseTo(5.4, within(0.15));
        assertThat(smooth[22]).isBetween(3.0, 4.0);
    }

    @Test
    void nothingIsInventedBeforeTheFirstValueOrAfterTheLast() {
        double gap = Double.NaN;
        double[] smooth = LocalLinear.smooth(new double[] {gap, gap, 5, gap, 5, gap});
        assertThat(smooth[1]).isNaN();
        assertThat(smooth[5]).isNaN();
        assertThat(smooth[2]).isCloseTo(5, within(1e-9));
        assertThat(smooth[3]).isCloseTo(5, within(1e-9));
        assertThat(LocalLinear.smooth(new double[] {gap, 4, gap})[1]).isEqualTo(4);
        assertThat(LocalLinear.smooth(new double[] {gap, gap})).containsOnly(gap);
    }
}
