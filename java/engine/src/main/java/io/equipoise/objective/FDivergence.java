package io.equipoise.objective;

import io.equipoise.kernels.CoefficientRule;

/**
 * f-DPG (Go, Korbak, Kruszewski, Rozen, Ryu, Dymetman, ICML 2023): descent on D_f(π‖p), c = ρ·(−f′(π/p) − b).
 *
 * @param baseline b is the mean of the batch's other sequences, else 0
 */
public record FDivergence(Divergence divergence, boolean baseline) implements Objective {
    @Override
    public CoefficientRule rule(double logZ) {
        return new CoefficientRule(divergence.form(), logZ, false);
    }

    @Override
    public boolean hasBaseline() {
        return baseline;
    }

    @Override
    public boolean allowsZeros() {
        return divergence.allowsZeros();
    }
}
