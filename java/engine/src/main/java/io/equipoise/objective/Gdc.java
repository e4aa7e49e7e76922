package io.equipoise.objective;

/**
 * Distributional policy gradient (Parshakova, Andreoli, Dymetman, 2019; Khalifa, Elsahar, Dymetman, 2021): c = w, ascent
 * on −Z·KL(p‖π).
 *
 * @param normalize divides c by Z, so that the step's size does not depend on how rare the target is
 */
public record Gdc(boolean normalize) implements Objective {
    @Override
    public double coefficient(double logTarget, double logProposal, double logPolicy, double logZ) {
        return Math.exp(logTarget - logProposal - (normalize ? logZ : 0));
    }
}
