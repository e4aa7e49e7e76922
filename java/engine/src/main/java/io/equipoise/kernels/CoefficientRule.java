package io.equipoise.kernels;

/**
 * How a sequence's coefficient c in ĝ = (1/B) Σ c · ∇ log π(x) follows from its log-probabilities; w = P/q, ρ = π/q.
 *
 * @param logZ estimate of log Σ P, nats
 * @param normalize divides c by Z, so that the step's size does not depend on how rare the target is
 */
public record CoefficientRule(Form form, double logZ, boolean normalize) {
    /** What c is before it is normalised. */
    public enum Form {
        /** w (Khalifa, Elsahar, Dymetman, 2021). */
        GDC(0),
        /** w − Z·ρ (Korbak, Elsahar, Kruszewski, Dymetman, 2022). */
        GDC_PLUS_PLUS(1),
        /** w − Z, for samples of π itself. */
        GDC_PLUS_PLUS_ON_POLICY(2);

        private final int code;

        Form(int code) {
            this.code = code;
        }

        /** As {@code Form} in kernels.h numbers them. */
        public int code() {
            return code;
        }
    }

    /**
     * The coefficient of one sequence, float64.
     *
     * @param logTarget log P(x), nats; −∞ where a pointwise constraint fails
     * @param logProposal log q(x), nats
     * @param logPolicy log π(x), nats
     * @return c; NaN if an argument that the form reads is NaN
     */
    public double coefficient(double logTarget, double logProposal, double logPolicy) {
        double scale = normalize ? logZ : 0;
        double logWeight = logTarget - logProposal - scale;
        return switch (form) {
            case GDC -> Math.exp(logWeight);
            case GDC_PLUS_PLUS -> difference(logWeight, logZ + logPolicy - logProposal - scale);
            case GDC_PLUS_PLUS_ON_POLICY -> difference(logWeight, logZ - scale);
        };
    }

    /** exp(x) − exp(y) with the larger factored out, so that neither overflow nor cancellation adds error. */
    private static double difference(double x, double y) {
        if (x == y) return 0; // also both −∞, whose difference is NaN
        return x > y ? -Math.exp(x) * Math.expm1(y - x) : Math.exp(y) * Math.expm1(x - y);
    }
}
