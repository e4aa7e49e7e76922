package io.equipoise.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.equipoise.kernels.KernelProvider;
import io.equipoise.memory.NativeMemory;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Estimates beside what is taken; on kernels that can't compute transformers libtorch takes what isn't counted. */
class Gpt2MemoryTest {
    private static final int SEQUENCES = 12;
    private static final int LENGTH = 40;
    /** Rounded up rows and columns, and vectors of a number a row. */
    private static final double LEAST = 0.9;

    private static final double MOST = 1.15;

    private static final Gpt2Config SHAPE =
            new Gpt2Config(997, 64, 96, 3, 4, 384, "gelu_new", 1e-5, true, false, true, 0, EosTokens.of(0));

    @Test
    void parametersAreCounted() {
        for (boolean tied : new boolean[] {true, false}) {
            var shape = new Gpt2Config(31, 16, 12, 2, 2, 40, "gelu_new", 1e-5, true, false, tied, 0, EosTokens.of(0));
            try (var model = new Gpt2(shape, KernelProvider.kernels(), Precision.F32, LibtorchDevice.CPU)) {
                long parameters = model.parameters().value().size();
                assertThat(new Gpt2Memory(shape, Precision.F32.type(), 1).optimiser())
                        .isEqualTo(2 * Float.BYTES * parameters);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Precision.class)
    void estimatesAreNearWhatIsTaken(Precision precision) {
        var kernels = KernelProvider.kernels();
        if (kernels.transformer().isEmpty()) return;
        int workers = Workers.count();
        var estimate = new Gpt2Memory(SHAPE, precision.type(), workers);
        var tokens = new int[SEQUENCES * workers][LENGTH];
        for (int i = 0; i < tokens.length; i++) Arrays.setAll(tokens[i], t -> t + 1);
        var promptLength = new int[tokens.length];
        Arrays.fill(promptLength, 1);
        long rows = SEQUENCES * (LENGTH - 1L);
        try (var model = new Gpt2(SHAPE, kernels, precision, LibtorchDevice.CPU)) {
            long parameters = Float.BYTES * model.parameters().value().size();
            long held = NativeMemory.liveBytes();
            near("weights", estimate.weights(false), parameters + held);

            NativeMemory.resetPeak();
            try (var decoder = model.decoder(SEQUENCES, LENGTH)) {
                decoder.logits();
                near("decoding", estimate.decoding(SEQUENCES, LENGTH), NativeMemory.peakBytes() - held);
            }
            NativeMemory.resetPeak();
            model.tokenLogProbs(tokens, promptLength, SEQUENCES);
            near("scores", estimate.pass(rows, false), NativeMemory.peakBytes() - held);

            model.trainable(name -> true);
            held = NativeMemory.liveBytes();
            NativeMemory.resetPeak();
            model.accumulateGradient(
                    tokens, promptLength, SEQUENCES, (sequence, logProb, coefficient) -> Arrays.fill(coefficient, 1));
            long transposed = estimate.weights(true) - estimate.weights(false) - workers * parameters;
            near("gradient", estimate.pass(rows, true) + transposed, NativeMemory.peakBytes() - held);
        }
    }

    private static void near(String what, long estimate, long taken) {
        assertThat((double) estimate / taken)
                .as("%s: estimate %d, taken %d", what, estimate, taken)
                .isBetween(LEAST, MOST);
    }
}
