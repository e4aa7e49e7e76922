package io.equipoise.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.equipoise.cuda.HeadBatch.Draws;
import io.equipoise.cuda.ptx.PtxInterpreter;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code lm_head_sample} against its formula in float64, written out in {@link HeadBatch}. */
class LmHeadSampleTest {
    private static final float NONE = Float.NEGATIVE_INFINITY;

    private static Draws run(Device device, HeadBatch batch) {
        return batch.run(device, 0, 0);
    }

    /** The formula's tokens, but for two best perturbed logits within rounding; log-probabilities within it. */
    private static int assertIsTheFormula(Draws draws, HeadBatch batch, String of) {
        int ties = 0;
        for (int b = 0; b < draws.token().length; b++) {
            var what = of + ", row " + b;
            var row = batch.formula(b);
            int token = draws.token()[b];
            int best = row.best();
            assertThat(token).as(what).isBetween(0, row.x().length - 1);
            if (token != best) {
                double apart = row.perturbed()[best] - row.perturbed()[token];
                assertThat(apart).as(what).isLessThanOrEqualTo(row.rounding()[best] + row.rounding()[token]);
                ties++;
            }
            double worst = Arrays.stream(row.rounding()).max().orElseThrow();
            double wanted = row.x()[token] - row.logSumExp();
            // exp and sums of 128 in f32, log and the result's rounding.
            double allowed = row.rounding()[token] + worst + 0x1p-20 + Math.ulp((float) wanted);
            assertThat((double) draws.logProb()[b]).as(what).isCloseTo(wanted, within(allowed));
        }
        return ties;
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.cuda.Devices#all")
    void isTheFormulaForShapesThatAreNoMultiplesOfTiles(Device device) {
        int draws = 0;
        int ties = 0;
        int[][] shapes = {
            {1, 1, 1}, {2, 127, 31}, {3, 128, 32}, {5, 129, 33}, {64, 31, 16}, {65, 130, 7}, {7, 300, 100}, {4, 200, 0}
        };
        for (int[] shape : shapes) {
            long seed = 1_000_000L * shape[0] + 1000L * shape[1] + shape[2];
            var batch = HeadBatch.random(shape[0], shape[1], shape[2], shape[0] % 2 == 0 ? 1 : 1.3, seed);
            ties += assertIsTheFormula(run(device, batch), batch, Arrays.toString(shape) + ", seed " + seed);
            draws += shape[0];
        }
        assertThat(ties).as("near ties of %d draws", draws).isLessThanOrEqualTo(draws / 50);
    }

    private static void assertLayoutsChangeNoBit(Device device, HeadBatch batch, Draws tight) {
        for (int[] layout : new int[][] {{4, 0}, {1, 0}, {4, 2}, {3, 6}}) {
            var draws = batch.run(device, layout[0], layout[1]);
            var what = "gap " + layout[0] + ", offset " + layout[1];
            assertThat(draws.token()).as(what).isEqualTo(tight.token());
            assertThat(draws.logProb()).as(what).isEqualTo(tight.logProb());
        }
    }

    /** Copies by 16 bytes and by elements bring the same numbers. */
    @ParameterizedTest
    @MethodSource("io.equipoise.cuda.Devices#all")
    void gapsAndAlignmentChangeNoBit(Device device) {
        var batch = HeadBatch.random(3, 150, 100, 1, 11);
        assertLayoutsChangeNoBit(device, batch, run(device, batch));
    }

    /** In whatever order blocks and warps run. */
    @ParameterizedTest
    @ValueSource(ints = {80, 120})
    void orderChangesNoBit(int architecture) {
        long seed = 11;
        var batch = HeadBatch.random(3, 150, 100, 1, seed);
        try (var device = new PtxInterpreter(architecture, 3, seed)) {
            assertLayoutsChangeNoBit(device, batch, run(new PtxInterpreter(architecture), batch));
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.cuda.Devices#any")
    void aDrawDependsNeitherOnItsPlaceNorOnTheBatch(Device device) {
        var batch = HeadBatch.random(66, 140, 20, 0.7, 12);
        var all = run(device, batch);
        int[] some = {65, 0, 63, 64, 17};
        var alone = run(device, batch.rows(some));
        for (int i = 0; i < some.length; i++) {
            assertThat(alone.token()[i]).as("row %d", some[i]).isEqualTo(all.token()[some[i]]);
            assertThat(alone.logProb()[i]).as("row %d", some[i]).isEqualTo(all.logProb()[some[i]]);
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.cuda.Devices#any")
    void whatIsNoDistributionDrawsNothingAndSpoilsNoOtherRow(Device device) {
        var batch = HeadBatch.random(4, 140, 20, 1, 13);
        var clean = run(device, batch);
        batch.hidden()[1][19] = Float.NaN;
        batch.hidden()[2][0] = Float.POSITIVE_INFINITY;
        var draws = run(device, batch);
        for (int b = 0; b < 4; b++) {
            boolean spoilt = b == 1 || b == 2;
            assertThat(draws.token()[b]).as("row %d", b).isEqualTo(spoilt ? -1 : clean.token()[b]);
            assertThat((Float) draws.logProb()[b]).as("row %d", b).isEqualTo((Float)
                    (spoilt ? Float.NaN : clean.logProb()[b]));
        }
        batch.weight()[139][3] = Float.NaN; // in the second tile, so in every row's sum
        assertThat(run(device, batch).token()).containsOnly(-1);
    }

    /** The clamped reciprocal, so that 0 · (1 / temperature) is no NaN. */
    @ParameterizedTest
    @MethodSource("io.equipoise.cuda.Devices#any")
    void ofTheLowestTemperaturesTheLargestLogitIsDrawn(Device device) {
        var weight = new float[][] {{-0.75f}, {1}, {0}, {-1}};
        for (double temperature : new double[] {1e-40, Double.MIN_VALUE}) {
            var batch =
                    new HeadBatch(new float[][] {{1}, {-1}}, weight, new long[] {3, 4}, new int[2], temperature, 14);
            var draws = run(device, batch);
            assertThat(draws.token()).as("temperature %s", temperature).containsExactly(1, 3);
            assertThat(draws.logProb()).as("temperature %s", temperature).containsOnly(0);
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.cuda.Devices#any")
    void minusInfinityIsNeverDrawn(Device device) {
        int columns = 200;
        for (int only : new int[] {0, 127, 128, 199}) {
            var weight = new float[columns][1];
            for (var row : weight) row[0] = NONE;
            weight[only][0] = 0.5f;
            var batch = new HeadBatch(new float[][] {{1}, {2}}, weight, new long[] {3, 4}, new int[2], 1, 14);
            assertThat(run(device, batch).token()).containsOnly(only);
            assertThat(run(device, batch).logProb()).containsOnly(0);
            weight[only][0] = NONE;
            assertThat(run(device, batch).token()).containsOnly(-1);
            assertThat(run(device, batch).logProb()).containsOnly(Float.NaN);
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.cuda.Devices#any")
    void frequenciesFitTheSoftmax(Device device) {
        int rows = 2048;
        int columns = 7;
        long seed = 15;
        var weight = HeadBatch.random(1, columns, 2, 1, seed).weight();
        var hidden = new float[rows][];
        Arrays.fill(hidden, new float[] {1, -0.5f});
        long[] sequence = IntStream.range(0, rows).asLongStream().toArray();
        var batch = new HeadBatch(hidden, weight, sequence, new int[rows], 1.3, seed);
        var counts = new int[columns];
        for (int token : run(device, batch).token()) counts[token]++;
        var row = batch.formula(0);
        double chiSquare = 0;
        for (int v = 0; v < columns; v++) {
            double expected = rows * Math.exp(row.x()[v] - row.logSumExp());
            chiSquare += Math.pow(counts[v] - expected, 2) / expected;
        }
        // 7 tokens, 6 degrees of freedom: 22.46 is exceeded with probability α = 0.001.
        assertThat(chiSquare).as("seed %d", seed).isLessThan(22.46);
    }

    /** The noise at the ends of what Philox gives is finite, and as long as 53 bits reach. */
    @Test
    void theFormulaOfTheNoiseHasMeanAndVarianceOfGumbel() {
        double sum = 0;
        double squares = 0;
        int draws = 100_000;
        for (int i = 0; i < draws; i++) {
            double noise = HeadBatch.gumbel(16, i, 0, 1);
            sum += noise;
            squares += noise * noise;
        }
        double mean = sum / draws;
        double variance = squares / draws - mean * mean;
        // Euler's constant and π²/6; five standard errors, of a kurtosis of 5.4.
        assertThat(mean).isCloseTo(0.5772156649, within(5 * Math.sqrt(1.6449 / draws)));
        assertThat(variance).isCloseTo(Math.PI * Math.PI / 6, within(5 * 1.6449 * Math.sqrt(4.4 / draws)));
    }
}
