package io.equipoise.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.equipoise.model.TabularModel;
import io.equipoise.target.Constraint;
import io.equipoise.target.EnergyBasedTarget;
import io.equipoise.target.Feature;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class MomentCorrectionTest {
    private static final Constraint ALWAYS = Constraint.pointwise("always", Feature.test(text -> true));
    private static final Constraint HALF =
            Constraint.moment("half", Feature.test(text -> text.startsWith("a")).onPrefixes(), 0.5);
    private static final List<Constraint> BOTH = List.of(ALWAYS, HALF);
    /** Of 1,000 texts one in five has the feature. */
    private static final double[][] PHI = phi();

    private static double[][] phi() {
        var phi = new double[1000][];
        for (int i = 0; i < phi.length; i++) phi[i] = new double[] {1, i % 5 == 0 ? 1 : 0};
        return phi;
    }

    private final EnergyBasedTarget target = EnergyBasedTarget.fit(BOTH, PHI, new double[PHI.length]);

    private static double momentUnder(MomentCorrection correction) {
        double[] worth = correction.worth();
        double sum = 0;
        for (int i = 0; i < worth.length; i++) sum += worth[i] * PHI[i][1] / worth.length;
        return sum;
    }

    @Test
    void theAimMovesByAShareOfWhatIsMissing() {
        var correction = new MomentCorrection(0.25, target, PHI);
        assertThat(correction.aim()).isSameAs(target);
        assertThat(correction.logZRatio()).isZero();
        assertThat(correction.correct(new double[] {1, 0.3})).isTrue();
        assertThat(correction.aim().constraints().get(0)).isEqualTo(ALWAYS);
        assertThat(correction.aim().constraints().get(1).moment()).isCloseTo(0.55, within(1e-12));
        assertThat(momentUnder(correction)).isCloseTo(0.55, within(1e-6));
        // Once the policy has passed the desired moment the aim comes back.
        correction.correct(new double[] {1, 0.6});
        assertThat(momentUnder(correction)).isCloseTo(0.525, within(1e-6));
    }

    @Test
    void zOfTheAimIsKnownFromTheTargets() {
        var correction = new MomentCorrection(1, target, PHI);
        correction.correct(new double[] {1, 0.4});
        // For a feature that one in five has, Z = 0.8 + 0.2·exp(λ), and a moment m makes exp(λ) = 4m/(1 − m).
        double aimed = 0.8 + 0.2 * 4 * 0.6 / 0.4;
        double first = 0.8 + 0.2 * 4;
        assertThat(correction.logZRatio()).isCloseTo(Math.log(aimed / first), within(1e-6));
    }

    @Test
    void theAimGoesHalfTheWayToTheExtremeAtMost() {
        var correction = new MomentCorrection(1, target, PHI);
        for (int i = 0; i < 10; i++) correction.correct(new double[] {1, 0});
        assertThat(momentUnder(correction)).isCloseTo(0.75, within(1e-6));
        assertThat(correction.correct(new double[] {1, 0})).as("it is there").isFalse();
        for (int i = 0; i < 10; i++) correction.correct(new double[] {1, 1});
        assertThat(momentUnder(correction)).isCloseTo(0.25, within(1e-6));
    }

    @Test
    void withoutGainOrMomentsNothingMoves() {
        assertThat(new MomentCorrection(0, target, PHI).correct(new double[] {1, 0}))
                .isFalse();
        var pointwise = EnergyBasedTarget.fit(List.of(ALWAYS), new double[][] {{1}}, new double[1]);
        assertThat(new MomentCorrection(1, pointwise, new double[][] {{1}}).correct(new double[] {1}))
                .isFalse();
        assertThatThrownBy(() ->
                        TrainingConfig.builder().momentCorrection(Double.NaN).build())
                .hasMessageContaining("momentCorrection must be in [0, 1], 0 for none, got NaN");
    }

    /** A run cut short, on a language small enough to list. */
    @Test
    void aShortRunComesNearerToTheDesiredMoment() {
        double without = shortRun(0);
        assertThat(without).isLessThan(0.37);
        assertThat(shortRun(0.3)).isBetween(without + 0.08, 0.5);
    }

    private static double shortRun(double gain) {
        var config = TrainingConfig.builder()
                .steps(60)
                .batchSize(512)
                .maxTokens(4)
                .momentSamples(20_000)
                .learningRate(0.05)
                .schedule(Schedule.LINEAR)
                .checkEvery(5)
                .momentCorrection(gain)
                .seed(3)
                .build();
        var late = Constraint.moment(
                "ends in ab", Feature.test(text -> text.endsWith("ab")).onPrefixes(), 0.5);
        try (var base = TabularModel.random(3, 4, 20);
                var trainer = Trainer.create(base, TabularModel::text, List.of(late), config)) {
            while (!trainer.isFinished()) trainer.step();
            int[][] all = base.sequences();
            double[] logPolicy = ((TabularModel) trainer.policy()).logProbs(all);
            List<String> texts = TabularModel.text(Arrays.asList(all));
            double moment = 0;
            for (int i = 0; i < all.length; i++) {
                moment += Math.exp(logPolicy[i]) * late.feature().score(texts.get(i));
            }
            return moment;
        }
    }
}
