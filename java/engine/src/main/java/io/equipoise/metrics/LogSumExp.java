package io.equipoise.metrics;

import io.equipoise.kernels.EnergyStatistics;

/**
 * A running mean of positive numbers given by their logarithms: log((1/n) Σ exp(x)), in nats, every value counting once.
 * Held as (maximum, Σ exp(x − maximum)), so no {@code exp} overflows. Used for log Z over all samples seen.
 */
public final class LogSumExp {
    private double maximum;
    private double scaledSum;
    private long count;

    /** The mean of nothing yet. */
    public LogSumExp() {
        this(Double.NEGATIVE_INFINITY, 0, 0);
    }

    private LogSumExp(double maximum, double scaledSum, long count) {
        this.maximum = maximum;
        this.scaledSum = scaledSum;
        this.count = count;
    }

    /**
     * What {@link #maximum()}, {@link #scaledSum()} and {@link #count()} described, to the bit.
     *
     * @throws IllegalArgumentException if no sequence of values leads to that state
     */
    public static LogSumExp restore(double maximum, double scaledSum, long count) {
        boolean empty = maximum == Double.NEGATIVE_INFINITY && scaledSum == 0 && count >= 0;
        boolean filled =
                Double.isFinite(maximum) && scaledSum >= 1 && scaledSum < Double.POSITIVE_INFINITY && count >= 1;
        if (!empty && !filled) {
            throw new IllegalArgumentException("not a state of a log-sum-exp: maximum " + maximum + ", scaled sum "
                    + scaledSum + ", count " + count
                    + "; wanted a finite maximum, a sum >= 1 and a count >= 1, or (-Infinity, 0, count)");
        }
        return new LogSumExp(maximum, scaledSum, count);
    }

    /** The log-sum-exp of {@code logValues}. */
    public static LogSumExp of(double... logValues) {
        var sum = new LogSumExp();
        for (double logValue : logValues) sum.add(logValue);
        return sum;
    }

    /** The log-sum-exp of the log-weights that these sums were made of. */
    public static LogSumExp ofWeights(EnergyStatistics sums) {
        return restore(sums.largestLogWeight(), sums.scaledWeights(), sums.sequences());
    }

    /**
     * Takes in one value.
     *
     * @param logValue nats; −∞ is the value 0 and counts
     * @throws IllegalArgumentException if NaN or +∞, which would spoil every later mean
     */
    public void add(double logValue) {
        if (!(logValue < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("a log value must be finite or -Infinity, got " + logValue);
        }
        absorb(logValue, 1);
        count++;
    }

    /** Takes in all values of {@code other}, as if each were added here. */
    public void merge(LogSumExp other) {
        long added = other.count; // read first: other may be this
        absorb(other.maximum, other.scaledSum);
        count += added;
    }

    /**
     * log((1/n) Σ exp(x)), nats; −∞ when every value was 0.
     *
     * @throws IllegalStateException before the first value
     */
    public double logMean() {
        if (count == 0) throw new IllegalStateException("the mean of no values; add one first");
        return logSum() - Math.log(count);
    }

    /** log Σ exp(x), nats; −∞ before the first value. */
    public double logSum() {
        return maximum == Double.NEGATIVE_INFINITY ? maximum : maximum + Math.log(scaledSum);
    }

    /** How many values were taken in. */
    public long count() {
        return count;
    }

    /** The largest value so far, nats; with {@link #scaledSum()} and {@link #count()} the state to save. */
    public double maximum() {
        return maximum;
    }

    /** Σ exp(x − maximum). */
    public double scaledSum() {
        return scaledSum;
    }

    private void absorb(double otherMaximum, double otherSum) {
        if (otherMaximum == Double.NEGATIVE_INFINITY) return; // (−∞) − (−∞) would be NaN
        if (otherMaximum <= maximum) {
            scaledSum += otherSum * Math.exp(otherMaximum - maximum);
        } else {
            scaledSum = otherSum + scaledSum * Math.exp(maximum - otherMaximum);
            maximum = otherMaximum;
        }
    }
}
