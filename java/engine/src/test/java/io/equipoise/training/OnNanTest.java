package io.equipoise.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.equipoise.memory.Vector;
import io.equipoise.model.TabularModel;
import io.equipoise.target.Constraint;
import io.equipoise.target.Feature;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A NaN or infinity, wherever it comes from, is told by step, phase and sequence, and is skipped or stops the run as before it. */
class OnNanTest {
    private static final int B = 16;
    private static final int STEPS = 8;

    /** Where a number is spoilt. */
    private enum Place {
        /** Logits of the policy, which samples. */
        SAMPLE("sample", "sequence 2064"),
        /** log a, the policy sampling. */
        SCORE("score", "log w of sequence 0"),
        /** log π, the base model sampling. */
        GRADIENT("gradient", "log π − log q of sequence 0");

        private final String phase;
        private final String what;

        Place(String phase, String what) {
            this.phase = phase;
            this.what = what;
        }

        Vector weights(TabularModel base, Trainer trainer) {
            return this == SCORE
                    ? base.parameters().value()
                    : trainer.policy().parameters().value();
        }

        /** Spoils every text's first token. */
        void spoil(TabularModel base, Trainer trainer) {
            var weights = weights(base, trainer);
            float[] spoilt = weights.toFloats();
            Arrays.fill(spoilt, 0, 4, Float.NaN);
            weights.put(spoilt);
        }

        TrainingConfigBuilder config() {
            return TrainingConfig.builder()
                    .onPolicy(this != GRADIENT)
                    .steps(STEPS)
                    .batchSize(B)
                    .maxTokens(4)
                    .momentSamples(2000)
                    .learningRate(0.05)
                    .checkEvery(6)
                    .seed(5);
        }
    }

    private static Trainer trainer(TabularModel base, TrainingConfigBuilder config) {
        var startsWithA = Constraint.moment(
                "starts with a", Feature.test(text -> text.startsWith("a")).onPrefixes(), 0.5);
        return Trainer.create(base, TabularModel::text, List.of(startsWithA), config.build());
    }

    private static String json(Checkpoint checkpoint) {
        return new JsonMapper().valueToTree(checkpoint.state()).toString();
    }

    @ParameterizedTest
    @EnumSource(Place.class)
    void stopsAsIfTheStepHadNotBegun(Place place) {
        try (var base = TabularModel.random(3, 4, 20);
                var trainer = trainer(base, place.config())) {
            var steps = new ArrayList<Step>();
            while (steps.size() < 4) steps.add(trainer.step());
            float[] weights = place.weights(base, trainer).toFloats();
            place.spoil(base, trainer);
            try (var good = trainer.checkpoint()) {
                assertThatThrownBy(trainer::step)
                        .isInstanceOfSatisfying(NonFiniteException.class, e -> {
                            assertThat(e.step()).isEqualTo(5);
                            assertThat(e.phase()).isEqualTo(place.phase);
                            assertThat(e.isUndone()).isTrue();
                        })
                        .hasMessageContainingAll("step 5, phase " + place.phase, place.what);
                try (var after = trainer.checkpoint()) {
                    assertThat(json(after)).isEqualTo(json(good));
                }
            }
            // What was wrong is mended: the run goes on as if nothing had been.
            place.weights(base, trainer).put(weights);
            while (!trainer.isFinished()) steps.add(trainer.step());
            assertThat(steps.get(STEPS - 1).skipped()).isZero();
            var whole = new ArrayList<Step>();
            try (var other = trainer(base, place.config())) {
                while (!other.isFinished()) whole.add(other.step());
            }
            for (int i = 0; i < STEPS; i++) {
                assertThat(steps.get(i).loss())
                        .as("loss of step %d", i + 1)
                        .isEqualTo(whole.get(i).loss());
                assertThat(steps.get(i).logZ()).isEqualTo(whole.get(i).logZ());
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Place.class)
    void skipsTheStepAndCountsIt(Place place) {
        try (var base = TabularModel.random(3, 4, 20);
                var trainer = trainer(base, place.config().onNan(OnNan.SKIP))) {
            for (int i = 0; i < 4; i++) trainer.step();
            double logZ = trainer.logZ();
            float[] weights = place.weights(base, trainer).toFloats();
            place.spoil(base, trainer);
            var step = trainer.step();
            assertThat(step.step()).isEqualTo(5);
            assertThat(step.skipped()).isOne();
            assertThat(step.loss()).isNaN();
            assertThat(step.logZ()).isEqualTo(logZ);
            assertThat(step.learningRate()).isEqualTo(0.05);
            assertThat(step.moments()).containsOnlyKeys("starts with a");
            place.weights(base, trainer).put(weights);
            var next = trainer.step();
            assertThat(next.step()).isEqualTo(6);
            assertThat(next.skipped()).isOne();
            assertThat(next.loss()).isFinite();
            // The batch left out is not in Z, and is not drawn again.
            try (var checkpoint = trainer.checkpoint()) {
                var state = checkpoint.state().batches();
                assertThat(state.sequences()).isEqualTo(2000 + 6 * B);
                assertThat(state.partition().get(0).count()).isEqualTo(2000 + 5 * B);
            }
        }
    }

    @Test
    void anUpdateThatDamagesThePolicyStopsEvenWhereStepsAreSkipped() {
        try (var base = TabularModel.random(3, 4, 20);
                var trainer =
                        trainer(base, Place.GRADIENT.config().onNan(OnNan.SKIP).learningRate(1e300))) {
            assertThatThrownBy(trainer::step)
                    .isInstanceOfSatisfying(NonFiniteException.class, e -> assertThat(e.isUndone())
                            .isFalse())
                    .hasMessageContainingAll("step 1, phase update", "learningRate");
        }
    }
}
