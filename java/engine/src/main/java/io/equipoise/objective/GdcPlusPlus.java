package io.equipoise.objective;

import io.equipoise.kernels.CoefficientRule;

/**
 * GDC with the baseline that leaves its expectation unchanged and lowers its variance (Korbak, Elsahar, Kruszewski,
 * Dymetman, NeurIPS 2022): c = w − Z·ρ off-policy; with samples from π itself, where ρ = 1, c = w − Z.
 *
 * @param onPolicy the samples come from π
 * @param normalize divides c by Z
 */
public record GdcPlusPlus(boolean onPolicy, boolean normalize) implements Objective {
    @Override
    public CoefficientRule rule(double logZ) {
        var form = onPolicy ? CoefficientRule.Form.GDC_PLUS_PLUS_ON_POLICY : CoefficientRule.Form.GDC_PLUS_PLUS;
        return new CoefficientRule(form, logZ, normalize);
    }
}
