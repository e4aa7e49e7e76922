package io.equipoise.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.equipoise.kernels.KernelProvider;
import io.equipoise.model.CausalLanguageModel;
import io.equipoise.model.Golden;
import io.equipoise.model.ModelHub;
import io.equipoise.model.SequenceGradients;
import io.equipoise.model.TabularModel;
import io.equipoise.model.TextDecoder;
import io.equipoise.objective.GdcPlusPlus;
import io.equipoise.sampling.Sampler;
import io.equipoise.sampling.SamplerConfig;
import io.equipoise.target.Constraint;
import io.equipoise.target.EnergyBasedTarget;
import io.equipoise.target.Feature;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The variance of the gradient in training: what it is, and that a run doesn't notice it being measured. */
class GradientDiagnosticsTest {
    private static final List<Constraint> HALF_HAVE_B = List.of(
            Constraint.moment("has b", Feature.test(text -> text.contains("b")).onPrefixes(), 0.5));
    private static final int STEPS = 5;
    private static final int EVERY = 2;

    private static TrainingConfigBuilder config(String objective) {
        return TrainingConfig.builder()
                .objective(objective)
                .steps(STEPS)
                .batchSize(24)
                .microBatch(5)
                .maxTokens(6)
                .momentSamples(400)
                .learningRate(0.01)
                .checkEvery(2)
                .seed(9);
    }

    /** A run's steps, and the policy that it ends with. */
    private record Run(List<Step> steps, float[] policy) {
        static Run of(Supplier<CausalLanguageModel> load, TextDecoder text, TrainingConfig config) {
            try (var base = load.get();
                    var trainer = Trainer.create(base, text, HALF_HAVE_B, config)) {
                var steps = new ArrayList<Step>();
                while (!trainer.isFinished()) steps.add(trainer.step());
                return new Run(steps, trainer.policy().parameters().value().toFloats());
            }
        }
    }

