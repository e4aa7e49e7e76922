package io.equipoise.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.equipoise.kernels.KernelProvider;
import io.equipoise.model.CausalLanguageModel;
import io.equipoise.model.CountingModel;
import io.equipoise.model.SequenceCoefficients;
import io.equipoise.model.SequenceGradients;
import io.equipoise.model.TabularModel;
import io.equipoise.sampling.Sampler;
import io.equipoise.sampling.SamplerConfig;
import io.equipoise.sampling.Sequences;
import io.equipoise.target.Constraint;
import io.equipoise.target.EnergyBasedTarget;
import io.equipoise.target.Feature;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A language of 31 texts, so that most of a batch has been there before. */
class DistinctSequencesTest {
    private static final List<Constraint> CONSTRAINTS = List.of(Constraint.moment(
            "has aa", Feature.test(text -> text.contains("aa")).onPrefixes(), 0.5));
    private static final SequenceKernels KERNELS = new SequenceKernels(KernelProvider.kernels());
    private static final int LENGTH = 4;
    private static final int BATCH = 300;
    private static final double LOG_Z = 0.3;

    private final TabularModel base = TabularModel.random(2, LENGTH, 11);
    private final CountingModel policy = new CountingModel(TabularModel.random(2, LENGTH, 12));
    private final Sampler sampler = new Sampler(SamplerConfig.of(LENGTH, 5));
    private final Sequences batch = sampler.sample(TabularModel.random(2, LENGTH, 13), BATCH, 0);

    @AfterEach
    void close() {
        base.close();
        policy.close();
    }

    private static List<List<Integer>> distinct(Sequences sequences) {
        return Arrays.stream(sequences.tokens())
                .map(CountingModel::row)
                .distinct()
                .toList();
    }

    /** The mean's gradient: as in the estimator, summed over sequences and divided by their number. */
    private static float[] mean(CausalLanguageModel model) {
        float[] gradient = model.parameters().gradient().toFloats();
        for (int k = 0; k < gradient.length; k++) gradient[k] /= BATCH;
        return gradient;
    }

    private static void assertSame(float[] got, float[] want) {
        assertThat(got).hasSameSizeAs(want);
        for (int k = 0; k < want.length; k++) assertThat(got[k]).isCloseTo(want[k], within(1e-6f));
        assertThat(IntStream.range(0, want.length).mapToDouble(k -> Math.abs(want[k])))
                .anyMatch(each -> each > 0.01);
    }

    private float[] ungrouped(SequenceCoefficients coefficients) {
        try (var model = policy.copy()) {
            model.trainable(name -> true);
            model.accumulateGradient(batch.tokens(), batch.promptLength(), 16, coefficients);
            return mean(model);
        }
    }

    @Test
    void coefficientsOfTheSameSequencesAreAddedUpTokenByToken() {
        SequenceCoefficients coefficients = (i, logProb, c) -> {
            var random = new Random(i);
            for (int t = 0; t < c.length; t++) c[t] = (float) random.nextGaussian() + logProb[t];
        };
        policy.trainable(name -> true);
        var logProb = new float[BATCH][];
        int[] all = IntStream.range(0, BATCH).toArray();
        DistinctSequences.of(batch).accumulateGradient(policy, all, 16, coefficients, logProb);
        assertSame(mean(policy), ungrouped(coefficients));
        assertThat(policy.backward()).hasSizeLessThan(BATCH / 5).containsExactlyElementsOf(distinct(batch));
        float[][] alone = policy.tokenLogProbs(batch.tokens(), batch.promptLength(), 16);
        assertThat(logProb).isDeepEqualTo(alone);
    }

