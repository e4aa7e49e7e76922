package io.equipoise.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.equipoise.kernels.KernelProvider;
import io.equipoise.metrics.Divergences;
import io.equipoise.target.Constraint;
import io.equipoise.target.EnergyBasedTarget;
import io.equipoise.target.Features;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Sequence 1 has no weight and, where a test says so, wasn't scored. */
class PartialEstimatesTest {
    private static final double LOG_Z = -0.2;
    private static final float NAN = Float.NaN;

    private final SequenceKernels kernels = new SequenceKernels(KernelProvider.kernels());
    private final EnergyBasedTarget target =
            EnergyBasedTarget.of(List.of(Constraint.pointwise("sea", Features.word("sea"))), new double[1]);
    private final double[][] phi = {{1}, {0}, {1}};
    private final float[][] base = {{-1, -2}, {-2, -1, -1}, {-0.5f}};
    private final float[][] proposal = {{-1, -1}, {-1, -1, -1}, {-0.75f}};
    private final float[][] policy = {{-0.5f, -1}, {-3, -1, -1}, {-1}};
    private final boolean[] partly = {true, false, true};

    private static float[][] without1(float[][] rows) {
        return new float[][] {rows[0], {NAN, NAN, NAN}, rows[2]};
    }

    private SequenceKernels.Energies energies(float[][] base, float[][] policy, boolean... scored) {
        return PartialEstimates.energies(kernels, target, phi, base, proposal, policy, scored, new double[3], LOG_Z);
    }

    @Test
    void whatIsKnownIsNotTouched() {
        var want = kernels.energies(target, phi, base, proposal, policy, LOG_Z);
        for (boolean scored : new boolean[] {true, false}) {
            var got = energies(base, policy, true, scored, true);
            assertThat(got.logTarget()).isEqualTo(want.logTarget());
            assertThat(got.logRatio()).isEqualTo(want.logRatio());
            assertThat(got.statistics()).isEqualTo(want.statistics());
        }
    }

    @Test
    void whatNeedsTheMissingIsMissingAndAllElseIsWhole() {
        var want = energies(base, policy, true, true, true);
        var got = energies(without1(base), without1(policy), partly);
        assertThat(got.logTarget()).isEqualTo(want.logTarget());
        assertThat(got.logRatio()).containsExactly(want.logRatio()[0], Double.NaN, want.logRatio()[2]);
        assertThat(got.statistics())
                .usingRecursiveComparison()
                .ignoringFields("absolutePolicy", "policyBase")
                .isEqualTo(want.statistics());
        assertThat(got.statistics().absolutePolicy()).isNaN();
        assertThat(got.statistics().policyBase()).isNaN();
    }

    @Test
    void whereOnlyLogAIsMissingOnlyItsDivergenceIs() {
        var want = energies(base, policy, true, true, true);
        var got = energies(without1(base), policy, partly);
        assertThat(got.logRatio()).isEqualTo(want.logRatio());
        assertThat(got.statistics())
                .usingRecursiveComparison()
                .ignoringFields("policyBase")
                .isEqualTo(want.statistics());
        assertThat(got.statistics().policyBase()).isNaN();
    }

    @Test
    void ofWhatWasScoredNaNIsAnError() {
        assertThatThrownBy(() -> energies(without1(base), policy, true, true, true))
                .isInstanceOf(ArithmeticException.class)
                .hasMessageStartingWith("log w of sequence 1 is NaN");
        assertThatThrownBy(() -> energies(base, without1(policy), true, true, true))
                .isInstanceOf(ArithmeticException.class)
                .hasMessageStartingWith("log π − log q of sequence 1 is NaN");
        double[] logProb = {-1, Double.NaN, -1};
        assertThatThrownBy(() -> PartialEstimates.estimate(
                        new double[3], new double[3], logProb, new double[3], new boolean[] {true, true, true}, LOG_Z))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("logPolicy of sequence 1 is NaN");
    }

    @Test
    void estimatesFromSequencesAreThoseFromTokens() {
        double[] logTarget = {-3, Double.NEGATIVE_INFINITY, -0.5};
        double[] logProposal = {-2, -3, -0.75};
        double[] logPolicy = {-1.5, Double.NaN, -1};
        double[] logBase = {-3, Double.NaN, -0.5};
        var got = PartialEstimates.estimate(logTarget, logProposal, logPolicy, logBase, partly, LOG_Z);
        assertThat(got)
                .isEqualTo(Divergences.of(
                        energies(without1(base), without1(policy), partly).statistics()));
        assertThat(got.tvdTargetPolicy()).isNaN();
        assertThat(got.klPolicyBase()).isNaN();
        assertThat(got.klTargetPolicy()).isFinite();
    }
}
