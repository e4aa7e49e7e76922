package io.equipoise.training;

import static io.equipoise.training.ConditionalLanguage.MOST;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.equipoise.kernels.KernelProvider;
import io.equipoise.model.SequenceCoefficients;
import io.equipoise.model.TabularModel;
import io.equipoise.objective.Divergence;
import io.equipoise.objective.Gdc;
import io.equipoise.objective.GdcPlusPlus;
import io.equipoise.objective.Objective;
import io.equipoise.sampling.Prompts;
import io.equipoise.sampling.Sampler;
import io.equipoise.sampling.SamplerConfig;
import io.equipoise.sampling.Sequences;
import io.equipoise.target.Constraint;
import io.equipoise.target.EnergyBasedTarget;
import io.equipoise.target.Feature;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Targets of a prompt each, on a language in which p, Z, λ and KL(p‖π) of every prompt are sums. */
class ConditionalTest {
    private static final Constraint FEW_START_WITH_A = Constraint.moment(
            "starts with a", Feature.test(text -> text.startsWith("a")).onPrefixes(), 0.2);
    private static final Constraint ALL_HAVE_B =
            Constraint.pointwise("has b", Feature.test(t -> t.contains("b")).onPrefixes());
    private static final Constraint NONE_HAS_B =
            Constraint.pointwise("no b", Feature.test(t -> !t.contains("b")).onPrefixes());
    private static final SequenceKernels KERNELS = new SequenceKernels(KernelProvider.kernels());
    private static final long SEED = 20;

    private static ConditionalLanguage language(Constraint... constraints) {
        return new ConditionalLanguage(ConditionalLanguage.model(SEED), List.of(constraints), false);
    }

    private static TrainingConfigBuilder config() {
        return TrainingConfig.builder()
                .steps(400)
                .batchSize(384)
                .promptsPerStep(2)
                .maxTokens(MOST)
                .momentSamples(60_000)
                .learningRate(0.1)
                .schedule(Schedule.COSINE)
                .checkEvery(5)
                .seed(3);
    }

    private static Trainer trainer(ConditionalLanguage language, TrainingConfig config) {
        return Trainer.builder(language.base(), TabularModel::text, language.constraints(), config)
                .prompts(language.prompts())
                .create();
    }

    /** The target that is found when every sequence is listed, often enough for a sample that λ is trusted with. */
    private static EnergyBasedTarget exactTarget(ConditionalLanguage language) {
        var phi = new ArrayList<double[]>();
        var logBase = new ArrayList<Double>();
        var prompt = new ArrayList<Integer>();
        for (int repeated = 0; repeated < 20; repeated++) {
            for (int c = 0; c < ConditionalLanguage.count(); c++) {
                phi.addAll(List.of(language.phi(c)));
                for (double each : language.logProbs(language.base(), c)) {
                    logBase.add(each);
                    prompt.add(c);
                }
            }
        }
        return EnergyBasedTarget.fit(
                language.constraints(),
                phi.toArray(double[][]::new),
                logBase.stream().mapToDouble(each -> each).toArray(),
                prompt.stream().mapToInt(each -> each).toArray());
    }

    @Test
    void lambdaGivesTheMomentsThatAreMeansOverPrompts() {
        var all = language(ALL_HAVE_B, FEW_START_WITH_A);
        var target = exactTarget(all);
        assertThat(all.moments(target)).containsExactly(new double[] {1, 0.2}, within(1e-9));
        // One λ for all prompts: each alone has another moment.
        double least = 1;
        double most = 0;
        for (int c = 0; c < ConditionalLanguage.count(); c++) {
            double[] logTarget = all.logTarget(target, c);
            double[][] phi = all.phi(c);
            double moment = 0;
            for (int i = 0; i < phi.length; i++) moment += Math.exp(logTarget[i] - all.logZ(target, c)) * phi[i][1];
            least = Math.min(least, moment);
            most = Math.max(most, moment);
        }
        assertThat(most - least).isGreaterThan(0.05);
    }

