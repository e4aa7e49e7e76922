package io.equipoise.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.equipoise.kernels.KernelProvider;
import io.equipoise.kernels.Kernels;
import io.equipoise.memory.NativeMemory;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Estimates beside what is taken; on kernels that can't compute transformers libtorch takes what isn't counted. */
class Gpt2MemoryTest {
    private static final int SEQUENCES = 12;
    private static final int LENGTH = 40;
    /** Of a text, fed to a worker but for the last token. */
    private static final int ROWS = SEQUENCES * (LENGTH - 1);

    /** Rounded up rows and columns, and vectors of a number a row. */
    private static final double LEAST = 0.9;

    private static final double MOST = 1.15;

    private static final Gpt2Config SHAPE =
            new Gpt2Config(997, 512, 96, 3, 4, 384, "gelu_new", 1e-5, true, false, true, 0, EosTokens.of(0));

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

    /** A single text, so that one worker has all of it: how far several overlap is up to the scheduler. */
    @ParameterizedTest
    @EnumSource(Precision.class)
    void estimatesAreNearWhatOneWorkerTakes(Precision precision) {
        var estimate = new Gpt2Memory(SHAPE, precision.type(), 1);
        var tokens = texts(1);
        var promptLength = new int[] {1};
        try (var model = new Gpt2(SHAPE, ownKernels(), precision, LibtorchDevice.CPU)) {
            long parameters = Float.BYTES * model.parameters().value().size();
            long held = NativeMemory.liveBytes();
            near("weights", estimate.weights(false), parameters + held);

            NativeMemory.resetPeak();
            try (var decoder = model.decoder(SEQUENCES, LENGTH)) {
                decoder.logits();
                near("decoding", estimate.decoding(SEQUENCES, LENGTH), NativeMemory.peakBytes() - held);
            }
            NativeMemory.resetPeak();
            model.tokenLogProbs(tokens, promptLength, 1);
            near("scores", estimate.pass(ROWS, false), NativeMemory.peakBytes() - held);

            model.trainable(name -> true);
            held = NativeMemory.liveBytes();
            NativeMemory.resetPeak();
            model.accumulateGradient(tokens, promptLength, 1, Gpt2MemoryTest::ones);
            near("gradient", estimate.pass(ROWS, true) + transposed(estimate), NativeMemory.peakBytes() - held);
        }
    }

    /** A text for each worker: what is taken is at most what they take when all overlap, at least what one does. */
    @ParameterizedTest
    @EnumSource(Precision.class)
    void severalWorkersStayWithinTheEstimate(Precision precision) {
        int workers = Workers.count();
        var one = new Gpt2Memory(SHAPE, precision.type(), 1);
        var all = new Gpt2Memory(SHAPE, precision.type(), workers);
        var tokens = texts(workers);
        var promptLength = new int[workers];
        Arrays.fill(promptLength, 1);
        try (var model = new Gpt2(SHAPE, ownKernels(), precision, LibtorchDevice.CPU)) {
            long held = NativeMemory.liveBytes();
            NativeMemory.resetPeak();
            model.tokenLogProbs(tokens, promptLength, 1);
            between("scores", one.pass(ROWS, false), NativeMemory.peakBytes() - held, all.pass(ROWS, false));

            model.trainable(name -> true);
            held = NativeMemory.liveBytes();
            NativeMemory.resetPeak();
            model.accumulateGradient(tokens, promptLength, 1, Gpt2MemoryTest::ones);
            between(
                    "gradient",
                    one.pass(ROWS, true) + transposed(one),
                    NativeMemory.peakBytes() - held,
                    all.pass(ROWS, true) + transposed(all) + all.weights(true) - one.weights(true));
        }
    }

    private static Kernels ownKernels() {
        var kernels = KernelProvider.kernels();
        assumeThat(kernels.transformer())
                .as("kernels that compute transformers; libtorch takes what isn't counted")
                .isPresent();
        return kernels;
    }

    private static int[][] texts(int count) {
        var texts = new int[count][ROWS + 1];
        for (var text : texts) Arrays.setAll(text, t -> t % 997);
        return texts;
    }

    private static void ones(int sequence, float[] logProb, float[] coefficient) {
        Arrays.fill(coefficient, 1);
    }

    /** The matrices that only a gradient needs: as the estimate counts them, less the workers' gradients. */
    private static long transposed(Gpt2Memory estimate) {
        long parameters = estimate.optimiser() / 2;
        return estimate.weights(true) - estimate.weights(false) - estimate.workers() * parameters;
    }

    private static void near(String what, long estimate, long taken) {
        assertThat((double) estimate / taken)
                .as("%s: estimate %d, taken %d", what, estimate, taken)
                .isBetween(LEAST, MOST);
    }

    private static void between(String what, long least, long taken, long most) {
        assertThat((double) taken).as("%s: taken %d", what, taken).isBetween(least / MOST, most / LEAST);
    }
}
