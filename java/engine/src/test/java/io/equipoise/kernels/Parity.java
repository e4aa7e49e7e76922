package io.equipoise.kernels;

import static org.assertj.core.api.Assertions.fail;

import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.util.function.IntFunction;
import java.util.function.Supplier;

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

    /** What rounding may make of element (row, column). */
    interface Allowed {
        double at(int row, int column);
    }

    /** Each element as far from the reference as allowed, or less; NaN and infinities where the reference has them. */
    static void assertWithin(Matrix actual, double[][] reference, Allowed allowed, Supplier<String> what) {
        for (int n = 0; n < reference.length; n++) {
            float[] row = actual.row(n);
            for (int m = 0; m < row.length; m++) {
                double wanted = reference[n][m];
                boolean finite = Double.isFinite(wanted) && Float.isFinite(row[m]);
                boolean ok = finite
                        ? Math.abs(row[m] - wanted) <= allowed.at(n, m)
                        : Float.compare(row[m], (float) wanted) == 0;
                if (!ok) {
                    fail(
                            "element (%d, %d) is %s, reference %s, allowed %.2g; %s",
                            n, m, row[m], wanted, allowed.at(n, m), what.get());
                }
            }
        }
    }

    /** As for a matrix of one row. */
    static void assertWithin(Vector actual, double[] reference, Allowed allowed, Supplier<String> what) {
        assertWithin(actual.asMatrix(1, actual.size()), new double[][] {reference}, allowed, what);
    }

    /** Half a unit in the last place of a value that was rounded to f32 or bf16 once, in units of the value. */
    static double rounding(DataType type) {
        return type == DataType.BF16 ? 0x1.01p-8 : 0x1p-24;
    }

    /**
     * The error of a sum of so many products in f32, in units of the sum of their absolute values: a rounding each, and
     * as much again where AVX512_BF16 rounds two terms' sum to odd.
     */
    static double ofProducts(long terms) {
        return (2 * terms + 4) * 0x1p-24;
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
