package io.equipoise.objective;

import io.equipoise.kernels.CoefficientRule;

/**
 * Distributional policy gradient (Parshakova, Andreoli, Dymetman, 2019; Khalifa, Elsahar, Dymetman, 2021): c = w, ascent
 * on −Z·KL(p‖π).
 *
 * @param normalize divides c by Z, so that the step's size does not depend on how rare the target is
 */
public record Gdc(boolean normalize) implements Objective {
    @Override
    public CoefficientRule rule(double logZ) {
        return new CoefficientRule(CoefficientRule.Form.GDC, logZ, normalize);
    }
}
