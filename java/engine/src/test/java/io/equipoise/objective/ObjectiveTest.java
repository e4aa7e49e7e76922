package io.equipoise.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.equipoise.model.TabularModel;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Expectations summed over a whole language: base, proposal and policy differ, the target has zeros. */
class ObjectiveTest {
    private static final long SEED = 42;

    private final TabularModel base = TabularModel.random(2, 3, SEED);
    private final TabularModel proposal = TabularModel.random(2, 3, SEED + 1);
    private final TabularModel policy = TabularModel.random(2, 3, SEED + 2);
    private final int[][] sequences = base.sequences();
    private final double[] logProposal = proposal.logProbs(sequences);
    private final double[] logPolicy = policy.logProbs(sequences);
    private final double[] logTarget = target();
    private final double logZ = Math.log(Arrays.stream(logTarget).map(Math::exp).sum());

    private double[] target() {
        double[] log = base.logProbs(sequences);
        var random = new Random(SEED);
        for (int i = 0; i < log.length; i++) {
            log[i] += i % 4 == 0 ? Double.NEGATIVE_INFINITY : 2 * random.nextGaussian();
        }
        return log;
    }

    /** E[c ∇ log π] over sequences drawn with these log-probabilities, by parameter. */
    private float[] expectedGradient(Objective objective, double[] logDrawn) {
        var prompts = new int[sequences.length];
        Arrays.fill(prompts, 1);
        try (var copy = policy.copy()) {
            copy.trainable(name -> true);
            copy.accumulateGradient(
                    sequences,
                    prompts,
                    8,
                    (i, ignored) -> Math.exp(logDrawn[i])
                            * objective.coefficient(logTarget[i], logDrawn[i], logPolicy[i], logZ));
            return copy.parameters().gradient().toFloats();
        }
    }

    /** −Z·KL(p‖π) up to a constant: Σ P log π. */
    private double ascends(float[] logits) {
        double[] log = new TabularModel(2, 3, logits).logProbs(sequences);
        double sum = 0;
        for (int i = 0; i < log.length; i++) if (logTarget[i] > -1e300) sum += Math.exp(logTarget[i]) * log[i];
        return sum;
    }

    @Test
    void theExpectedGradientIsThatOfTheObjectiveWithAndWithoutTheBaseline() {
        float[] logits = policy.parameters().value().toFloats();
        float[] gdc = expectedGradient(new Gdc(false), logProposal);
        float[] plusPlus = expectedGradient(new GdcPlusPlus(false, false), logProposal);
        float[] onPolicy = expectedGradient(new GdcPlusPlus(true, false), logPolicy);
        for (int i = 0; i < logits.length; i++) {
            float h = 1e-2f;
            float[] up = logits.clone();
            float[] down = logits.clone();
            up[i] += h;
            down[i] -= h;
            double difference = (ascends(up) - ascends(down)) / ((double) up[i] - down[i]);
            assertThat((double) gdc[i]).isCloseTo(difference, within(2e-4));
            assertThat(plusPlus[i]).isCloseTo(gdc[i], within(2e-6f));
            assertThat(onPolicy[i]).isCloseTo(gdc[i], within(2e-6f));
        }
    }

    @Test
    void theBaselineLowersTheVarianceOfTheCoefficient() {
        assertThat(secondMoment(new GdcPlusPlus(false, false))).isLessThan(secondMoment(new Gdc(false)));
    }

    private double secondMoment(Objective objective) {
        double sum = 0;
        for (int i = 0; i < sequences.length; i++) {
            double c = objective.coefficient(logTarget[i], logProposal[i], logProposal[i], logZ);
            sum += Math.exp(logProposal[i]) * c * c;
        }
        return sum;
    }

    @Test
    void withTheProposalAsPolicyTheTwoFormsAreOne() {
        var off = new GdcPlusPlus(false, true);
        var on = new GdcPlusPlus(true, true);
        for (int i = 0; i < sequences.length; i++) {
            assertThat(off.coefficient(logTarget[i], logProposal[i], logProposal[i], logZ))
                    .isCloseTo(on.coefficient(logTarget[i], logProposal[i], logProposal[i], logZ), within(1e-14));
        }
    }

    @Test
    void normalizingDividesByZ() {
        double z = Math.exp(logZ);
        for (int i = 0; i < sequences.length; i++) {
            double plain = new GdcPlusPlus(false, false).coefficient(logTarget[i], logProposal[i], logPolicy[i], logZ);
            double divided = new GdcPlusPlus(false, true).coefficient(logTarget[i], logProposal[i], logPolicy[i], logZ);
            assertThat(divided * z).isCloseTo(plain, within(1e-12 * (1 + Math.abs(plain))));
        }
    }

    @Test
    void extremesNeitherOverflowNorCancel() {
        var objective = new GdcPlusPlus(false, true);
        // w/Z and ρ differ in their 12th digit only.
        assertThat(objective.coefficient(-800 + 0x1p-40, -800, -800, 0)).isCloseTo(0x1p-40, within(1e-24));
        assertThat(objective.coefficient(Double.NEGATIVE_INFINITY, -1, -1, 0)).isEqualTo(-1);
        assertThat(objective.coefficient(Double.NEGATIVE_INFINITY, -1, Double.NEGATIVE_INFINITY, 0))
                .isZero();
        assertThat(objective.coefficient(-2000, -1000, -2000, 0)).isZero();
        assertThat(objective.coefficient(Double.NaN, -1, -1, 0)).isNaN();
        assertThat(new Gdc(true).coefficient(Double.NEGATIVE_INFINITY, -1, -1, 0))
                .isZero();
    }
}
