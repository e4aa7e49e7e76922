package io.equipoise.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.equipoise.kernels.KernelProvider;
import io.equipoise.model.CountingModel;
import io.equipoise.model.SequenceCoefficients;
import io.equipoise.model.TabularModel;
import io.equipoise.sampling.Sampler;
import io.equipoise.sampling.SamplerConfig;
import io.equipoise.target.Constraint;
import io.equipoise.target.EnergyBasedTarget;
import io.equipoise.target.Feature;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which sequences models are asked about, and that nothing else changes with it. */
class SkippedSequencesTest {
    private static final int B = 2; // the token of letter b
    private static final SequenceKernels KERNELS = new SequenceKernels(KernelProvider.kernels());
    private static final List<Constraint> ALL_HAVE_B = List.of(Constraint.pointwise(
            "has b", Feature.test(text -> text.contains("b")).onPrefixes()));

    private static TrainingConfigBuilder gdc() {
        return TrainingConfig.builder()
                .objective("gdc")
                .controlVariates(false)
                .steps(12)
                .batchSize(128)
                .maxTokens(4)
                .momentSamples(2000)
                .learningRate(0.05)
                .checkEvery(4)
                .seed(3);
    }

    /** One step, and what was asked during it. */
    private record Asked(
            Step step,
            List<List<Integer>> ofBase,
            List<List<Integer>> ofPolicy,
            List<List<Integer>> backward,
            List<List<Integer>> ofProposal) {}

    private static List<Asked> run(TrainingConfig config) {
        var run = new ArrayList<Asked>();
        try (var base = new CountingModel(TabularModel.random(3, 4, 20));
                var trainer = Trainer.create(base, TabularModel::text, ALL_HAVE_B, config)) {
            var policy = (CountingModel) trainer.policy();
            while (!trainer.isFinished()) {
                var proposal = (CountingModel) trainer.proposal();
                for (var model : List.of(base, policy, proposal)) model.forget();
                var step = trainer.step();
                run.add(new Asked(step, base.scored(), policy.scored(), policy.backward(), proposal.scored()));
            }
        }
        return run;
    }

    private static boolean hasB(List<Integer> row) {
        return row.contains(B);
    }

    private static boolean diagnosed(Asked asked, int every) {
        return (asked.step().step() - 1) % every == 0;
    }

    @Test
    void textsWithoutWeightAreNotRunBackward() {
        for (var asked : run(gdc().build())) {
            assertThat(asked.backward()).isNotEmpty().allMatch(SkippedSequencesTest::hasB);
            assertThat(asked.ofPolicy()).isNotEmpty().noneMatch(SkippedSequencesTest::hasB);
            assertThat(asked.step().divergences().klPolicyBase()).isFinite();
            assertThat(asked.step().moments().get("has b")).isFinite();
        }
    }

    @Test
    void betweenDiagnosticsTheyAreNotRunAtAllAndWhatNeedsThemIsMissing() {
        var all = run(gdc().build());
        var some = run(gdc().diagnosticsEvery(5).build());
        // q has moved, so that a is asked too.
        assertThat(all).anyMatch(asked -> asked.step().check().outcome() == Step.Outcome.UPDATED);
        assertThat(all.get(11).ofBase()).anyMatch(row -> !hasB(row));
        for (int k = 0; k < 12; k++) {
            var step = some.get(k).step();
            var want = all.get(k).step();
            assertThat(step.loss()).isEqualTo(want.loss());
            assertThat(step.gradientNorm()).isPositive().isEqualTo(want.gradientNorm());
            assertThat(step.logZ()).isEqualTo(want.logZ());
            assertThat(step.baseline()).isEqualTo(want.baseline());
            assertThat(step.check()).isEqualTo(want.check());
            assertThat(some.get(k).backward()).isEqualTo(all.get(k).backward());
            if (diagnosed(some.get(k), 5)) {
                assertThat(step.divergences()).isEqualTo(want.divergences());
                assertThat(step.moments()).isEqualTo(want.moments());
                assertThat(some.get(k).ofPolicy())
                        .isNotEmpty()
                        .isEqualTo(all.get(k).ofPolicy());
                continue;
            }
            assertThat(some.get(k).ofPolicy()).isEmpty();
            assertThat(some.get(k).ofBase()).allMatch(SkippedSequencesTest::hasB);
            assertThat(step.divergences())
                    .usingRecursiveComparison()
                    .ignoringFields("tvdTargetPolicy", "klPolicyBase")
                    .isEqualTo(want.divergences());
            assertThat(step.divergences().tvdTargetPolicy()).isNaN();
            assertThat(step.divergences().klPolicyBase()).isNaN();
            assertThat(step.moments().get("has b")).isNaN();
        }
    }

    @Test
    void onPolicyTheirLogProbIsKnownAnyway() {
        for (var asked : run(gdc().onPolicy(true).diagnosticsEvery(5).build())) {
            assertThat(asked.ofPolicy()).isEmpty();
            assertThat(asked.backward()).allMatch(SkippedSequencesTest::hasB);
            assertThat(asked.step().moments().get("has b")).isBetween(0.01, 1.0);
            assertThat(asked.step().divergences().tvdTargetPolicy()).isFinite();
            double klPolicyBase = asked.step().divergences().klPolicyBase();
            assertThat(Double.isFinite(klPolicyBase)).isEqualTo(diagnosed(asked, 5));
            assertThat(asked.ofBase().stream().allMatch(SkippedSequencesTest::hasB))
                    .isEqualTo(!diagnosed(asked, 5));
        }
    }

