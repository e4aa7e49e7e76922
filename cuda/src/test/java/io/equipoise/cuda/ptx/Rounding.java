package io.equipoise.cuda.ptx;

import java.math.BigDecimal;

/** Where a result goes that its type can't hold, and results exact enough to be rounded once. */
enum Rounding {
    NEAREST,
    /** To nearest, ties away from zero. */
    AWAY,
    ZERO,
    DOWN,
    UP;

    /**
     * A double that rounds to fewer bits as {@code sum + error} would, where {@code sum} is the nearest double and {@code
     * error} has the sign of what it lacks (round to odd).
     */
    static double odd(double sum, double error) {
        if (error == 0 || Double.isNaN(error) || !Double.isFinite(sum)) return sum;
        if ((Double.doubleToRawLongBits(sum) & 1) != 0) return sum;
        return error > 0 ? Math.nextUp(sum) : Math.nextDown(sum);
    }

    /** The sum, to be rounded once more. */
    double sum(double a, double b) {
        double sum = a + b;
        // what cancels is −0 only when rounding down
        if (sum == 0 && this == DOWN && a != 0) return -0.0;
        if (sum == 0 && this == DOWN && Math.copySign(1, a) != Math.copySign(1, b)) return -0.0;
        double rest = sum - a;
        return odd(sum, (a - (sum - rest)) + (b - rest));
    }

    /** The quotient of floats, to be rounded once more. */
    static double quotient(double a, double b) {
        double quotient = a / b;
        return odd(quotient, Math.fma(-quotient, b, a) / b);
    }

    /** The square root of a float, to be rounded once more. */
    static double root(double a) {
        double root = Math.sqrt(a);
        return odd(root, Math.fma(-root, root, a));
    }

    /** {@code exact} as a double, given its nearest double. */
    double direct(double nearest, BigDecimal exact) {
        if (this == NEAREST || Double.isNaN(nearest)) return nearest;
        boolean negative = exact.signum() < 0;
        boolean down = this == DOWN || (this == ZERO && !negative);
        if (Double.isInfinite(nearest)) {
            if (down && !negative) return Double.MAX_VALUE;
            if (!down && negative) return -Double.MAX_VALUE;
            return nearest;
        }
        int above = new BigDecimal(nearest).compareTo(exact);
        if (down) return above > 0 ? Math.nextDown(nearest) : nearest;
        return above < 0 ? Math.nextUp(nearest) : nearest;
    }

    /** A number without a fraction. */
    double integral(double value) {
        return switch (this) {
            case NEAREST -> Math.rint(value);
            case AWAY -> Math.copySign(Math.floor(Math.abs(value) + 0.5), value);
            case ZERO -> value < 0 ? Math.ceil(value) : Math.floor(value);
            case DOWN -> Math.floor(value);
            case UP -> Math.ceil(value);
        };
    }
}
