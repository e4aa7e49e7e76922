package io.equipoise.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Gpt2Test {
    private static CausalLanguageModel load(Path folder) {
        return Golden.model(folder);
    }

    private static Matrix step(Decoder decoder, int... tokens) {
        try (var fed = Vector.of(tokens)) {
            decoder.feed(fed);
        }
        return decoder.logits();
    }

    /** Logits (T, V) at every position of one sequence, by the decoder. */
    private static float[][] logits(CausalLanguageModel model, int[] tokens) {
        var rows = new float[tokens.length][];
        try (var decoder = model.decoder(1, tokens.length)) {
            for (int t = 0; t < tokens.length; t++)
                rows[t] = step(decoder, tokens[t]).row(0);
        }
        return rows;
    }

    @Test
    void logitsAgreeWithTransformers() {
        try (var model = load(Golden.folder("gpt2"));
                var expected = Safetensors.open(Golden.folder("gpt2/expected.safetensors"))) {
            int[][] ids = Golden.rows(expected, "input_ids");
            float[] want = Golden.floats(expected, "logits");
            int k = 0;
            for (int[] sequence : ids) {
                for (float[] row : logits(model, sequence)) {
                    for (float value : row) assertThat(value).isCloseTo(want[k++], within(1e-4f));
                }
            }
            assertThat(k).isEqualTo(want.length);
        }
    }

    @Test
    void tokenLogProbsAgreeWithTransformersForAnyMicroBatch() {
        try (var model = load(Golden.folder("gpt2"));
                var expected = Safetensors.open(Golden.folder("gpt2/expected.safetensors"))) {
            int[][] ids = Golden.rows(expected, "input_ids");
            float[] want = Golden.floats(expected, "token_log_probs");
            var prompts = new int[ids.length];
            Arrays.fill(prompts, 1);
            for (int microBatch : new int[] {1, 3, 64}) {
                int k = 0;
                for (float[] row : model.tokenLogProbs(ids, prompts, microBatch)) {
                    for (float value : row) assertThat(value).isCloseTo(want[k++], within(5e-5f));
                }
                assertThat(k).isEqualTo(want.length);
            }
        }
    }

    @Test
    void expectationsOfTokenFunctionsAreSumsOverTheVocabulary() {
        try (var model = load(Golden.folder("gpt2"));
                var expected = Safetensors.open(Golden.folder("gpt2/expected.safetensors"))) {
            int[][] ids = Golden.rows(expected, "input_ids");
            var prompts = new int[ids.length];
            Arrays.fill(prompts, 1);
            int vocabulary = model.config().vocabularySize();
            var functions = new float[2][vocabulary];
            for (int v = 0; v < vocabulary; v++) {
                functions[0][v] = v % 7 - 3;
                functions[1][v] = 1;
            }
            var scores = model.tokenScores(ids, prompts, 3, functions);
            for (int i = 0; i < ids.length; i++) {
                float[][] logits = logits(model, ids[i]);
                assertThat(scores.expected()[i]).hasDimensions(ids[i].length - 1, 2);
                for (int t = 0; t + 1 < ids[i].length; t++) {
                    double mass = 0;
                    double sum = 0;
                    for (int v = 0; v < vocabulary; v++) {
                        mass += Math.exp(logits[t][v]);
                        sum += Math.exp(logits[t][v]) * functions[0][v];
                    }
                    assertThat(scores.expected()[i][t][0]).isCloseTo((float) (sum / mass), within(1e-4f));
                    assertThat(scores.expected()[i][t][1]).isCloseTo(1, within(1e-5f));
                }
            }
            assertThatThrownBy(() -> model.tokenScores(ids, prompts, 3, new float[1][vocabulary - 1]))
                    .hasMessageContaining("a function has " + (vocabulary - 1) + " values");
        }
    }

    @Test
    void greedyContinuationAgreesWithTransformers() {
        try (var model = load(Golden.folder("gpt2"));
                var expected = Safetensors.open(Golden.folder("gpt2/expected.safetensors"))) {
            for (int[] want : Golden.rows(expected, "greedy_from_first_5")) {
                int[] sequence = Arrays.copyOf(want, want.length);
                for (int t = 5; t < want.length; t++) {
                    float[] row = logits(model, Arrays.copyOf(sequence, t))[t - 1];
                    int best = 0;
                    for (int v = 1; v < row.length; v++) best = row[v] > row[best] ? v : best;
                    sequence[t] = best;
                }
                assertThat(sequence).isEqualTo(want);
            }
        }
    }

    @Test
    void aSavedAndReloadedModelGivesIdenticalLogits(@TempDir Path folder) throws Exception {
        int[] tokens = {3, 1, 4, 1, 5, 9, 2, 6};
        try (var model = load(Golden.folder("gpt2"))) {
            ModelHub.save(model, Golden.folder("gpt2"), folder);
            try (var reloaded = load(folder)) {
                assertThat(logits(reloaded, tokens)).isDeepEqualTo(logits(model, tokens));
            }
        }
    }

    @Test
    void keepingRowsGoesOnWithTheirCaches() {
        int[][] rows = {{1, 2, 3, 4}, {5, 6, 7, 8}, {9, 10, 11, 12}};
        try (var model = load(Golden.folder("gpt2"));
                var decoder = model.decoder(3, 4)) {
            step(decoder, 1, 5, 9);
            step(decoder, 2, 6, 10);
            decoder.keep(new int[] {2, 0});
            step(decoder, 11, 3);
            var last = step(decoder, 12, 4);
            float[][] alone = {logits(model, rows[2])[3], logits(model, rows[0])[3]};
            for (int i = 0; i < 2; i++) {
                assertThat(last.row(i)).usingComparatorWithPrecision(1e-4f).containsExactly(alone[i]);
            }
        }
    }

    @Test
    void aClosedModelSaysSo() {
        var model = load(Golden.folder("gpt2"));
        model.close();
        model.close();
        assertThatThrownBy(() -> model.decoder(1, 2))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
    }
}
