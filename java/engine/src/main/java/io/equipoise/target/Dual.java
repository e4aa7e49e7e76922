package io.equipoise.target;

/**
 * One evaluation of the convex dual in standardised features z = (φ − μ̄)/s:
 *
 * <pre>  g(λ) = log Σ_i exp(logWeight[i] + λ·z[i]),   ∇g = E_p[z],   ∇²g = Cov_p[z]</pre>
 *
 * where p is the self-normalised reweighting by exp(logWeight + λ·z). At the minimum E_p[φ] = μ̄.
 */
final class Dual {
    final double[] lambda;
    final double value;
    final double effectiveSampleSize;
    /** The least and the greatest λ·z over the sample, nats. */
    final double leastEnergy;

    final double greatestEnergy;
    private final MomentSample sample;
    private final double[] probability;
    private final double[] gradient;

    Dual(MomentSample sample, double[] lambda) {
        this.sample = sample;
        this.lambda = lambda;
        int size = sample.size();
        var logUnnormalised = new double[size];
        double top = Double.NEGATIVE_INFINITY;
        double least = Double.POSITIVE_INFINITY;
        double greatest = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < size; i++) {
            double energy = dot(lambda, sample.z[i]);
            least = Math.min(least, energy);
            greatest = Math.max(greatest, energy);
            logUnnormalised[i] = sample.logWeight[i] + energy;
            top = Math.max(top, logUnnormalised[i]);
        }
        this.leastEnergy = least;
        this.greatestEnergy = greatest;
        this.probability = new double[size];
        double sum = 0;
        for (int i = 0; i < size; i++) {
            probability[i] = Math.exp(logUnnormalised[i] - top);
            sum += probability[i];
        }
        this.value = top + Math.log(sum);
        this.gradient = new double[lambda.length];
        double squares = 0;
        for (int i = 0; i < size; i++) {
            probability[i] /= sum;
            squares += probability[i] * probability[i];
            for (int f = 0; f < gradient.length; f++) gradient[f] += probability[i] * sample.z[i][f];
        }
        this.effectiveSampleSize = 1 / squares;
    }

    /** E_p[z] (F): how far the moments are from those desired, in standard deviations. */
    double[] gradient() {
        return gradient.clone();
    }

    /** Cov_p[z] (F, F), formed about the mean so that little is lost when p is concentrated. */
    double[][] covariance() {
        int features = gradient.length;
        var covariance = new double[features][features];
        var centred = new double[features];
        for (int i = 0; i < probability.length; i++) {
            if (probability[i] == 0) continue;
            for (int f = 0; f < features; f++) centred[f] = sample.z[i][f] - gradient[f];
            for (int f = 0; f < features; f++) {
                for (int g = 0; g <= f; g++) covariance[f][g] += probability[i] * centred[f] * centred[g];
            }
        }
        for (int f = 0; f < features; f++) for (int g = 0; g < f; g++) covariance[g][f] = covariance[f][g];
        return covariance;
    }

    static double dot(double[] one, double[] other) {
        double sum = 0;
        for (int i = 0; i < one.length; i++) sum += one[i] * other[i];
        return sum;
    }
}
