package io.equipoise.training;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PromptGroupsTest {
    private static TrainingConfig config(int promptsPerStep, long seed) {
        return TrainingConfig.builder()
                .batchSize(12)
                .promptsPerStep(promptsPerStep)
                .seed(seed)
                .build();
    }

    /** The prompts of the groups of so many steps, one after the other. */
    private static List<Integer> groups(int prompts, TrainingConfig config, int steps) {
        var schedule = new PromptGroups(prompts, config);
        var groups = new ArrayList<Integer>();
        int each = 12 / config.promptsPerStep();
        for (int step = 0; step < steps; step++) {
            int[] prompt = schedule.next();
            assertThat(prompt).hasSize(12);
            for (int from = 0; from < 12; from += each) {
                assertThat(Arrays.copyOfRange(prompt, from, from + each)).containsOnly(prompt[from]);
                groups.add(prompt[from]);
            }
        }
        return groups;
    }

    @Test
    void everyPromptComesOnceARound() {
        for (int perStep : new int[] {1, 3, 12}) {
            var groups = groups(7, config(perStep, 5), 14);
            var all = IntStream.range(0, 7).boxed().toList();
            for (int from = 0; from + 7 <= groups.size(); from += 7) {
                assertThat(groups.subList(from, from + 7)).containsExactlyInAnyOrderElementsOf(all);
            }
        }
    }

    @Test
    void theOrderIsTheSeedsAndTheRounds() {
        var groups = groups(7, config(1, 5), 14);
        assertThat(groups(7, config(1, 5), 14)).isEqualTo(groups);
        assertThat(groups(7, config(1, 6), 14)).isNotEqualTo(groups);
        assertThat(groups.subList(0, 7)).isNotEqualTo(groups.subList(7, 14));
        // How many prompts a step has doesn't change their order.
        assertThat(groups(7, config(2, 5), 7)).isEqualTo(groups);
    }

    @Test
    void allOrdersAreAsLikely() {
        var counts = new int[6];
        int seeds = 3000;
        for (int seed = 0; seed < seeds; seed++) {
            var order = groups(3, config(1, seed), 3);
            counts[2 * order.get(0) + (order.get(1) < order.get(2) ? 0 : 1)]++;
        }
        double statistic = 0;
        for (int count : counts) statistic += Math.pow(count - seeds / 6.0, 2) / (seeds / 6.0);
        // The quantile of χ² with 5 degrees of freedom at α = 0.001.
        assertThat(statistic).isLessThan(20.5);
    }

    @Test
    void allSequencesGoOnFromTheOnlyPrompt() {
        assertThat(new PromptGroups(1, config(5, 0)).next()).containsOnly(0).hasSize(12);
        assertThat(Collections.frequency(groups(1, config(1, 0), 3), 0)).isEqualTo(3);
    }
}
