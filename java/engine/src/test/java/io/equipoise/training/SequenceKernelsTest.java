package io.equipoise.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.equipoise.kernels.KernelProvider;
import io.equipoise.memory.NativeMemory;
import io.equipoise.objective.Gdc;
import io.equipoise.objective.GdcPlusPlus;
import io.equipoise.objective.Objective;
import io.equipoise.target.Constraint;
import io.equipoise.target.EnergyBasedTarget;
import io.equipoise.target.Features;
import java.util.List;
import org.junit.jupiter.api.Test;

class SequenceKernelsTest {
    private static final double NOTHING = Double.NEGATIVE_INFINITY;

    private final SequenceKernels kernels = new SequenceKernels(KernelProvider.kernels());
    private final EnergyBasedTarget target = EnergyBasedTarget.of(
            List.of(
                    Constraint.pointwise("sea", Features.word("sea")),
                    Constraint.moment("ship", Features.word("ship"), 0.5)),
            new double[] {0, 1.5});
    private final double[][] phi = {{1, 1}, {1, 0}, {0, 1}};
    private final float[][] base = {{-1, -2, -0.5f}, {}, {-4}};
    private final float[][] proposal = {{-1, -1, -0.5f}, {}, {-3}};

    @Test
    void weighsRaggedRows() {
        float[][] policy = {{-1, -1, -1}, {}, {-3}};
        long before = NativeMemory.liveBytes();
        var energies = kernels.energies(target, phi, base, proposal, policy, 0);
        assertThat(NativeMemory.liveBytes()).isEqualTo(before);
        assertThat(energies.logTarget()).containsExactly(-2, 0, NOTHING);
        assertThat(energies.logRatio()).containsExactly(-0.5, 0, 0);
        assertThat(energies.statistics().largestLogWeight()).isEqualTo(0.5);
        double[] logPotential = target.logPotential(phi);
        for (int i = 0; i < 3; i++) {
            double logBase = 0;
            for (float token : base[i]) logBase += token;
            assertThat(energies.logTarget()[i]).isEqualTo(logBase + logPotential[i]);
        }
    }

    @Test
    void namesTheSequenceThatHasNoNumber() {
        float nan = Float.NaN;
        float[][] broken = {{-1, -1, -1}, {}, {nan}};
        assertThatThrownBy(() -> kernels.energies(target, phi, broken, proposal, proposal, 0))
                .isInstanceOf(ArithmeticException.class)
                .hasMessageStartingWith("log w of sequence 2 is NaN");
        assertThatThrownBy(() -> kernels.energies(target, phi, base, proposal, broken, 0))
                .hasMessageStartingWith("log π − log q of sequence 2 is NaN");
        float[][] impossible = {{-1, Float.NEGATIVE_INFINITY, -1}, {}, {-3}};
        assertThatThrownBy(() -> kernels.energies(target, phi, base, impossible, proposal, 0))
                .hasMessageStartingWith("log w of sequence 0 is Infinity");
    }

    @Test
    void coefficientsAreTheObjectives() {
        double[] logTarget = {-2, NOTHING, -3};
        double[] logProposal = {-2.5, -1, -3};
        double[] logPolicy = {-1, -1, -4};
        for (Objective objective :
                List.of(new Gdc(true), new Gdc(false), new GdcPlusPlus(false, true), new GdcPlusPlus(true, false))) {
            double[] c = kernels.coefficients(
                    new BatchCoefficients(objective.rule(-0.3), logTarget, logProposal), logPolicy);
            for (int i = 0; i < c.length; i++) {
                double wanted = objective.coefficient(logTarget[i], logProposal[i], logPolicy[i], -0.3);
                assertThat(c[i]).as("%s, sequence %d", objective, i).isEqualTo(wanted);
            }
        }
    }
}
