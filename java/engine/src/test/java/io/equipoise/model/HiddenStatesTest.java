package io.equipoise.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

/** The last hidden states are what the head makes log-probabilities of. */
class HiddenStatesTest {
    private static final int[][] TOKENS = {{3, 1, 4, 1, 5}, {9, 2}, {6, 5, 3, 5, 8, 9, 7}, {9, 3}};
    /** The last row is all prompt. */
    private static final int[] PROMPT = {1, 1, 3, 2};

    /**
     * Compares log softmax(head · hidden) with the model's own log-probabilities.
     *
     * @param head (V, D), row-major
     */
    private static void assertHeadOfHiddenIsTheModel(
            CausalLanguageModel model, float[] head, int[][] tokens, int[] prompt) {
        float[][] wanted = model.tokenLogProbs(tokens, prompt, 64);
        for (int microBatch : new int[] {1, 3, 64}) {
            float[][][] hidden = model.hiddenStates(tokens, prompt, microBatch);
            assertThat(hidden.length).isEqualTo(tokens.length);
            for (int i = 0; i < tokens.length; i++) {
                assertThat(hidden[i].length).isEqualTo(tokens[i].length - prompt[i]);
                for (int t = 0; t < hidden[i].length; t++) {
                    assertThat(logProb(head, hidden[i][t], tokens[i][prompt[i] + t]))
                            .as("token %d of sequence %d, micro-batch %d", t, i, microBatch)
                            .isCloseTo(wanted[i][t], within(5e-5));
                }
            }
        }
    }

    private static double logProb(float[] head, float[] hidden, int token) {
        double sum = 0;
        double own = 0;
        for (int v = 0; v < head.length / hidden.length; v++) {
            double logit = 0;
            for (int d = 0; d < hidden.length; d++) logit += (double) head[v * hidden.length + d] * hidden[d];
            sum += Math.exp(logit);
            if (v == token) own = logit;
        }
        return own - Math.log(sum);
    }

    @Test
    void ofGpt2() {
        try (var model = Golden.model("gpt2")) {
            var parameters = model.parameters();
            var embedding = parameters.list().stream()
                    .filter(each -> each.name().equals("transformer.wte.weight"))
                    .findFirst()
                    .orElseThrow();
            float[] head =
                    parameters.value().slice(embedding.from(), embedding.size()).toFloats();
            assertThat(model.width()).isEqualTo(head.length / model.config().vocabularySize());
            assertHeadOfHiddenIsTheModel(model, head, TOKENS, PROMPT);
        }
    }

    @Test
    void ofTheTable() {
        try (var model = TabularModel.random(2, 3, 5)) {
            // Its logits lie prefix by prefix, (D, V).
            float[] table = model.parameters().value().toFloats();
            int vocabulary = model.config().vocabularySize();
            var head = new float[table.length];
            for (int d = 0; d < model.width(); d++) {
                for (int v = 0; v < vocabulary; v++) head[v * model.width() + d] = table[d * vocabulary + v];
            }
            int[][] tokens = model.sequences();
            var prompt = new int[tokens.length];
            for (int i = 0; i < prompt.length; i++) prompt[i] = 1 + i % 2;
            assertHeadOfHiddenIsTheModel(model, head, tokens, prompt);
        }
    }
}
