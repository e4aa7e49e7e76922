package io.equipoise.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.equipoise.kernels.KernelProvider;
import io.equipoise.memory.NativeMemory;
import java.util.Arrays;
import java.util.Random;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Norms of single sequences' gradients: from the batch's backward pass, by a pass each, and in closed form. */
class SequenceNormsTest {
    private static final long SEED = 17;

    /** Sequences with their coefficients. */
    private record Batch(int[][] tokens, int[] promptLength, float[][] coefficient) {
        /** Prompts and lengths of all sorts; tokens from few, so that they come twice and are fed and predicted. */
        static Batch of(int vocabulary, int[] promptLength, int[] generated) {
            var random = new Random(SEED);
            var tokens = new int[generated.length][];
            var coefficient = new float[generated.length][];
            for (int i = 0; i < tokens.length; i++) {
                tokens[i] = random.ints(promptLength[i] + generated[i], 0, Math.min(vocabulary, 9))
                        .toArray();
                coefficient[i] = new float[generated[i]];
                for (int t = 0; t < generated[i]; t++) coefficient[i][t] = (float) random.nextGaussian();
            }
            return new Batch(tokens, promptLength, coefficient);
        }

        SequenceCoefficients coefficients() {
            return (i, logProb, c) -> System.arraycopy(coefficient[i], 0, c, 0, c.length);
        }
    }

    private static Batch ragged() {
        var batch =
                Batch.of(211, new int[] {1, 3, 1, 6, 1, 1, 2, 4, 1, 1}, new int[] {9, 5, 40, 1, 0, 9, 17, 12, 1, 30});
        // Twice the same, with other coefficients; no coefficient at all; some that are 0.
        batch.tokens[5] = batch.tokens[0];
        Arrays.fill(batch.coefficient[6], 0);
        Arrays.fill(batch.coefficient[7], 0, 7, 0);
        return batch;
    }

    private static CausalLanguageModel golden(Precision precision) {
        return ModelHub.loadModel(Golden.folder("gpt2"), KernelProvider.kernels(), precision);
    }

    /** A model with weights of its own for head and token embedding, and a context longer than the head's chunks. */
    private static CausalLanguageModel untied() {
        int context = 2 * FusedHead.CHUNK + 200;
        var config =
                new Gpt2Config(29, context, 16, 2, 2, 40, "gelu_new", 1e-5, true, false, false, 0, EosTokens.of(0));
        return random(config);
    }

    private static CausalLanguageModel tied() {
        int context = 2 * FusedHead.CHUNK + 200;
        var config = new Gpt2Config(29, context, 16, 2, 2, 40, "gelu_new", 1e-5, true, false, true, 0, EosTokens.of(0));
        return random(config);
    }

    private static CausalLanguageModel random(Gpt2Config config) {
        var model = new Gpt2(config, KernelProvider.kernels(), Precision.F32, LibtorchDevice.CPU);
        var random = new Random(SEED);
        var values = new float[(int) model.parameters().value().size()];
        for (int k = 0; k < values.length; k++) values[k] = (float) random.nextGaussian() * 0.3f;
        model.parameters().value().put(values);
        model.changed();
        return model;
    }

