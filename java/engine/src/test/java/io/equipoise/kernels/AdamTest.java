package io.equipoise.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.equipoise.memory.Vector;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class AdamTest {
    private static final Kernels REFERENCE = new ReferenceKernels();

    /** Parameter and moments; a step changes them in place. */
    @SuppressWarnings("ArrayRecordComponent") // compared element by element, never as a whole
    private record State(float[] parameter, float[] first, float[] second) {
        static State random(int size, long seed) {
            var random = new Random(seed);
            var state = new State(new float[size], new float[size], new float[size]);
            for (int i = 0; i < size; i++) {
                state.parameter[i] = (float) random.nextGaussian();
                state.first[i] = (float) (0.01 * random.nextGaussian());
                state.second[i] = (float) (1e-4 * random.nextDouble());
            }
            return state;
        }

        State step(Kernels kernels, float[] gradient, AdamRule rule, double scale) {
            try (var parameter = Vector.of(this.parameter);
                    var first = Vector.of(this.first);
                    var second = Vector.of(this.second);
                    var g = Vector.of(gradient)) {
                kernels.adam(parameter, first, second, g, rule, scale);
                return new State(parameter.toFloats(), first.toFloats(), second.toFloats());
            }
        }

        /** The textbook formula in f32. */
        State plain(float[] gradient, AdamRule rule, double scale) {
            var next = new State(parameter.clone(), first.clone(), second.clone());
            float b1 = (float) rule.beta1();
            float b2 = (float) rule.beta2();
            for (int i = 0; i < gradient.length; i++) {
                float g = (float) scale * gradient[i];
                next.first[i] = b1 * first[i] + (1 - b1) * g;
                next.second[i] = b2 * second[i] + (1 - b2) * g * g;
                float m = next.first[i] / (float) (1 - Math.pow(rule.beta1(), rule.step()));
                float v = next.second[i] / (float) (1 - Math.pow(rule.beta2(), rule.step()));
                float kept = parameter[i] * (1 - (float) (rule.learningRate() * rule.weightDecay()));
                next.parameter[i] =
                        kept - (float) rule.learningRate() * m / ((float) Math.sqrt(v) + (float) rule.epsilon());
            }
            return next;
        }
    }

    private static float[] gradient(int size, long seed) {
        var random = new Random(seed);
        var gradient = new float[size];
        for (int i = 0; i < size; i++)
            gradient[i] = (float) (Math.pow(10, random.nextInt(-8, 5)) * random.nextGaussian());
        return gradient;
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void isAsExactAsThePlainFormula(Kernels kernels) {
        for (int size : new int[] {0, 1, 7, 31, 32, 33, 257, 1271, 50_257}) {
            for (long step : new long[] {1, 2, 1000, 1_000_000_000_000L}) {
                var rule = new AdamRule(1e-3, 0.9, 0.999, 1e-8, 0.01, step);
                var state = State.random(size, size);
                float[] gradient = gradient(size, step);
                var plain = state.plain(gradient, rule, -0.5);
                var actual = state.step(kernels, gradient, rule, -0.5);
                var reference = state.step(REFERENCE, gradient, rule, -0.5);
                Parity.Tolerance rounding = value -> 4 * Math.ulp(value);
                Parity.assertAsExactAs(
                        plain.first,
                        actual.first,
                        reference.first,
                        rounding.plus(1e-9),
                        i -> "first moment, gradient " + gradient[i]);
                Parity.assertAsExactAs(
                        plain.second,
                        actual.second,
                        reference.second,
                        rounding,
                        i -> "second moment, gradient " + gradient[i]);
                Parity.assertAsExactAs(
                        plain.parameter,
                        actual.parameter,
                        reference.parameter,
                        rounding.plus(1e-8),
                        i -> "parameter, gradient " + gradient[i] + ", " + rule);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void theFirstStepMovesByTheLearningRateAgainstTheSign(Kernels kernels) {
        var start = new State(new float[] {1, 1, 1}, new float[3], new float[3]);
        var rule = new AdamRule(0.25, 0.9, 0.999, 1e-12, 0, 1);
        var down = start.step(kernels, new float[] {3, -1e-3f, 0}, rule, 1);
        assertThat(down.parameter).containsExactly(new float[] {0.75f, 1.25f, 1}, within(1e-6f));
        var up = start.step(kernels, new float[] {3, -1e-3f, 0}, rule, -1);
        assertThat(up.parameter).containsExactly(new float[] {1.25f, 0.75f, 1}, within(1e-6f));
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void decayAloneShrinks(Kernels kernels) {
        var start = new State(new float[] {2, -4}, new float[2], new float[2]);
        var decayed = start.step(kernels, new float[2], new AdamRule(0.5, 0.9, 0.999, 1e-8, 0.25, 9), 1);
        assertThat(decayed.parameter).containsExactly(1.75f, -3.5f);
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void whatIsNotFiniteStaysInItsElement(Kernels kernels) {
        for (float value : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            float[] gradient = gradient(100, 3);
            gradient[37] = value;
            var next = State.random(100, 4).step(kernels, gradient, new AdamRule(0.1, 0.9, 0.999, 1e-8, 0, 5), 1);
            for (int i = 0; i < 100; i++) {
                assertThat(Float.isNaN(next.parameter[i]))
                        .as("element %d of gradient with %s", i, value)
                        .isEqualTo(i == 37);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void vectorsOfDifferentSizesAreRefused(Kernels kernels) {
        try (var three = Vector.f32(3);
                var two = Vector.f32(2)) {
            var rule = new AdamRule(0.1, 0.9, 0.999, 1e-8, 0, 1);
            assertThatThrownBy(() -> kernels.adam(three, three, two, three, rule, 1))
                    .isInstanceOf(KernelException.class)
                    .hasMessageContaining("secondMoment is F32 of 2, wanted F32 of 3");
        }
    }
}
