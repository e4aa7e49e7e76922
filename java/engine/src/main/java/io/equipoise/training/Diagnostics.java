package io.equipoise.training;

import java.util.Arrays;

/**
 * How noisy a step's gradient is and where the noise comes from, over its B sequences; they are observed, and nothing
 * depends on them. NaN is what wasn't measured.
 *
 * @param meanAbsoluteAdvantage (1/B) Σ |c|, c being the coefficients as the objective has them, before control variates
 *     and subsampling
 * @param advantageVariance (1/B) Σ (c − mean c)²
 * @param meanRatio (1/B) Σ ρ; its expectation is 1
 * @param largestRatio max ρ
 * @param meanClippedRatio (1/B) Σ min(max(ρ, 1 − ε), 1 + ε), ε = {@value #CLIP}
 * @param clippedShare the share of sequences whose ρ is outside [1 − ε, 1 + ε]
 * @param overflows how many sequences' |c| was beyond {@link io.equipoise.kernels.CoefficientRule#LARGEST} and was taken for it
 * @param gradientVariance (1/B) Σ ‖g_i‖² − ‖(1/B) Σ g_i‖², the trace of the covariance of one sequence's gradient g_i = Σ_t
 *     c_it · ∇ log π(x_it | x_i,&lt;t) over the trained parameters; that of their mean is this over B. Measured at the steps of
 *     {@link TrainingConfig#gradientDiagnosticsEvery}
 */
public record Diagnostics(
        double meanAbsoluteAdvantage,
        double advantageVariance,
        double meanRatio,
        double largestRatio,
        double meanClippedRatio,
        double clippedShare,
        int overflows,
        double gradientVariance) {
    /** ε of PPO's clipped objective (Schulman, Wolski, Dhariwal, Radford, Klimov, 2017, arXiv 1707.06347), as there. */
    public static final double CLIP = 0.2;

    /**
     * From a step's parts.
     *
     * @param coefficient (B) c, limited
     * @param overflows how many were
     * @param logRatio (B) log ρ, nats; NaN where it isn't known
     * @param meanSquaredNorm (1/B) Σ ‖g_i‖², or NaN
     * @param gradientNorm ‖(1/B) Σ g_i‖, not clipped
     */
    static Diagnostics of(
            double[] coefficient, int overflows, double[] logRatio, double meanSquaredNorm, double gradientNorm) {
        double meanCoefficient = mean(coefficient);
        double[] ratio = Arrays.stream(logRatio).map(Math::exp).toArray();
        double[] clipped = Arrays.stream(ratio)
                .map(each -> Math.min(Math.max(each, 1 - CLIP), 1 + CLIP))
                .toArray();
        double outside = 0;
        for (int i = 0; i < ratio.length; i++) {
            if (Double.isNaN(ratio[i])) outside = Double.NaN;
            else if (ratio[i] != clipped[i]) outside++;
        }
        return new Diagnostics(
                mean(Arrays.stream(coefficient).map(Math::abs).toArray()),
                mean(Arrays.stream(coefficient)
                        .map(c -> (c - meanCoefficient) * (c - meanCoefficient))
                        .toArray()),
                mean(ratio),
                Arrays.stream(ratio).reduce(0, Math::max),
                mean(clipped),
                outside / ratio.length,
                overflows,
                // Where all gradients are alike, rounding decides on which side of 0 the difference is.
                Math.max(0, meanSquaredNorm - gradientNorm * gradientNorm));
    }

    /** Plain sums from first to last: the streams' own average compensates, and differs where a NaN or infinity is. */
    private static double mean(double[] values) {
        double sum = 0;
        for (double value : values) sum += value;
        return sum / values.length;
    }
}