    static Stream<Arguments> runs() {
        Supplier<CausalLanguageModel> toy = () -> TabularModel.random(2, 6, 20);
        Supplier<CausalLanguageModel> gpt2 = () -> ModelHub.loadModel(Golden.folder("gpt2"), KernelProvider.kernels());
        TextDecoder letters = sequences -> sequences.stream()
                .map(tokens -> Arrays.stream(tokens).anyMatch(token -> token % 10 == 0) ? "b" : "")
                .toList();
        TextDecoder text = TabularModel::text;
        return Stream.of(
                Arguments.of("gdc++ with control variates", toy, text, config("gdc++")),
                Arguments.of(
                        "gdc, subsampled",
                        toy,
                        text,
                        config("gdc").controlVariates(false).gradientSubsampling(0.5)),
                Arguments.of("trajectory-balance", toy, text, config("trajectory-balance")),
                Arguments.of("gdc++ of GPT-2", gpt2, letters, config("gdc++").learningRate(1e-3)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("runs")
    void onlyObserves(String name, Supplier<CausalLanguageModel> load, TextDecoder text, TrainingConfigBuilder config) {
        var never = Run.of(load, text, config.build());
        var fast = Run.of(load, text, config.gradientDiagnosticsEvery(EVERY).build());
        var exact = Run.of(
                load,
                text,
                config.gradientDiagnostics(GradientDiagnostics.EXACT).build());
        assertThat(fast.policy).isEqualTo(never.policy);
        assertThat(exact.policy).isEqualTo(never.policy);
        for (int k = 0; k < STEPS; k++) {
            assertThat(withoutVariance(fast.steps.get(k))).isEqualTo(withoutVariance(never.steps.get(k)));
            assertThat(withoutVariance(exact.steps.get(k))).isEqualTo(withoutVariance(never.steps.get(k)));
            assertThat(variance(never, k)).isNaN();
            if (k % EVERY == 0) {
                assertThat(variance(exact, k)).isPositive();
                assertThat(variance(fast, k)).isCloseTo(variance(exact, k), within(1e-4 * variance(exact, k)));
            } else {
                assertThat(variance(fast, k)).isNaN();
                assertThat(variance(exact, k)).isNaN();
            }
        }
    }

    private static double variance(Run run, int step) {
        return run.steps.get(step).diagnostics().gradientVariance();
    }

    /** All of a step that time and the variance have not touched. */
    private static List<Object> withoutVariance(Step step) {
        var all = step.diagnostics();
        return List.of(
                step.step(),
                step.loss(),
                step.logZ(),
                step.divergences(),
                step.moments(),
                step.aim(),
                step.baseline(),
                step.beta(),
                step.gradientNorm(),
                step.subsamplingVariance(),
                step.learningRate(),
                step.check(),
                step.tokens(),
                all.meanAbsoluteAdvantage(),
                all.advantageVariance(),
                all.meanRatio(),
                all.largestRatio(),
                all.meanClippedRatio(),
                all.clippedShare());
    }

    /** Every sequence counts for itself, however often the same one is in the batch. */
    @ParameterizedTest
    @EnumSource
    void theMeanSquareIsOverSingleSequences(GradientDiagnostics how) {
        double logZ = 0.2;
        var config =
                config("gdc++").controlVariates(false).gradientDiagnostics(how).build();
        var objective = new GdcPlusPlus(false, true);
        try (var base = TabularModel.random(2, 3, 20);
                var proposal = TabularModel.random(2, 3, 21);
                var policy = TabularModel.random(2, 3, 22)) {
            var sampler = new Sampler(SamplerConfig.of(3, 8));
            var kernels = new SequenceKernels(KernelProvider.kernels());
            var rollouts = new Rollouts(base, TabularModel::text, HALF_HAVE_B, sampler, kernels, 16);
            var batch = rollouts.sample(proposal, 90, 0);
            double[][] phi = rollouts.features(rollouts.texts(batch));
            var target = EnergyBasedTarget.of(HALF_HAVE_B, new double[] {0.7});
            var rollout = rollouts.complete(proposal, batch, phi, target, new float[0][], true);
            policy.trainable(name -> true);

            var outcome =
                    new PolicyGradient(policy, config, Optional.empty()).accumulate(rollout, objective, logZ, 0, true);
            double norm = policy.gradientNorm();

            double[] logPolicy = policy.logProbs(batch.tokens());
            var coefficient = new float[batch.size()][];
            for (int i = 0; i < coefficient.length; i++) {
                coefficient[i] = new float[batch.tokens()[i].length - 1];
                double c = objective.coefficient(rollout.logTarget()[i], rollout.logProposal()[i], logPolicy[i], logZ);
                Arrays.fill(coefficient[i], (float) c);
            }
            double[] squares =
                    SequenceGradients.squaredNorms(policy, batch.tokens(), batch.promptLength(), coefficient);
            double mean = Arrays.stream(squares).average().orElseThrow();
            assertThat(outcome.meanSquaredNorm()).isCloseTo(mean, within(1e-5 * mean));
            assertThat(policy.gradientNorm()).isEqualTo(norm);
        }
    }

    @Test
    void ratiosAreNotKnownWhereSequencesAreNotScored() {
        var allHaveB = List.of(Constraint.pointwise(
                "has b", Feature.test(text -> text.contains("b")).onPrefixes()));
        var config = config("gdc").controlVariates(false).diagnosticsEvery(2).build();
        try (var base = TabularModel.random(2, 6, 20);
                var trainer = Trainer.create(base, TabularModel::text, allHaveB, config)) {
            for (int k = 0; k < STEPS; k++) {
                var diagnostics = trainer.step().diagnostics();
                assertThat(diagnostics.advantageVariance()).isPositive();
                assertThat(Double.isNaN(diagnostics.meanRatio())).isEqualTo(k % 2 == 1);
                assertThat(Double.isNaN(diagnostics.clippedShare())).isEqualTo(k % 2 == 1);
            }
        }
    }
}