    @ParameterizedTest(name = "{0}, control variates {1}")
    @CsvSource({"gdc,true", "gdc++,true", "gdc++,false"})
    void whereTheirCoefficientsAreNot0NothingIsSkipped(String objective, boolean controlVariates) {
        var config = gdc().objective(objective)
                .controlVariates(controlVariates)
                .diagnosticsEvery(5)
                .build();
        for (var asked : run(config)) {
            assertThat(asked.backward()).anyMatch(row -> !hasB(row));
            assertThat(asked.ofPolicy()).isEmpty();
            assertThat(asked.step().divergences().klPolicyBase()).isFinite();
            assertThat(asked.step().moments().get("has b")).isFinite();
        }
    }

    @Test
    void theProposalIsNeverScored() {
        var run = run(gdc().objective("gdc++").build());
        int afterUpdate = 0;
        for (int k = 1; k < run.size(); k++) {
            if (run.get(k - 1).step().check().outcome() == Step.Outcome.UPDATED) afterUpdate++;
            // From the first update on q is a model of its own: neither the base nor the policy.
            if (afterUpdate > 0) assertThat(run.get(k).ofProposal()).isEmpty();
        }
        assertThat(afterUpdate).isPositive();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theGradientIsThatOfAllSequences(boolean weightless) {
        double logZ = -0.4;
        var config = gdc().build();
        var sampler = new Sampler(SamplerConfig.of(4, 8));
        try (var base = TabularModel.random(3, 4, 20);
                var proposal = TabularModel.random(3, 4, 21);
                var policy = new CountingModel(TabularModel.random(3, 4, 22));
                var plain = policy.copy()) {
            var rollouts = new Rollouts(base, TabularModel::text, ALL_HAVE_B, sampler, KERNELS, 16);
            var batch = rollouts.sample(proposal, 200, 0);
            var texts = rollouts.texts(batch);
            var target = EnergyBasedTarget.of(ALL_HAVE_B, new double[1]);
            var rollout =
                    rollouts.complete(proposal, batch, rollouts.features(texts), target, new float[0][], weightless);
            policy.trainable(name -> true);
            double[] logPolicy = new PolicyGradient(policy, config, Optional.empty())
                    .accumulate(rollout, config.objectiveFunction(), logZ, 0, false)
                    .logPolicy();
            plain.trainable(name -> true);
            double[] want = plain.accumulateGradient(
                    batch.tokens(),
                    batch.promptLength(),
                    16,
                    SequenceCoefficients.of((i, log) -> texts.get(i).contains("b")
                            ? Math.exp(rollout.logBase()[i] - rollout.logProposal()[i] - logZ)
                            : 0));
            float[] gradient = policy.parameters().gradient().toFloats();
            float[] all = plain.parameters().gradient().toFloats();
            for (int k = 0; k < all.length; k++) {
                assertThat(gradient[k] / 200).isCloseTo(all[k] / 200, within(1e-6f));
            }
            assertThat(plain.gradientNorm()).isGreaterThan(1);
            for (int i = 0; i < want.length; i++) {
                boolean known = weightless || texts.get(i).contains("b");
                if (known) assertThat(logPolicy[i]).isCloseTo(want[i], within(1e-6));
                else assertThat(logPolicy[i]).isNaN();
            }
        }
    }

    @Test
    void aBatchWithoutWeightChangesNothing() {
        var none = List.of(Constraint.pointwise("none", Feature.test(text -> false)));
        var sampler = new Sampler(SamplerConfig.of(4, 8));
        try (var policy = new CountingModel(TabularModel.random(3, 4, 22))) {
            policy.trainable(name -> true);
            var rollouts = new Rollouts(policy, TabularModel::text, none, sampler, KERNELS, 16);
            var batch = rollouts.sample(policy, 20, 0);
            double[][] phi = rollouts.features(rollouts.texts(batch));
            var target = EnergyBasedTarget.of(none, new double[1]);
            var rollout = rollouts.complete(policy, batch, phi, target, new float[0][], false);
            var config = gdc().build();
            new PolicyGradient(policy, config, Optional.empty())
                    .accumulate(rollout, config.objectiveFunction(), 0, 0, false);
            assertThat(policy.gradientNorm()).isZero();
            assertThat(policy.backward()).isEmpty();
            assertThat(policy.scored()).isEmpty();
        }
    }

    @Test
    void checksThatNeedEverySequenceRefuseToMissSome() {
        var tvd = gdc().diagnosticsEvery(2).proposalUpdate(ProposalUpdate.TVD);
        var correction = gdc().diagnosticsEvery(2).momentCorrection(0.1);
        for (var builder : List.of(tvd, correction)) {
            assertThatThrownBy(builder::build)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("diagnosticsEvery must be 1 with proposalUpdate tvd or momentCorrection");
            builder.diagnosticsEvery(1).build();
        }
        assertThatThrownBy(gdc().diagnosticsEvery(0)::build).hasMessage("diagnosticsEvery must be >= 1, got 0");
    }
}
