package io.equipoise.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a model says is final of its gradient is: nothing of it changes any more. */
class GradientProgressTest {
    private static final int LENGTH = 7;

    private static int[][] tokens(int sequences, ModelConfig config) {
        var random = new Random(4);
        var tokens = new int[sequences][LENGTH];
        for (int[] row : tokens) Arrays.setAll(row, t -> random.nextInt(config.vocabularySize()));
        return tokens;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 9})
    void whatIsFinalStaysAsItIs(int sequences) {
        try (var model = Golden.model("gpt2")) {
            model.trainable(name -> true);
            int[][] tokens = tokens(sequences, model.config());
            var prompt = new int[sequences];
            Arrays.fill(prompt, 1);
            SequenceCoefficients coefficients = SequenceCoefficients.of((i, logProb) -> i - 2.5);
            model.accumulateGradient(tokens, prompt, 2, coefficients);
            float[] wanted = model.parameters().gradient().toFloats();

            model.parameters().gradient().clear();
            var told = new ArrayList<Long>();
            var seen = new ArrayList<float[]>();
            model.accumulateGradient(tokens, prompt, 2, coefficients, (GradientProgress) element -> {
                told.add(element);
                var gradient = model.parameters().gradient();
                seen.add(gradient.slice(element, gradient.size() - element).toFloats());
            });
            assertThat(model.parameters().gradient().toFloats()).isEqualTo(wanted);
            assertThat(told.get(told.size() - 1)).isZero();
            for (int k = 0; k < told.size(); k++) {
                if (k > 0) assertThat(told.get(k)).isLessThanOrEqualTo(told.get(k - 1));
                float[] tail = Arrays.copyOfRange(wanted, Math.toIntExact(told.get(k)), wanted.length);
                assertThat(seen.get(k)).isEqualTo(tail);
            }
        }
    }
}
