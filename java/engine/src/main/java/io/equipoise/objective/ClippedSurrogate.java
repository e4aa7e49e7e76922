package io.equipoise.objective;

/**
 * What proximal policy optimisation ascends, token by token (Schulman, Wolski, Dhariwal, Radford, Klimov, 2017): min(ρA,
 * clip(ρ, 1 − ε, 1 + ε)·A) with ρ = π(x_t)/π_old(x_t), π_old being the policy that sampled. A token gives no gradient any more
 * once its probability has moved by ε in the direction that its advantage wanted.
 *
 * @param clip ε &gt; 0
 */
public record ClippedSurrogate(double clip) {
    public ClippedSurrogate {
        if (!(clip > 0)) throw new IllegalArgumentException("clip must be > 0, got " + clip);
    }

    /**
     * The surrogate of one token.
     *
     * @param advantage A
     * @param logRatio log ρ, nats
     */
    public double value(double advantage, double logRatio) {
        double ratio = Math.exp(logRatio);
        return Math.min(ratio * advantage, Math.max(1 - clip, Math.min(1 + clip, ratio)) * advantage);
    }

    /** The c in c·∇ log π(x_t), its gradient: ρA, or 0 where it is clipped; arguments as of {@link #value}. */
    public double coefficient(double advantage, double logRatio) {
        return clips(advantage, logRatio) ? 0 : Math.exp(logRatio) * advantage;
    }

    /** Whether the token's probability has moved far enough; arguments as of {@link #value}. */
    public boolean clips(double advantage, double logRatio) {
        double ratio = Math.exp(logRatio);
        return advantage > 0 ? ratio > 1 + clip : advantage < 0 && ratio < 1 - clip;
    }
}
