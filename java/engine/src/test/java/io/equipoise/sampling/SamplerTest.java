package io.equipoise.sampling;

import static io.equipoise.sampling.GoodnessOfFit.assertDrawnFrom;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.equipoise.kernels.KernelProvider;
import io.equipoise.kernels.Truncation;
import io.equipoise.model.CausalLanguageModel;
import io.equipoise.model.Golden;
import io.equipoise.model.ModelHub;
import io.equipoise.model.TabularModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SamplerTest {
    private static final SamplerConfig TOY = SamplerConfig.of(4, 7);

    private static Sampler sampler(SamplerConfig config) {
        return new Sampler(config);
    }

    @Test
    void drawsFollowTheModelExactly() {
        var model = TabularModel.random(3, 4, 1);
        int[][] all = model.sequences();
        double[] probability = Arrays.stream(model.logProbs(all)).map(Math::exp).toArray();
        assertThat(Arrays.stream(probability).sum()).isCloseTo(1, within(1e-9));
        var drawn = sampler(TOY).sample(model, 20_000, 0);
        assertDrawnFrom(probability, all, drawn.tokens());
    }

    @Test
    void temperatureTempersEveryToken() {
        var model = TabularModel.random(3, 4, 2);
        float[] logits = model.parameters().value().toFloats();
        for (int i = 0; i < logits.length; i++) logits[i] /= 0.5f;
        var tempered = new TabularModel(3, 4, logits);
        int[][] all = model.sequences();
        double[] probability =
                Arrays.stream(tempered.logProbs(all)).map(Math::exp).toArray();
        var config = new SamplerConfig(0.5, 4, Truncation.NONE, false, 256, 3);
        var drawn = sampler(config).sample(model, 20_000, 0);
        assertDrawnFrom(probability, all, drawn.tokens());
        assertThat(drawn.logProb()[5]).isCloseTo(tempered.logProbs(new int[][] {drawn.tokens()[5]})[0], within(1e-5));
    }

    @Test
    void topKOneIsGreedy() {
        var model = TabularModel.random(3, 4, 4);
        var config = new SamplerConfig(1, 4, new Truncation(1, 1), false, 16, 3);
        var drawn = sampler(config).sample(model, 50, 0);
        for (int i = 0; i < 50; i++) {
            assertThat(drawn.tokens()[i]).isEqualTo(drawn.tokens()[0]);
            assertThat(drawn.logProb()[i]).isEqualTo(0);
        }
    }

    @Test
    void greedyTakesTheLikeliestToken() {
        var model = TabularModel.random(3, 4, 4);
        var drawn = sampler(SamplerConfig.greedy(4, 3)).sample(model, 20, 0);
        var likeliest = sampler(new SamplerConfig(0.001, 4, Truncation.NONE, false, 16, 8))
                .sample(model, 20, 0);
        assertThat(drawn.tokens()).isDeepEqualTo(likeliest.tokens());
        assertThat(drawn.logProb()).containsOnly(0);
        assertThatThrownBy(() -> new SamplerConfig(0, 4, Truncation.NONE, false, 16, 8))
                .hasMessageContaining("temperature must be > 0, got 0.0; the likeliest token each time is top-k 1");
    }

    @Test
    void tokensDependNeitherOnTheBatchNorOnWhatElseIsInIt() {
        try (var model = Golden.model("gpt2")) {
            var config = SamplerConfig.of(20, 11);
            var together = sampler(config).sample(model, 37, 5);
            for (int batch : new int[] {1, 8}) {
                var apart = sampler(config.withBatchSize(batch)).sample(model, 37, 5);
                assertThat(apart.tokens()).isDeepEqualTo(together.tokens());
            }
            var later = sampler(config).sample(model, 7, 35);
            assertThat(later.tokens()).isDeepEqualTo(Arrays.copyOfRange(together.tokens(), 30, 37));
        }
    }

    /** Neither the order of prompts, nor how they are grouped, nor what the others are changes a sequence. */
    @Test
    void tokensDependOnTheirOwnPromptAndIndexAlone() {
        try (var model = Golden.model("gpt2")) {
            int bos = model.config().bosToken();
            var texts = List.of("long", "short", "other");
            int[][] tokens = {{bos, 7, 8, 9, 10, 11}, {bos, 7}, {bos, 12, 13}};
            var prompts = Prompts.of(texts, tokens, false);
            int[] groups = {0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2};
            int[] mixed = {2, 0, 1, 0, 1, 2, 1, 1, 2, 0, 0, 2};
            var config = SamplerConfig.of(20, 11);
            for (int[] prompt : List.of(groups, mixed)) {
                for (int batch : new int[] {3, 256}) {
                    var drawn = sampler(config.withBatchSize(batch)).sample(model, prompts, prompt, 5);
                    for (int i = 0; i < prompt.length; i++) {
                        var alone = sampler(config).sample(model, new int[][] {tokens[prompt[i]]}, 5 + i);
                        assertThat(drawn.tokens()[i]).isEqualTo(alone.tokens()[0]);
                        assertThat(drawn.promptLength()[i]).isEqualTo(tokens[prompt[i]].length);
                    }
                }
            }
            // Where order leaves a sequence its prompt, it leaves it its tokens.
            var inGroups = sampler(config).sample(model, prompts, groups, 5);
            var inAnother = sampler(config).sample(model, prompts, mixed, 5);
            for (int i = 0; i < groups.length; i++) {
                boolean same = Arrays.equals(inGroups.tokens()[i], inAnother.tokens()[i]);
                assertThat(same).isEqualTo(groups[i] == mixed[i]);
            }
        }
    }

    @Test
    void keptLogProbsEqualTeacherForcedOnes() {
        try (var model = Golden.model("gpt2")) {
            var prompts = new int[24][];
            for (int i = 0; i < prompts.length; i++) {
                prompts[i] = i % 3 == 0 ? new int[0] : Arrays.copyOf(new int[] {7, 8, 9, 10, 11}, 1 + i % 5);
            }
            var drawn = sampler(SamplerConfig.of(30, 1)).sample(model, prompts, 0);
            float[][] scored = model.tokenLogProbs(drawn.tokens(), drawn.promptLength(), 5);
            for (int i = 0; i < prompts.length; i++) {
                int[] start = prompts[i].length == 0 ? new int[] {model.config().bosToken()} : prompts[i];
                assertThat(drawn.tokens()[i]).startsWith(start);
                assertThat(scored[i]).hasSameSizeAs(drawn.tokenLogProb()[i]);
                for (int t = 0; t < scored[i].length; t++) {
                    assertThat(drawn.tokenLogProb()[i][t]).isCloseTo(scored[i][t], within(1e-4f));
                }
            }
        }
    }

    @Test
    void aSequenceEndsWithItsFirstEosOrAtMaxTokens() {
        var model = TabularModel.random(3, 4, 5);
        var lengths = new ArrayList<Integer>();
        for (int[] row : sampler(TOY).sample(model, 500, 0).tokens()) {
            for (int t = 1; t + 1 < row.length; t++) assertThat(row[t]).isPositive();
            if (row.length < 5) assertThat(row[row.length - 1]).isZero();
            lengths.add(row.length);
        }
        assertThat(lengths).contains(2, 3, 4, 5);
    }

    @Test
    void fixedLengthRunsThroughEos() {
        try (var model = Golden.model("gpt2")) {
            var config = new SamplerConfig(1, 50, Truncation.NONE, true, 64, 2);
            var drawn = sampler(config).sample(model, 40, 0);
            int eosInside = 0;
            for (int[] row : drawn.tokens()) {
                assertThat(row).hasSize(51);
                for (int t = 1; t < 50; t++)
                    eosInside += model.config().eosTokens().contains(row[t]) ? 1 : 0;
            }
            assertThat(eosInside).isPositive();
        }
    }

    private static CausalLanguageModel gpt2(Path folder, String eos) throws IOException {
        for (String name : List.of("config.json", "model.safetensors")) {
            Files.copy(Golden.folder("gpt2").resolve(name), folder.resolve(name), StandardCopyOption.REPLACE_EXISTING);
        }
        var config = Files.readString(folder.resolve("config.json"));
        Files.writeString(
                folder.resolve("config.json"), config.replace("\"eos_token_id\": 210", "\"eos_token_id\": " + eos));
        return ModelHub.loadModel(folder, KernelProvider.kernels());
    }

    private static List<Integer> lengths(Sequences sequences) {
        return Arrays.stream(sequences.tokens()).map(row -> row.length).toList();
    }

    @Test
    void anyOfSeveralEosEndsASequence(@TempDir Path folder) throws IOException {
        var ends = Set.of(210, 7, 9, 30);
        var config = SamplerConfig.of(50, 2);
        try (var one = gpt2(folder, "210");
                var several = gpt2(folder, "[210, 7, 9, 30]")) {
            var longer = sampler(config).sample(one, 60, 0);
            var drawn = sampler(config).sample(several, 60, 0);
            var seen = new HashSet<Integer>();
            for (int i = 0; i < drawn.size(); i++) {
                int[] row = longer.tokens()[i];
                int length = 1;
                while (length < row.length && !ends.contains(row[length])) length++;
                int[] wanted = Arrays.copyOf(row, Math.min(length + 1, row.length));
                assertThat(drawn.tokens()[i]).isEqualTo(wanted);
                assertThat(drawn.tokenLogProb()[i]).hasSize(wanted.length - 1);
                seen.add(wanted[wanted.length - 1]);
            }
            assertThat(seen).containsAll(ends);
            var fixed = new SamplerConfig(1, 50, Truncation.NONE, true, 64, 2);
            assertThat(lengths(sampler(fixed).sample(several, 20, 0))).containsOnly(51);
        }
    }

    @Test
    void withoutEosOnlyTheLengthEndsASequence(@TempDir Path folder) throws IOException {
        try (var endless = gpt2(folder, "null");
                var ending = gpt2(folder, "210")) {
            var config = SamplerConfig.of(30, 2);
            assertThat(lengths(sampler(config).sample(endless, 20, 0))).containsOnly(31);
            assertThat(lengths(sampler(config).sample(ending, 20, 0))).anyMatch(length -> length < 31);
        }
    }

    @Test
    void whatDoesNotFitTheContextIsRefused() {
        var model = TabularModel.random(3, 4, 6);
        assertThatThrownBy(() -> sampler(SamplerConfig.of(5, 0)).sample(model, 1, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("context of 5");
    }
}
