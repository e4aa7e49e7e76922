package io.equipoise.target;

import java.util.List;

/**
 * Finds λ such that the reweighting of a sample by exp(λ·φ) has the desired moments: E_p[φ] = μ̄ for p ∝ a·b·exp(λ·φ).
 *
 * <p>λ minimises the convex dual {@code log E_a[b·exp(λ·φ)] − λ·μ̄} by damped Newton steps with the self-normalised
 * covariance of φ. Texts are scored once, before; a step costs B·F² multiplications.
 */
public final class MomentMatching {
    /**
     * The least effective sample size, of the sample reweighted to the desired moments, that λ is trusted with. Below it a
     * moment's relative error passes some 20 %, and a handful of texts decide what the model becomes.
     */
    public static final double LEAST_EFFECTIVE_SAMPLE_SIZE = 20;

    /** Of the moments' distance from those desired, in standard deviations of the features. */
    private static final double TOLERANCE = 1e-10;

    /** Of the distance where rounding ends the steps first, as it may for values of many digits. */
    private static final double ROUNDING = 1e-6;

    private static final int MOST_ITERATIONS = 200;
    private static final double RIDGE = 1e-10;
    /** Armijo's: the share of the decrease that the slope promises which a step must keep. */
    private static final double SUFFICIENT_DECREASE = 1e-4;

    private MomentMatching() {}

    /**
     * The solution of the dual.
     *
     * @param lambda λ (F), in the features' own units
     * @param logZ log (1/B) Σ_i exp(logWeight[i] + λ·φ[i]), nats: an estimate of log Z
     * @param effectiveSampleSize (Σw)² / Σw² of the reweighted sample
     * @param iterations Newton steps taken
     * @param gradientNorm the largest |E_p[φ] − μ̄| of a feature, in its own unit
     */
    @SuppressWarnings("ArrayRecordComponent") // copied in and out
    public record Solution(
            double[] lambda, double logZ, double effectiveSampleSize, int iterations, double gradientNorm) {
        public Solution {
            lambda = lambda.clone();
        }

        @Override
        public double[] lambda() {
            return lambda.clone();
        }
    }

    /**
     * Solves for λ on a sample of B texts.
     *
     * @param phi (B, F) the features
     * @param logWeight (B) log a/q, nats, zeros for a sample of the base model; −∞ where b = 0
     * @param desired (F) the desired moments μ̄
     * @param names (F) what messages call the constraints
     * @throws InfeasibleConstraintException if the moments are on or outside the boundary of what reweighting the sample
     *     can reach, or reached only with an effective sample size below {@link #LEAST_EFFECTIVE_SAMPLE_SIZE}
     * @throws IllegalArgumentException if shapes disagree or a value is not finite
     */
    public static Solution solve(double[][] phi, double[] logWeight, double[] desired, List<String> names) {
        return solve(phi, logWeight, desired, names, new int[phi.length]);
    }

    /**
     * The same for texts that go on from prompts, with one λ for all: the mean over prompts of E_{p(·|prompt)}[φ] is μ̄, each
     * prompt's texts being normalised by their own Z, so the dual is the mean of the prompts'. Every prompt counts the same;
     * those whose texts all have weight 0 don't count.
     *
     * @param prompt (B) of each text, any numbers
     * @return with the mean of the prompts' log Z
     */
    public static Solution solve(
            double[][] phi, double[] logWeight, double[] desired, List<String> names, int[] prompt) {
        var sample = new MomentSample(phi, logWeight, desired, names, prompt);
        var feasibility = new Feasibility(sample);
        feasibility.checkRanges();
        var at = new Dual(sample, new double[sample.features()]);
        double sampleSizeBefore = at.effectiveSampleSize;
        int iterations = 0;
        while (!isConverged(at, TOLERANCE)) {
            if (iterations == MOST_ITERATIONS) throw feasibility.diverged(at, iterations);
            var next = step(sample, at);
            feasibility.checkSeparation(next);
            if (next == at) break; // no step lowers the value any more
            at = next;
            iterations++;
        }
        if (!isConverged(at, ROUNDING)) throw feasibility.diverged(at, iterations);
        feasibility.checkBoundary(at);
        feasibility.checkEffectiveSampleSize(at, sampleSizeBefore);
        return solution(sample, at, iterations);
    }

    private static boolean isConverged(Dual at, double tolerance) {
        for (double distance : at.gradient()) if (!(Math.abs(distance) <= tolerance)) return false;
        return true;
    }

    private static Dual step(MomentSample sample, Dual at) {
        var gradient = at.gradient();
        var direction = Cholesky.solve(at.covariance(), gradient, RIDGE);
        double decrement = Dual.dot(gradient, direction);
        for (double length = 1; length > 1e-15; length /= 2) {
            var lambda = at.lambda.clone();
            for (int f = 0; f < lambda.length; f++) lambda[f] -= length * direction[f];
            var next = new Dual(sample, lambda);
            // Near the minimum the decrease drowns in rounding, while Newton's step is at its most exact.
            if (decrement < 1e-12 || next.value <= at.value - SUFFICIENT_DECREASE * length * decrement) return next;
        }
        return at;
    }

    private static Solution solution(MomentSample sample, Dual at, int iterations) {
        int features = sample.features();
        var lambda = new double[features];
        var gradient = at.gradient();
        double gradientNorm = 0;
        for (int f = 0; f < features; f++) {
            lambda[f] = at.lambda[f] / sample.scale[f];
            gradientNorm = Math.max(gradientNorm, Math.abs(gradient[f]) * sample.scale[f]);
        }
        double logZ = at.value + Dual.dot(lambda, sample.desired) - sample.strata.meanLogTotal();
        return new Solution(lambda, logZ, at.effectiveSampleSize, iterations, gradientNorm);
    }
}
