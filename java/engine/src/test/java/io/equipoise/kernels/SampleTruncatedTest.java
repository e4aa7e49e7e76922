package io.equipoise.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Draws from part of the vocabulary, which are kernels of their own. */
class SampleTruncatedTest {
    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void drawsWhatTheReferenceDraws(Kernels kernels) {
        var truncations = new Truncation[] {
            new Truncation(1, 1), new Truncation(40, 1), new Truncation(0, 0.9), new Truncation(50, 0.95),
        };
        var cases = Case.all()
                .filter(c -> Implementations.FAST || c.rows() * c.columns() < 60_000)
                .toList();
        for (int i = 0; i < cases.size(); i++) {
            var c = cases.get(i);
            // Where a pass is long, of the largest or interpreted, each case has one in turn.
            boolean all = Implementations.FAST && c.columns() < 2000;
            var some = all ? List.of(truncations) : List.of(truncations[i % truncations.length]);
            for (var truncation : some) Draws.assertAsReference(c, truncation, List.of(kernels));
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void truncationKeepsTheLargestAndRenormalises(Kernels kernels) {
        // Probabilities 0.4, 0.3, 0.2, 0.1, shuffled.
        var x = new float[] {log(0.1), log(0.4), log(0.2), log(0.3)};
        int draws = Implementations.draws(1000);
        try (var logits = Draws.repeated(DataType.F32, x, draws)) {
            assertOnly(kernels, logits, new Truncation(1, 1), 0, 1, 0, 0);
            assertOnly(kernels, logits, new Truncation(2, 1), 0, 0.4 / 0.7, 0, 0.3 / 0.7);
            assertOnly(kernels, logits, new Truncation(0, 0.65), 0, 0.4 / 0.7, 0, 0.3 / 0.7);
            assertOnly(kernels, logits, new Truncation(0, 0.75), 0, 0.4 / 0.9, 0.2 / 0.9, 0.3 / 0.9);
            assertOnly(kernels, logits, new Truncation(2, 0.5), 0, 1, 0, 0);
            assertOnly(kernels, logits, new Truncation(9, 1), 0.1, 0.4, 0.2, 0.3);
        }
        try (var logits = Draws.repeated(DataType.F32, new float[] {1, 2, 2, 2}, draws)) {
            assertOnly(kernels, logits, new Truncation(2, 1), 0, 1 / 3.0, 1 / 3.0, 1 / 3.0);
        }
    }

    private static float log(double p) {
        return (float) Math.log(p);
    }

    /** Every token comes with the log of its probability, those of probability 0 never, the others all. */
    private static void assertOnly(Kernels kernels, Matrix logits, Truncation truncation, double... probability) {
        int draws = (int) logits.rows();
        var result = Draws.of(kernels, logits, Draws.sequences(draws), new int[draws], 1, truncation);
        var seen = new boolean[probability.length];
        for (int row = 0; row < draws; row++) {
            int token = result.token()[row];
            seen[token] = true;
            assertThat((double) result.logProb()[row])
                    .as("logProb of token %d under %s", token, truncation)
                    .isCloseTo(Math.log(probability[token]), within(1e-6));
        }
        for (int v = 0; v < seen.length; v++) {
            assertThat(seen[v]).as("token %d drawn under %s", v, truncation).isEqualTo(probability[v] > 0);
        }
    }
}
