package io.equipoise.kernels;

import static org.assertj.core.api.Assertions.fail;

import java.util.function.IntFunction;

/** Error against the float64 reference, element by element, no larger than the plain same-type formula's. */
final class Parity {
    private Parity() {}

    /**
     * @param plain what the textbook formula gives in f32
     * @param tolerance what rounding may add, absolute, from the reference's value
     * @param inputs describes what element i was computed from
     */
    static void assertAsExactAs(
            float[] plain, float[] actual, float[] reference, Tolerance tolerance, IntFunction<String> inputs) {
        int worst = -1;
        double excess = 0;
        for (int i = 0; i < reference.length; i++) {
            double over = excess(plain[i], actual[i], reference[i], tolerance);
            if (over > excess) {
                excess = over;
                worst = i;
            }
        }
        if (worst >= 0) {
            fail(
                    "element %d is %s, reference %s, plain formula %s, allowed beyond the plain error %s; %s",
                    worst,
                    actual[worst],
                    reference[worst],
                    plain[worst],
                    tolerance.at(reference[worst]),
                    inputs.apply(worst));
        }
    }

    private static double excess(float plain, float actual, float reference, Tolerance tolerance) {
        if (!Float.isFinite(reference) || !Float.isFinite(actual)) {
            return Float.compare(actual, reference) == 0 ? 0 : Double.POSITIVE_INFINITY;
        }
        double plainError = Float.isFinite(plain) ? Math.abs((double) plain - reference) : 0;
        return Math.abs((double) actual - reference) - plainError - tolerance.at(reference);
    }

    /** How much rounding may add at a value. */
    interface Tolerance {
        double at(float reference);

        /** This much more, everywhere. */
        default Tolerance plus(double absolute) {
            return reference -> at(reference) + absolute;
        }
    }

    /** Two units in the last place of f32, and a millionth. */
    static final Tolerance F32 = reference -> 2 * Math.ulp(reference) + 1e-6;
}
