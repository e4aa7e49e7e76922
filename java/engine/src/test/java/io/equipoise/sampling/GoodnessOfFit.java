package io.equipoise.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;

/** Pearson's χ² of drawn sequences against exact probabilities. */
public final class GoodnessOfFit {
    private GoodnessOfFit() {}

    /**
     * Fails where the counts of drawn sequences are too far from what is expected, at α = 0.001, or too near to be
     * random. Sequences expected under 5 times count as one together.
     *
     * @param probability of each sequence
     * @param sequences every sequence of the language
     * @param drawn independently of each other
     */
    public static void assertDrawnFrom(double[] probability, int[][] sequences, int[][] drawn) {
        var counts = new HashMap<List<Integer>, Integer>();
        for (int[] row : drawn) counts.merge(Arrays.stream(row).boxed().toList(), 1, Integer::sum);
        double statistic = 0;
        double restExpected = 0;
        double restCount = 0;
        int cells = 0;
        for (int i = 0; i < sequences.length; i++) {
            double expected = probability[i] * drawn.length;
            double count =
                    counts.getOrDefault(Arrays.stream(sequences[i]).boxed().toList(), 0);
            if (expected < 5) {
                restExpected += expected;
                restCount += count;
            } else {
                statistic += (count - expected) * (count - expected) / expected;
                cells++;
            }
        }
        if (restExpected > 0) {
            statistic += (restCount - restExpected) * (restCount - restExpected) / restExpected;
            cells++;
        }
        int freedom = cells - 1;
        // Wilson-Hilferty: the (1 − α) quantile of χ² at α = 0.001, whose normal quantile is 3.0902.
        double cube = 1 - 2.0 / (9 * freedom) + 3.0902 * Math.sqrt(2.0 / (9 * freedom));
        assertThat(statistic).as("χ² with %d degrees of freedom", freedom).isLessThan(freedom * cube * cube * cube);
        assertThat(statistic).as("too good to be random").isGreaterThan(freedom * 0.3);
    }
}
