package io.equipoise.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.equipoise.memory.Vector;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** log.h states its accuracy; this holds it to that, in every instruction set. */
class LogTest {
    /** Odd, so that the steps through the bit patterns meet every low bit. */
    private static final int STEP = 1021;

    /** In units in the last place, as log.h states. */
    private static final double ALLOWED = 0.84;

    private static final int CHUNK = 1 << 16;

    private static float[] log(InstructionSet set, float... x) {
        try (var argument = Vector.of(x);
                var result = Vector.f32(x.length)) {
            CpuOperations.log(result.address(), argument.address(), x.length, set.code());
            return result.toFloats();
        }
    }

    /** From {@code first}, by {@code step} through the bit patterns, before {@code end}. */
    private static void assertAccurate(InstructionSet set, long first, long step, long end) {
        double worst = 0;
        float worstArgument = 0;
        long bits = first;
        while (bits < end) {
            var x = new float[(int) Math.min(CHUNK, (end - bits + step - 1) / step)];
            for (int i = 0; i < x.length; i++, bits += step) x[i] = Float.intBitsToFloat((int) bits);
            float[] actual = log(set, x);
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
        double exact = Math.log(x);
        if (!Double.isFinite(exact) || exact == 0) {
            return Float.compare(actual, (float) exact) == 0 ? 0 : Double.POSITIVE_INFINITY;
        }
        if (!Float.isFinite(actual)) return Double.POSITIVE_INFINITY;
        return Math.abs(actual - exact) / Math.ulp((float) exact);
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.cpu.InstructionSet#supported")
    void staysWithinItsStatedErrorOverAllFloats(InstructionSet set) {
        assertAccurate(set, 0, STEP, 1L << 32);
    }

    /** Where log x nears 0, at the edges of the polynomial's range, and where numbers become denormal. */
    @ParameterizedTest
    @MethodSource("io.equipoise.cpu.InstructionSet#supported")
    void staysWithinItsStatedErrorWhereItsPartsMeet(InstructionSet set) {
        for (float edge : new float[] {1, (float) Math.sqrt(0.5), (float) Math.sqrt(2), 2, 0.5f, Float.MIN_NORMAL}) {
            int bits = Float.floatToIntBits(edge);
            assertAccurate(set, bits - 50_000L, 1, bits + 50_000L);
        }
        assertAccurate(set, 0, 1, 100_000);
        int infinity = Float.floatToIntBits(Float.POSITIVE_INFINITY);
        assertAccurate(set, infinity - 50_000L, 1, infinity + 50_000L);
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.cpu.InstructionSet#supported")
    void isWhatMathematicsSaysAtTheEdges(InstructionSet set) {
        float infinity = Float.POSITIVE_INFINITY;
        float[] actual = log(set, 0, -0.0f, 1, infinity, -infinity, -1, -Float.MIN_VALUE, Float.NaN);
        assertThat(actual)
                .containsExactly(-infinity, -infinity, 0, infinity, Float.NaN, Float.NaN, Float.NaN, Float.NaN);
        assertThat(log(set, Float.MIN_VALUE)).containsExactly((float) Math.log(Float.MIN_VALUE));
        assertThat(log(set)).isEmpty();
    }
}
