package io.equipoise.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MicroBatchesTest {
    private static final ModelConfig CONFIG = new ModelConfig(7, 200, 0, 0);
    private static final int SEQUENCES = 1000;

    /** B rows of 2 … 200 tokens, every length as likely. */
    private static int[][] rows(long seed) {
        var random = new Random(seed);
        return IntStream.range(0, SEQUENCES)
                .mapToObj(i -> random.ints(2 + random.nextInt(199), 0, 7).toArray())
                .toArray(int[][]::new);
    }

    private static int fed(int[] row) {
        return row.length - 1;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 16, 64, 2000})
    void paddingIsNoMoreThanOneMicroBatchOfTheLongestCouldHave(int microBatch) {
        for (long seed = 1; seed <= 5; seed++) {
            int[][] tokens = rows(seed);
            var prompts = new int[SEQUENCES];
            Arrays.fill(prompts, 1);
            long positions = 0;
            var seen = new boolean[SEQUENCES];
            for (var batch : MicroBatches.of(tokens, prompts, microBatch, CONFIG)) {
                assertThat(batch.sequences().length).isBetween(1, microBatch);
                assertThat(batch.inputs()).hasSize(batch.sequences().length * batch.length());
                positions += batch.inputs().length;
                for (int i : batch.sequences()) seen[i] = true;
            }
            assertThat(seen).as("seed %d", seed).doesNotContain(false);
            long real = Arrays.stream(tokens).mapToLong(MicroBatchesTest::fed).sum();
            long shortest =
                    Arrays.stream(tokens).mapToLong(MicroBatchesTest::fed).min().orElseThrow();
            long longest =
                    Arrays.stream(tokens).mapToLong(MicroBatchesTest::fed).max().orElseThrow();
            // In order of length, the micro-batches' ranges of lengths add up to no more than the whole one.
            long most = (microBatch - 1L) * (longest - shortest);
            assertThat(positions - real).as("padding, seed %d", seed).isBetween(0L, most);
        }
    }

    /** That bound is worth something: micro-batches in the order of arrival would break it. */
    @ParameterizedTest
    @ValueSource(ints = {3, 16, 64})
    void unsortedMicroBatchesWouldPadMore(int microBatch) {
        int[][] tokens = rows(1);
        long padding = 0;
        for (int from = 0; from < SEQUENCES; from += microBatch) {
            int[][] part = Arrays.copyOfRange(tokens, from, Math.min(SEQUENCES, from + microBatch));
            long longest =
                    Arrays.stream(part).mapToLong(MicroBatchesTest::fed).max().orElseThrow();
            for (int[] row : part) padding += longest - fed(row);
        }
        assertThat(padding).isGreaterThan(2 * (microBatch - 1L) * 198);
    }
}