    /** Both ways agree, and nothing else is touched by either. */
    private static void check(
            Supplier<CausalLanguageModel> load, String trainable, Batch batch, int microBatch, double tolerance) {
        try (var model = load.get();
                var plain = load.get()) {
            for (var each : new CausalLanguageModel[] {model, plain}) {
                each.trainable(name -> name.matches(".*(" + trainable + ").*"));
            }
            var found = new double[batch.tokens.length];
            Arrays.fill(found, Double.NaN);
            double[] logProb =
                    model.accumulateGradient(batch.tokens, batch.promptLength, microBatch, batch.coefficients(), found);
            double[] plainLogProb =
                    plain.accumulateGradient(batch.tokens, batch.promptLength, microBatch, batch.coefficients());
            float[] gradient = plain.parameters().gradient().toFloats();
            assertThat(logProb).containsExactly(plainLogProb);
            assertThat(model.parameters().gradient().toFloats()).isEqualTo(gradient);

            double[] wanted =
                    SequenceGradients.squaredNorms(plain, batch.tokens, batch.promptLength, batch.coefficient);
            assertThat(plain.parameters().gradient().toFloats()).isEqualTo(gradient);
            for (int i = 0; i < found.length; i++) {
                boolean counts = false;
                for (float c : batch.coefficient[i]) counts |= c != 0;
                if (counts) assertThat(wanted[i]).isPositive();
                else assertThat(found[i]).isZero();
                assertThat(found[i])
                        .as("sequence %d of %s, micro-batch %d, seed %d", i, trainable, microBatch, SEED)
                        .isCloseTo(wanted[i], within(tolerance * wanted[i]));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "transformer",
                "wte",
                "wpe",
                "ln_1.weight",
                "ln_2.bias",
                "ln_f",
                "c_attn.weight",
                "c_attn.bias",
                "attn.c_proj",
                "mlp.c_fc",
                "h.1.mlp.c_proj.weight",
                "wte|ln_f.bias|h.0.attn.c_attn"
            })
    void ofEveryWeightAsByAPassEach(String trainable) {
        check(() -> golden(Precision.F32), trainable, ragged(), 64, 1e-5);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 10})
    void forAnyMicroBatch(int microBatch) {
        check(() -> golden(Precision.F32), "", ragged(), microBatch, 1e-5);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "wte", "lm_head"})
    void whereHeadAndEmbeddingAreTwoWeights(String trainable) {
        check(SequenceNormsTest::untied, trainable, Batch.of(29, new int[] {1, 2, 5}, new int[] {20, 3, 11}), 2, 1e-5);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "wte"})
    void ofSequencesLongerThanTheHeadsChunks(String trainable) {
        int chunk = FusedHead.CHUNK;
        var batch = Batch.of(29, new int[] {1, 2, 1, 3}, new int[] {40, 2 * chunk + 150, 60, chunk});
        // A whole chunk of the long one doesn't count.
        Arrays.fill(batch.coefficient[1], chunk, 2 * chunk, 0);
        check(SequenceNormsTest::tied, trainable, batch, 4, 1e-5);
    }

    @Test
    void bf16CostsRoundingOnly() {
        assumeThat(KernelProvider.kernels().transformer()).isPresent();
        check(() -> golden(Precision.BF16), "", ragged(), 4, 2e-3);
    }

    @Test
    void memoryIsGivenBack() {
        try (var model = golden(Precision.F32)) {
            model.trainable(name -> true);
            // One sequence takes one worker, whose memory the model keeps.
            var batch = Batch.of(211, new int[] {1}, new int[] {40});
            model.accumulateGradient(batch.tokens, batch.promptLength, 1, batch.coefficients());
            long before = NativeMemory.liveBytes();
            model.accumulateGradient(batch.tokens, batch.promptLength, 1, batch.coefficients(), new double[1]);
            assertThat(NativeMemory.liveBytes()).isEqualTo(before);
            SequenceGradients.squaredNorms(model, batch.tokens, batch.promptLength, batch.coefficient);
            assertThat(NativeMemory.liveBytes()).isEqualTo(before);
        }
    }

    /** With a free logit for every token after every prefix, ‖c·(onehot − softmax)‖² of every token, added up. */
    @Test
    void aPassEachIsTheClosedForm() {
        try (var model = TabularModel.random(3, 4, SEED)) {
            model.trainable(name -> true);
            int[][] tokens = model.sequences();
            var random = new Random(SEED);
            var coefficient = new float[tokens.length][];
            var promptLength = new int[tokens.length];
            var wanted = new double[tokens.length];
            for (int i = 0; i < tokens.length; i++) {
                promptLength[i] = 1 + i % 2;
                coefficient[i] = new float[tokens[i].length - promptLength[i]];
                for (int t = 0; t < coefficient[i].length; t++) {
                    coefficient[i][t] = (float) random.nextGaussian();
                    double squares = 0;
                    for (int v = 0; v <= 3; v++) {
                        int[] other = Arrays.copyOf(tokens[i], promptLength[i] + t + 1);
                        other[other.length - 1] = v;
                        int[][] single = {other};
                        float logProb = model.tokenLogProbs(single, new int[] {other.length - 1}, 1)[0][0];
                        double onehot = v == tokens[i][promptLength[i] + t] ? 1 : 0;
                        squares += Math.pow(onehot - Math.exp(logProb), 2);
                    }
                    wanted[i] += coefficient[i][t] * coefficient[i][t] * squares;
                }
            }
            double[] found = SequenceGradients.squaredNorms(model, tokens, promptLength, coefficient);
            for (int i = 0; i < found.length; i++) {
                assertThat(found[i]).isCloseTo(wanted[i], within(1e-5 * (1 + wanted[i])));
            }
            assertThat(model.gradientNorm()).isZero();
            var byDefault = new double[tokens.length];
            model.accumulateGradient(
                    tokens, promptLength, 5, new Batch(tokens, promptLength, coefficient).coefficients(), byDefault);
            assertThat(byDefault).containsExactly(found);
            assertThat(model.gradientNorm()).isPositive();
        }
    }
}
