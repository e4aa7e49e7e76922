package io.equipoise.target;

/**
 * One evaluation of the convex dual in standardised features z = (φ − μ̄)/s:
 *
 * <pre>  g(λ) = log Σ_i exp(logWeight[i] + λ·z[i]),   ∇g = E_p[z],   ∇²g = Cov_p[z]</pre>
 *
 * where p is the self-normalised reweighting by exp(logWeight + λ·z). At the minimum E_p[φ] = μ̄. With prompts g is the mean of
 * each prompt's own, so E_p and Cov_p are means over prompts too.
 */
final class Dual {
    final double[] lambda;
    final double value;
    final double effectiveSampleSize;
    /**
     * The least and the greatest λ·z over the sample, nats. With prompts the greatest is the mean of their greatest, and the
     * least is as far below it as any is below the greatest of its prompt.
     */
    final double leastEnergy;

    final double greatestEnergy;
    private final MomentSample sample;
    private final double[] probability;
    private final double[] gradient;
    /** (S, F) E_p[z] of each prompt's texts. */
    private final double[][] ofStrata;

    Dual(MomentSample sample, double[] lambda) {
        this.sample = sample;
        this.lambda = lambda;
        var strata = sample.strata;
        int size = sample.size();
        var energy = new double[size];
        var logUnnormalised = new double[size];
        for (int i = 0; i < size; i++) {
            energy[i] = dot(lambda, sample.z[i]);
            logUnnormalised[i] = sample.logWeight[i] + energy[i];
        }
        this.greatestEnergy = strata.mean(strata.greatest(energy));
        this.leastEnergy = greatestEnergy - strata.widest(energy);

        double[] top = strata.greatest(logUnnormalised);
        var sum = new double[strata.size()];
        this.probability = new double[size];
        for (int i = 0; i < size; i++) {
            probability[i] = Math.exp(logUnnormalised[i] - top[strata.of(i)]);
            sum[strata.of(i)] += probability[i];
        }
        var logSum = new double[sum.length];
        for (int s = 0; s < sum.length; s++) logSum[s] = top[s] + Math.log(sum[s]);
        this.value = strata.mean(logSum);
        this.gradient = new double[lambda.length];
        this.ofStrata = new double[sum.length][lambda.length];
        double squares = 0;
        for (int i = 0; i < size; i++) {
            double within = probability[i] / sum[strata.of(i)];
            probability[i] = within / sum.length;
            squares += probability[i] * probability[i];
            for (int f = 0; f < gradient.length; f++) {
                gradient[f] += probability[i] * sample.z[i][f];
                ofStrata[strata.of(i)][f] += within * sample.z[i][f];
            }
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
            double[] mean = ofStrata[sample.strata.of(i)];
            for (int f = 0; f < features; f++) centred[f] = sample.z[i][f] - mean[f];
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
