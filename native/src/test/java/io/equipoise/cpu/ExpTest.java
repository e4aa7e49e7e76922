package io.equipoise.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.equipoise.memory.Vector;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** exp.h states its accuracy; this holds it to that, in every instruction set. */
class ExpTest {
    /** Odd, so that the steps through the bit patterns meet every low bit. */
    private static final int STEP = 1021;

    /** In units in the last place, as exp.h states. */
    private static final double ALLOWED = 1.02;

    private static final int CHUNK = 1 << 16;

    private static float[] exp(InstructionSet set, float... x) {
        try (var argument = Vector.of(x);
                var result = Vector.f32(x.length)) {
            CpuOperations.exp(result.address(), argument.address(), x.length, set.code());
            return result.toFloats();
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.cpu.InstructionSet#supported")
    void staysWithinItsStatedErrorOverAllFloats(InstructionSet set) {
        double worst = 0;
        float worstArgument = 0;
        long bits = 0;
        while (bits < 1L << 32) {
            var x = new float[(int) Math.min(CHUNK, ((1L << 32) - bits + STEP - 1) / STEP)];
            for (int i = 0; i < x.length; i++, bits += STEP) x[i] = Float.intBitsToFloat((int) bits);
            float[] actual = exp(set, x);
            for (int i = 0; i < x.length; i++) {
                double error = error(x[i], actual[i]);
                if (error > worst) {
                    worst = error;
                    worstArgument = x[i];
                }
            }
        }
        assertThat(worst).as("error in ulp at %s", worstArgument).isLessThanOrEqualTo(ALLOWED);
    }

    /** In units in the last place of the exact result; infinite where NaN, ∞ or 0 is wrong. */
    private static double error(float x, float actual) {
        double exact = Math.exp(x);
        if (Double.isNaN(exact)) return Float.isNaN(actual) ? 0 : Double.POSITIVE_INFINITY;
        if (Float.isNaN(actual)) return Double.POSITIVE_INFINITY;
        float nearest = (float) exact;
        if (Float.isInfinite(nearest) || Float.isInfinite(actual)) {
            // Beyond the largest float both must be infinite, but for arguments within an ulp of the limit.
            boolean bothLarge = nearest > 3.4028e38f && actual > 3.4028e38f;
            return bothLarge ? 0 : Double.POSITIVE_INFINITY;
        }
        return Math.abs(actual - exact) / Math.ulp(nearest);
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.cpu.InstructionSet#supported")
    void keepsNanAndSaturatesAtBothEnds(InstructionSet set) {
        float infinity = Float.POSITIVE_INFINITY;
        float[] actual = exp(
                set, Float.NaN, infinity, -infinity, 0, -0.0f, 1e-40f, -1e-40f, 88.73f, 3e38f, -103.98f, -104, -3e38f);
        assertThat(actual).containsExactly(Float.NaN, infinity, 0, 1, 1, 1, 1, infinity, infinity, 0, 0, 0);
        assertThat(exp(set, -100)).as("a denormal").containsExactly((float) Math.exp(-100));
    }
}