    @ParameterizedTest(name = "{0}, as often as it comes the same: {1}")
    @CsvSource({"FAST,true", "FAST,false", "EXACT,true", "EXACT,false"})
    void everySequencesOwnGradientIsMeasured(GradientDiagnostics how, boolean alike) {
        int[] rows = IntStream.range(0, BATCH).filter(i -> i % 5 != 0).toArray();
        SequenceCoefficients coefficients = (i, logProb, c) -> {
            var random = new Random(alike ? Arrays.hashCode(batch.tokens()[i]) : i);
            for (int t = 0; t < c.length; t++) c[t] = (float) random.nextGaussian() + logProb[t];
        };
        policy.trainable(name -> true);
        var logProb = new float[BATCH][];
        double[] squares = DistinctSequences.of(batch).measureGradient(policy, rows, 16, coefficients, logProb, how);
        int passes = policy.backward().size();
        float[] gradient = policy.parameters().gradient().toFloats();

        policy.parameters().gradient().clear();
        policy.forget();
        var plain = new float[BATCH][];
        DistinctSequences.of(batch).accumulateGradient(policy, rows, 16, coefficients, plain);
        assertThat(policy.parameters().gradient().toFloats()).isEqualTo(gradient);
        assertThat(logProb).isDeepEqualTo(plain);
        int kinds = policy.backward().size();
        // By default a model runs each of what it is given once more by itself.
        if (how == GradientDiagnostics.EXACT) assertThat(passes).isEqualTo(kinds + rows.length);
        else if (alike) assertThat(passes).isEqualTo(2 * kinds);

        var given = new float[BATCH][];
        try (var model = policy.copy()) {
            model.trainable(name -> true);
            model.accumulateGradient(batch.tokens(), batch.promptLength(), 16, coefficients.remembered(given));
            double[] wanted = SequenceGradients.squaredNorms(model, batch.tokens(), batch.promptLength(), given);
            for (int i = 0; i < BATCH; i++) {
                double want = i % 5 == 0 ? 0 : wanted[i];
                assertThat(squares[i]).isCloseTo(want, within(1e-5 * wanted[i]));
                assertThat(wanted[i]).isPositive();
            }
        }
    }

    @Test
    void scoresAreThoseOfEverySequenceByItself() {
        var functions = new float[][] {{1, -2, 5}, {0, 1, 0}};
        var scores = DistinctSequences.of(batch).score(policy, 16, functions);
        assertThat(policy.scored()).containsExactlyElementsOf(distinct(batch));
        var alone = policy.tokenScores(batch.tokens(), batch.promptLength(), 16, functions);
        assertThat(scores.logProb()).isDeepEqualTo(alone.logProb());
        for (int i = 0; i < BATCH; i++) assertThat(scores.expected()[i]).isDeepEqualTo(alone.expected()[i]);
    }

    @Test
    void theSameTokensAfterAnotherPromptAreAnotherKind() {
        int[][] tokens = {{0, 1, 2, 0}, {0, 1, 2, 0}, {0, 1, 2, 0}, {0, 1, 0}};
        var sequences =
                new Sequences(tokens, new int[] {1, 2, 1, 1}, new float[][] {{0, 0, 0}, {0, 0}, {0, 0, 0}, {0, 0}});
        var distinct = DistinctSequences.of(sequences);
        float[][] logProb = distinct.score(policy, 16, new float[0][]).logProb();
        assertThat(policy.scored()).hasSize(3);
        assertThat(logProb[0]).hasSize(3).isEqualTo(logProb[2]);
        assertThat(logProb[1]).hasSize(2).containsExactly(logProb[0][1], logProb[0][2]);
        assertThat(distinct.without(new int[] {1, 2, 3}, new int[] {0})).containsExactly(1, 3);
    }