    static Stream<Arguments> runs() {
        var options = ObjectiveOptions.builder();
        var jensenShannon = options.divergence(Divergence.JS).build();
        return Stream.of(
                Arguments.of("pointwise", language(ALL_HAVE_B), config()),
                Arguments.of("distributional", language(FEW_START_WITH_A), config()),
                Arguments.of("hybrid", language(ALL_HAVE_B, FEW_START_WITH_A), config()),
                Arguments.of("gdc", language(FEW_START_WITH_A), config().objective("gdc")),
                Arguments.of("on-policy", language(ALL_HAVE_B, FEW_START_WITH_A), config().onPolicy(true)),
                Arguments.of("subsampled", language(FEW_START_WITH_A), config().gradientSubsampling(0.5)),
                Arguments.of(
                        "f-dpg",
                        language(FEW_START_WITH_A),
                        config().objective("f-dpg").objectiveOptions(jensenShannon)),
                Arguments.of(
                        "trajectory balance", language(FEW_START_WITH_A), config().objective("trajectory-balance")));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("runs")
    void trainingReachesTheTargetOfEveryPrompt(
            String name, ConditionalLanguage language, TrainingConfigBuilder config) {
        try (var trainer = trainer(language, config.build())) {
            var target = trainer.target();
            var exact = exactTarget(language);
            for (int f = 0; f < language.constraints().size(); f++) {
                // 20,000 samples a prompt: λ has a standard error of about 0.01.
                assertThat(target.lambda()[f]).isCloseTo(exact.lambda()[f], within(0.05));
            }
            Step last = trainer.step();
            while (!trainer.isFinished()) last = trainer.step();
            var policy = (TabularModel) trainer.policy();
            double meanLogZ = 0;
            for (int c = 0; c < ConditionalLanguage.count(); c++) {
                assertThat(language.klTargetPolicy(target, language.base(), c))
                        .as("KL(p‖a) of prompt %d", c)
                        .isGreaterThan(0.02);
                assertThat(language.klTargetPolicy(target, policy, c))
                        .as("KL(p‖π) of prompt %d", c)
                        .isLessThan(0.01);
                assertThat(trainer.logZ(c))
                        .as("log Z of prompt %d", c)
                        .isCloseTo(language.logZ(target, c), within(0.02));
                meanLogZ += language.logZ(target, c) / ConditionalLanguage.count();
            }
            assertThat(trainer.logZ()).isCloseTo(meanLogZ, within(0.02)).isEqualTo(last.logZ());
            assertThat(last.promptsWithoutWeight()).isZero();
        }
    }

    private record Listed(Rollout rollout, int[] prompt, double[] logPolicy) {}

    /** Every sequence of every prompt once, as if drawn from the proposal. */
    private static Listed listed(
            ConditionalLanguage language, EnergyBasedTarget target, TabularModel proposal, TabularModel policy) {
        var tokens = new ArrayList<int[]>();
        var prompt = new ArrayList<Integer>();
        var phi = new ArrayList<double[]>();
        for (int c = 0; c < ConditionalLanguage.count(); c++) {
            tokens.addAll(List.of(language.sequences(c)));
            phi.addAll(List.of(language.phi(c)));
            while (prompt.size() < tokens.size()) prompt.add(c);
        }
        int[][] rows = tokens.toArray(int[][]::new);
        int[] prompts = prompt.stream().mapToInt(each -> each).toArray();
        int[] lengths =
                Arrays.stream(prompts).map(ConditionalLanguage::promptLength).toArray();
        var sequences = new Sequences(rows, lengths, proposal.tokenLogProbs(rows, lengths, 1));
        var rollouts = new Rollouts(
                language.base(),
                TabularModel::text,
                language.constraints(),
                language.prompts(),
                new Sampler(SamplerConfig.of(MOST, 1)),
                KERNELS,
                16);
        var rollout =
                rollouts.complete(proposal, sequences, phi.toArray(double[][]::new), target, new float[0][], true);
        return new Listed(rollout, prompts, Sequences.sum(policy.tokenLogProbs(rows, lengths, 1)));
    }

    static Stream<Objective> objectives() {
        return Stream.of(new Gdc(true), new GdcPlusPlus(false, true));
    }

    /** E_c E_q[c·∇ log π] = −∇ E_c KL(p‖π), by central differences. */
    @ParameterizedTest
    @MethodSource("objectives")
    void theExpectedGradientIsThatOfTheMeanDivergence(Objective objective) {
        var language = language(ALL_HAVE_B, FEW_START_WITH_A);
        var target = exactTarget(language);
        var proposal = ConditionalLanguage.model(SEED + 1);
        var policy = ConditionalLanguage.model(SEED + 2);
        var listed = listed(language, target, proposal, policy);
        var partition = new Partition(ConditionalLanguage.count());
        for (int c = 0; c < ConditionalLanguage.count(); c++) partition.add(c, language.logZ(target, c));
        var rollout = partition.normalized(listed.rollout(), listed.prompt());
        var batch = BatchCoefficients.of(objective, rollout, listed.logPolicy(), partition.remaining());
        double[] kernels = KERNELS.coefficients(batch, listed.logPolicy());

        policy.trainable(name -> true);
        policy.accumulateGradient(
                rollout.sequences().tokens(),
                rollout.sequences().promptLength(),
                16,
                SequenceCoefficients.of((i, log) -> {
                    double c = batch.coefficient(i, log);
                    assertThat(kernels[i]).isCloseTo(c, within(1e-5));
                    return Math.exp(rollout.logProposal()[i]) * c / ConditionalLanguage.count();
                }));
        float[] gradient = policy.parameters().gradient().toFloats();
        float[] logits = policy.parameters().value().toFloats();
        double largest = 0;
        float step = 0x1p-6f;
        for (int k = 0; k < logits.length; k++) {
            double slope =
                    (divergence(language, target, logits, k, -step) - divergence(language, target, logits, k, step))
                            / (2 * step);
            assertThat((double) gradient[k]).as("logit %d", k).isCloseTo(slope, within(2e-4));
            largest = Math.max(largest, Math.abs(slope));
        }
        assertThat(largest).isGreaterThan(0.05);
    }

    private static double divergence(
            ConditionalLanguage language, EnergyBasedTarget target, float[] logits, int moved, float by) {
        float[] other = logits.clone();
        other[moved] += by;
        double sum = 0;
        try (var policy = new TabularModel(2, 2 + MOST, other)) {
            for (int c = 0; c < ConditionalLanguage.count(); c++) sum += language.klTargetPolicy(target, policy, c);
        }
        return sum / ConditionalLanguage.count();
    }

    /** With every sequence listed and weighed by q the estimates are the divergences, as means over prompts. */
    @Test
    void estimatesAreMeansOverPrompts() {
        var language = language(ALL_HAVE_B, FEW_START_WITH_A);
        var policy = ConditionalLanguage.model(SEED + 2);
        var target = exactTarget(language);
        int prompts = ConditionalLanguage.count();
        try (var base = language.base()) {
            var evaluator = Evaluator.create(
                    base, TabularModel::text, target, SamplerConfig.of(MOST, 4), 60_000, language.prompts());
            var before = evaluator.ofBase();
            var after = evaluator.of(policy, 30_000);
            double kl = 0;
            double klOfBase = 0;
            double tvd = 0;
            double logZ = 0;
            double start = 0;
            for (int c = 0; c < prompts; c++) {
                kl += language.klTargetPolicy(target, policy, c) / prompts;
                klOfBase += language.klTargetPolicy(target, base, c) / prompts;
                logZ += language.logZ(target, c) / prompts;
                double[] logPolicy = language.logProbs(policy, c);
                double[] logTarget = language.logTarget(target, c);
                for (int i = 0; i < logPolicy.length; i++) {
                    double p = Math.exp(logTarget[i] - language.logZ(target, c));
                    tvd += Math.abs(p - Math.exp(logPolicy[i])) / 2 / prompts;
                    start += Math.exp(logPolicy[i]) * language.phi(c)[i][1] / prompts;
                }
            }
            // 20,000 samples a prompt: log Z has a standard error of some 0.01, its mean and the divergences of less.
            assertThat(after.klTargetPolicy()).isCloseTo(kl, within(0.02)).isGreaterThan(0.2);
            assertThat(before.klTargetPolicy())
                    .isCloseTo(klOfBase, within(0.02))
                    .isGreaterThan(0.2);
            assertThat(after.klTargetPolicyError()).isBetween(0.001, 0.02);
            assertThat(after.tvdTargetPolicy()).isCloseTo(tvd, within(0.01));
            assertThat(after.logZ()).isCloseTo(logZ, within(0.02));
            assertThat(after.moments().get("starts with a")).isCloseTo(start, within(4 * 0.5 / Math.sqrt(30_000)));
            assertThat(after.texts()).hasSize(30_000);
            assertThat(after.texts().get(0).prompt()).isEqualTo("a");
            assertThat(after.texts().get(29_999).prompt()).isEqualTo("bb");
        }
    }

    @Test
    void aPromptWithoutTargetIsLeftOutAndCounted() {
        // Features see the prompts, two of which have a b.
        var language = new ConditionalLanguage(ConditionalLanguage.model(SEED), List.of(NONE_HAS_B), true);
        var config = config().steps(150).batchSize(128).promptsPerStep(1).momentSamples(9000);
        try (var trainer = trainer(language, config.build())) {
            while (!trainer.isFinished()) {
                var step = trainer.step();
                assertThat(step.promptsWithoutWeight()).isEqualTo(2);
                assertThat(step.gradientNorm()).isFinite();
                assertThat(step.divergences().klTargetPolicy()).isFinite();
            }
            var policy = (TabularModel) trainer.policy();
            assertThat(language.klTargetPolicy(trainer.target(), policy, 0)).isLessThan(0.02);
            for (int c = 1; c < 3; c++) {
                assertThat(trainer.logZ(c)).isEqualTo(Double.NEGATIVE_INFINITY);
                assertThat(language.logProbs(policy, c)).isEqualTo(language.logProbs(language.base(), c));
            }
            assertThat(trainer.logZ()).isEqualTo(trainer.logZ(0));
            var evaluation = Evaluator.create(
                            language.base(),
                            TabularModel::text,
                            trainer.target(),
                            SamplerConfig.of(MOST, 4),
                            30_000,
                            language.prompts())
                    .of(policy, 300);
            assertThat(evaluation.promptsWithoutWeight()).isEqualTo(2);
            assertThat(evaluation.klTargetPolicy())
                    .isCloseTo(language.klTargetPolicy(trainer.target(), policy, 0), within(0.02));
            assertThat(evaluation.logZ()).isCloseTo(language.logZ(trainer.target(), 0), within(0.03));
        }
    }

    /** With prompts that begin alike, features on the whole text give one target after a common part. */
    @Test
    void featuresMaySeeThePrompt() {
        var whole = new ConditionalLanguage(ConditionalLanguage.model(SEED), List.of(ALL_HAVE_B), true);
        var rest = language(ALL_HAVE_B);
        var target = EnergyBasedTarget.of(List.of(ALL_HAVE_B), new double[1]);
        for (int c = 1; c < 3; c++) {
            assertThat(whole.logZ(target, c)).isCloseTo(0, within(1e-6));
            assertThat(rest.logZ(target, c)).isLessThan(-0.1);
        }
        var config = config().steps(1).momentSamples(9000).build();
        for (var language : List.of(whole, rest)) {
            try (var trainer = trainer(language, config)) {
                for (int c = 0; c < 3; c++) {
                    assertThat(trainer.logZ(c)).isCloseTo(language.logZ(target, c), within(0.06));
                }
            }
        }
    }

    @Test
    void oneSeedGivesOneRun() {
        var config = config().steps(20).momentSamples(2000).build();
        assertThat(losses(config)).isEqualTo(losses(config));
        assertThat(losses(config().steps(20).momentSamples(2000).seed(4).build()))
                .isNotEqualTo(losses(config));
    }

    private static List<Double> losses(TrainingConfig config) {
        try (var trainer = trainer(language(FEW_START_WITH_A), config)) {
            return Stream.generate(() -> trainer.step().loss()).limit(20).toList();
        }
    }

    @Test
    void whatMakesNoSenseWithPromptsIsRefused() {
        var language = language(FEW_START_WITH_A);
        assertThatThrownBy(() -> trainer(language, config().promptsPerStep(5).build()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("promptsPerStep must divide batchSize")
                .hasMessageEndingWith("got 5 for 384");
        assertThatThrownBy(() -> trainer(language, config().normalize(false).build()))
                .hasMessageStartingWith("normalize must be true with prompts");
        assertThatThrownBy(
                        () -> trainer(language, config().momentCorrection(0.1).build()))
                .hasMessageStartingWith("momentCorrection must be 0 with prompts");
        assertThatThrownBy(() -> trainer(language, config().maxTokens(4).build()))
                .hasMessageStartingWith("prompt 2 (\"ba\") has 3 tokens, and 1 more are too long")
                .hasMessageContaining("context of 6 has room for 2");
        assertThatThrownBy(() -> Prompts.of(List.of("x", "y"), new int[][] {{0, 1}, {0, 1}}, false))
                .hasMessageStartingWith("prompts 1 and 2 are the same to the model: \"y\"");
    }
}
