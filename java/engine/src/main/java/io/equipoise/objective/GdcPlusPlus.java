package io.equipoise.objective;

/**
 * GDC with the baseline that leaves its expectation unchanged and lowers its variance (Korbak, Elsahar, Kruszewski,
 * Dymetman, NeurIPS 2022): c = w − Z·ρ off-policy; with samples from π itself, where ρ = 1, c = w − Z.
 *
 * @param onPolicy the samples come from π
 * @param normalize divides c by Z
 */
public record GdcPlusPlus(boolean onPolicy, boolean normalize) implements Objective {
    @Override
    public double coefficient(double logTarget, double logProposal, double logPolicy, double logZ) {
        double scale = normalize ? logZ : 0;
        if (onPolicy) return difference(logTarget - logProposal - scale, logZ - scale);
        return difference(logTarget - logProposal - scale, logZ + logPolicy - logProposal - scale);
    }

    /** exp(x) − exp(y) with the larger factored out, so that neither overflow nor cancellation adds error. */
    static double difference(double x, double y) {
        if (x == y) return 0; // also both −∞, whose difference is NaN
        return x > y ? -Math.exp(x) * Math.expm1(y - x) : Math.exp(y) * Math.expm1(x - y);
    }
}
