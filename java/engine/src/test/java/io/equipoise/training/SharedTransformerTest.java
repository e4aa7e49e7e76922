package io.equipoise.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.equipoise.distributed.Collective;
import io.equipoise.distributed.Ranks;
import io.equipoise.distributed.SharedWork;
import io.equipoise.kernels.KernelProvider;
import io.equipoise.model.Golden;
import io.equipoise.sampling.Prompts;
import io.equipoise.sampling.Sampler;
import io.equipoise.sampling.SamplerConfig;
import io.equipoise.target.Constraint;
import io.equipoise.target.Feature;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A transformer's training is the same run for any number of ranks: on the engine's own kernels to the bit, until the first
 * update. Nothing here amplifies rounding, which differs between processors: Adam's ε is far above the gradients, so that its
 * steps are in proportion to them (with a small one a first step is the learning rate times the gradient's sign, and rounding
 * in a gradient near 0 becomes a whole step), and there are no control variates, whose weights solve least squares of eleven
 * texts. {@link SharedTrainingTest} has both.
 */
class SharedTransformerTest {
    private static final double NEARLY = 1e-4;

    private static SharedTrainingTest.Run train(Collective collective) {
        var config = TrainingConfig.builder()
                .steps(5)
                .batchSize(11)
                .momentSamples(300)
                .maxTokens(8)
                .learningRate(1)
                .epsilon(1)
                .controlVariates(false)
                .checkEvery(3)
                .seed(9)
                .build();
        var even = Constraint.moment(
                "even", Feature.test(text -> text.length() % 2 == 0).onPrefixes(), 0.6);
        try (var base = Golden.model("gpt2");
                var trainer = Trainer.builder(base, SharedTransformerTest::text, List.of(even), config)
                        .collective(collective)
                        .create()) {
            return SharedTrainingTest.run(trainer);
        }
    }

    private static List<String> text(List<int[]> sequences) {
        return sequences.stream()
                .map(tokens -> Arrays.stream(tokens)
                        .mapToObj(token -> token % 3 == 0 ? "ab" : "a")
                        .collect(Collectors.joining()))
                .toList();
    }

    /** Counted: how many tokens of a first batch are others than one process draws. */
    @ParameterizedTest
    @ValueSource(ints = {2, 4})
    void textsDoNotDependOnTheNumberOfRanks(int size) throws Exception {
        var alone = draw(Collective.alone());
        for (var texts : Ranks.run(size, SharedTransformerTest::draw)) {
            int others = 0;
            int all = 0;
            for (int i = 0; i < alone.length; i++) {
                all += Math.max(alone[i].length, texts[i].length);
                for (int t = 0; t < Math.max(alone[i].length, texts[i].length); t++) {
                    if (t >= Math.min(alone[i].length, texts[i].length) || alone[i][t] != texts[i][t]) others++;
                }
            }
            assertThat(others).as("of %d tokens", all).isLessThanOrEqualTo(all / 1000);
            if (KernelProvider.kernels().transformer().isPresent())
                assertThat(others).isZero();
        }
    }

    private static int[][] draw(Collective collective) {
        try (var base = Golden.model("gpt2")) {
            return new Rollouts(
                            base,
                            SharedTransformerTest::text,
                            List.of(),
                            Prompts.NONE,
                            new Sampler(SamplerConfig.of(16, 5)),
                            new SequenceKernels(KernelProvider.kernels()),
                            64,
                            new SharedWork(collective))
                    .sample(base, 301, 7)
                    .tokens();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void isTheRunOfOne(int size) throws Exception {
        boolean own = KernelProvider.kernels().transformer().isPresent();
        var alone = train(Collective.alone());
        assertThat(alone.steps().get(4).path("loss").asDouble())
                .as("far from the first")
                .isNotCloseTo(alone.steps().get(0).path("loss").asDouble(), within(100 * NEARLY));
        SharedTrainingTest.assertSameRun(Ranks.run(size, SharedTransformerTest::train), alone, own, NEARLY);
    }
}
