package io.equipoise.objective;

import io.equipoise.kernels.CoefficientRule.Form;

/** Which f-divergence D_f(π‖p) = E_p f(π/p) is minimised. */
public enum Divergence {
    /** KL(p‖π), f = −log t. */
    KL(Form.KL, true),
    /** KL(π‖p), f = t·log t. */
    REVERSE_KL(Form.REVERSE_KL, false),
    /** Total variation, f = |t − 1|/2. */
    TV(Form.TOTAL_VARIATION, true),
    /** Jensen–Shannon, f = t·log t − (t + 1)·log((t + 1)/2): twice the mean of both KL to the mixture. */
    JS(Form.JENSEN_SHANNON, true),
    /** χ²(p‖π), f = 1/t + t − 2. */
    CHI2(Form.CHI_SQUARED, true),
    /** χ²(π‖p), f = (t − 1)². */
    REVERSE_CHI2(Form.REVERSE_CHI_SQUARED, false);

    private final Form form;
    private final boolean allowsZeros;

    Divergence(Form form, boolean allowsZeros) {
        this.form = form;
        this.allowsZeros = allowsZeros;
    }

    Form form() {
        return form;
    }

    /** Whether it is finite where p = 0 and π isn't. */
    boolean allowsZeros() {
        return allowsZeros;
    }
}