    @ParameterizedTest(name = "{0}, control variates {1}")
    @CsvSource({"gdc,false", "gdc++,false", "gdc,true", "gdc++,true"})
    void aStepsGradientIsThatOfTheRunWithoutGrouping(String name, boolean controlVariates) {
        var config = TrainingConfig.builder()
                .objective(name)
                .controlVariates(controlVariates)
                .maxTokens(LENGTH)
                .build();
        var variates = controlVariates ? Optional.of(variates(config)) : Optional.<ControlVariates>empty();
        var gradient = new PolicyGradient(policy, config, variates);
        var rollout = rollout(gradient.functions());
        var objective = config.objectiveFunction();
        var prefixes = variates.map(each -> each.prepare(rollout));
        float[] want = ungrouped((i, logProb, c) -> {
            Arrays.fill(c, (float) objective.coefficient(
                    rollout.logTarget()[i], rollout.logProposal()[i], Sequences.sum(logProb), LOG_Z));
            variates.ifPresent(
                    each -> each.subtract(c, prefixes.orElseThrow().get(i), logProb, batch.tokenLogProb()[i], LOG_Z));
        });
        policy.trainable(any -> true);
        double[] logPolicy =
                gradient.accumulate(rollout, objective, LOG_Z, 0, false).logPolicy();
        assertSame(mean(policy), want);
        assertThat(policy.backward()).containsExactlyElementsOf(distinct(batch));
        assertThat(policy.scored()).isEmpty();
        assertThat(logPolicy)
                .containsExactly(Sequences.sum(policy.tokenLogProbs(batch.tokens(), batch.promptLength(), 1)));
    }

    private ControlVariates variates(TrainingConfig config) {
        var sample = sampler.sample(base, 500, 1000);
        var random = new Random(3);
        double[] worth = IntStream.range(0, 500)
                .mapToDouble(i -> random.nextDouble() * 2)
                .toArray();
        var features = new SequenceFeatures(CONSTRAINTS, TabularModel::text, KernelProvider.kernels());
        return new ControlVariates(features, config, 3, sample.generated(), worth);
    }

    private Rollout rollout(float[][] functions) {
        var rollouts = new Rollouts(base, TabularModel::text, CONSTRAINTS, sampler, KERNELS, 16);
        double[][] phi = rollouts.features(rollouts.texts(batch));
        var target = EnergyBasedTarget.of(CONSTRAINTS, new double[] {1.5});
        return rollouts.complete(policy, batch, phi, target, functions, true);
    }

    @Test
    void whatIsLeftOutIsScoredOnlyIfNothingThatIsKeptIsTheSame() {
        var config = TrainingConfig.builder()
                .controlVariates(false)
                .gradientSubsampling(0.1)
                .maxTokens(LENGTH)
                .build();
        policy.trainable(any -> true);
        double[] logPolicy = new PolicyGradient(policy, config, Optional.empty())
                .accumulate(rollout(new float[0][]), config.objectiveFunction(), LOG_Z, 0, false)
                .logPolicy();
        assertThat(policy.scored()).isNotEmpty().doesNotHaveDuplicates();
        var run = new ArrayList<>(policy.backward());
        assertThat(run).isNotEmpty();
        run.addAll(policy.scored());
        assertThat(run).containsExactlyInAnyOrderElementsOf(distinct(batch));
        assertThat(logPolicy)
                .containsExactly(Sequences.sum(policy.tokenLogProbs(batch.tokens(), batch.promptLength(), 1)));
    }

    @Test
    void anEvaluationAsksBothModelsAboutEachTextOnce() {
        var counted = new CountingModel(base);
        var target = EnergyBasedTarget.of(CONSTRAINTS, new double[] {1.5});
        var sampling = SamplerConfig.of(LENGTH, 77);
        var evaluation = Evaluator.create(counted, TabularModel::text, target, sampling, BATCH)
                .of(policy, BATCH);
        assertThat(policy.scored()).containsExactlyElementsOf(distinct(sample(base, 0, sampling)));
        assertThat(counted.scored()).containsExactlyElementsOf(distinct(sample(policy, BATCH, sampling)));
        assertThat(evaluation.texts()).hasSize(BATCH);
    }

    private static Sequences sample(CausalLanguageModel model, long first, SamplerConfig sampling) {
        return new Sampler(sampling).sample(model, BATCH, first);
    }
}
