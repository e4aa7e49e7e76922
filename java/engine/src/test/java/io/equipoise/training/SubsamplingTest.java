package io.equipoise.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.equipoise.model.TabularModel;
import io.equipoise.target.Constraint;
import io.equipoise.target.Feature;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SubsamplingTest {
    private static final long SEED = 77;

    private static double[] sizes(int count) {
        var random = new Random(SEED);
        return IntStream.range(0, count)
                .mapToDouble(i -> Math.exp(2 * random.nextGaussian()))
                .toArray();
    }

    private static boolean[] all(int count) {
        var all = new boolean[count];
        Arrays.fill(all, true);
        return all;
    }

    @Test
    void probabilitiesRiseWithSizeAndMeetTheShare() {
        double[] sizes = sizes(500);
        var drawn = Subsampling.draw(sizes, all(500), 0.4, SEED, 0);
        double[] probability = drawn.probability();
        assertThat(Arrays.stream(probability).average().orElseThrow()).isCloseTo(0.4, within(1e-6));
        for (int i = 1; i < sizes.length; i++) {
            assertThat(probability[i]).isBetween(0.05, 1.0);
            if (sizes[i] > sizes[i - 1]) assertThat(probability[i]).isGreaterThanOrEqualTo(probability[i - 1]);
        }
        assertThat(drawn.kept().length + drawn.left().length).isEqualTo(500);
    }

    @Test
    void aSumOverWhatStaysIsUnbiased() {
        double[] sizes = sizes(100);
        double sum = 0;
        double squares = 0;
        int draws = 20_000;
        for (int k = 0; k < draws; k++) {
            var drawn = Subsampling.draw(sizes, all(100), 0.3, SEED, 100L * k);
            double estimate = 0;
            for (int i : drawn.kept()) estimate += sizes[i] / drawn.probability()[i];
            sum += estimate;
            squares += estimate * estimate;
        }
        double mean = sum / draws;
        double error = Math.sqrt((squares / draws - mean * mean) / draws);
        // α = 0.001, two-sided.
        assertThat(mean).isCloseTo(Arrays.stream(sizes).sum(), within(3.29 * error));
    }

    @Test
    void trainingWithItReachesTheTargetToo() {
        var starts = Constraint.moment("starts with a", Feature.test(text -> text.startsWith("a")), 0.5);
        for (boolean onPolicy : new boolean[] {false, true}) {
            var config = TrainingConfig.builder()
                    .steps(200)
                    .batchSize(512)
                    .maxTokens(4)
                    .momentSamples(4000)
                    .learningRate(0.1)
                    .schedule(Schedule.COSINE)
                    .gradientSubsampling(0.3)
                    .onPolicy(onPolicy)
                    .seed(3)
                    .build();
            try (var base = TabularModel.random(3, 4, 20);
                    var trainer = Trainer.create(base, TabularModel::text, List.of(starts), config)) {
                while (!trainer.isFinished()) trainer.step();
                int[][] all = base.sequences();
                double[] logPolicy = ((TabularModel) trainer.policy()).logProbs(all);
                double share = IntStream.range(0, all.length)
                        .filter(i -> all[i][1] == 1)
                        .mapToDouble(i -> Math.exp(logPolicy[i]))
                        .sum();
                assertThat(share).as("on-policy %s", onPolicy).isCloseTo(0.5, within(0.04));
            }
        }
    }

    @Test
    void withoutItNobodyIsLeftOut() {
        var none = Subsampling.all(all(7));
        assertThat(none.kept()).hasSize(7);
        assertThat(none.left()).isEmpty();
        assertThat(none.probability()).containsOnly(1);
    }

    @Test
    void whatCannotMatterIsNeverKeptAndTakesNobodysPlace() {
        double[] sizes = sizes(200);
        var counts = new boolean[200];
        for (int i = 0; i < counts.length; i++) {
            counts[i] = i % 4 == 0;
            if (!counts[i]) sizes[i] = 0;
        }
        var drawn = Subsampling.draw(sizes, counts, 0.1, SEED, 0);
        assertThat(drawn.kept()).isNotEmpty();
        for (int i : drawn.kept()) assertThat(counts[i]).isTrue();
        assertThat(Arrays.stream(drawn.probability()).average().orElseThrow()).isCloseTo(0.1, within(1e-6));
        // A share that all who count don't fill keeps them all.
        assertThat(Subsampling.draw(sizes, counts, 0.3, SEED, 0).kept()).hasSize(50);
        assertThat(Subsampling.all(counts).kept()).hasSize(50);
    }
}
