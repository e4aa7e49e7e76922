package io.equipoise.objective;

/**
 * How much better than expected what follows each token turned out (Schulman, Moritz, Levine, Jordan, Abbeel, 2016), without
 * discount: A_t = Σ_{l≥0} λ^l·δ_{t+l}, δ_t = r_t + V(x_≤t) − V(x_&lt;t), V being 0 after the last token.
 *
 * @param lambda λ in [0, 1]; 1 is all reward still to come less V, unbiased whatever V is; less leans on V for less noise
 */
public record GeneralizedAdvantage(double lambda) {
    public GeneralizedAdvantage {
        if (!(lambda >= 0 && lambda <= 1)) {
            throw new IllegalArgumentException("lambda must be in [0, 1], got " + lambda);
        }
    }

    /**
     * The advantages of one sequence's tokens.
     *
     * @param reward (T) that each token brings
     * @param value (T) V before each token
     * @return (T)
     */
    public double[] advantages(double[] reward, double[] value) {
        var advantage = new double[reward.length];
        double later = 0;
        double valueAfter = 0;
        for (int t = reward.length - 1; t >= 0; t--) {
            later = reward[t] + valueAfter - value[t] + lambda * later;
            advantage[t] = later;
            valueAfter = value[t];
        }
        return advantage;
    }
}
