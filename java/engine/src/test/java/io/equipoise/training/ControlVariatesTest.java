package io.equipoise.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.equipoise.kernels.KernelProvider;
import io.equipoise.model.TabularModel;
import io.equipoise.model.TokenScores;
import io.equipoise.objective.Objective;
import io.equipoise.sampling.Sequences;
import io.equipoise.target.Constraint;
import io.equipoise.target.Feature;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Expectations summed over a whole language, in which base, proposal and policy differ. */
class ControlVariatesTest {
    private static final List<Constraint> CONSTRAINTS = List.of(Constraint.moment(
            "has aa", Feature.test(text -> text.contains("aa")).onPrefixes(), 0.5));
    private static final int LENGTH = 5;
    private static final long SEED = 9;
    /** The gradient of the whole language's expectation. */
    private static final int ALL = -1;

    private final TabularModel base = TabularModel.random(2, LENGTH, SEED);
    private final TabularModel proposal = TabularModel.random(2, LENGTH, SEED + 1);
    private final TabularModel policy = TabularModel.random(2, LENGTH, SEED + 2);
    private final int[][] sequences = base.sequences();
    private final int[] prompts = prompts();
    private final List<int[]> generated = Arrays.stream(sequences)
            .map(sequence -> Arrays.copyOfRange(sequence, 1, sequence.length))
            .toList();
    private final List<String> texts = TabularModel.text(List.of(sequences));
    private final double[] logBase = base.logProbs(sequences);
    private final double[] logProposal = proposal.logProbs(sequences);
    private final double[] logTarget = target();
    private final double logZ = Math.log(Arrays.stream(logTarget).map(Math::exp).sum());

    private int[] prompts() {
        var ones = new int[sequences.length];
        Arrays.fill(ones, 1);
        return ones;
    }

    private double[] target() {
        double[] log = logBase.clone();
        for (int i = 0; i < log.length; i++)
            log[i] += 2 * CONSTRAINTS.get(0).feature().score(texts.get(i));
        return log;
    }

    /** On every sequence as often, nearly, as the base model draws it. */
    private ControlVariates fitted(TrainingConfig config) {
        int[] repeated = repeated();
        var sample = Arrays.stream(repeated).mapToObj(generated::get).toList();
        return new ControlVariates(features(CONSTRAINTS), config, 3, sample, worths(repeated));
    }

    private static SequenceFeatures features(List<Constraint> constraints) {
        return new SequenceFeatures(constraints, TabularModel::text, KernelProvider.kernels());
    }

    private int[] repeated() {
        return IntStream.range(0, sequences.length)
                .flatMap(i -> IntStream.range(0, (int) Math.round(1000 * Math.exp(logBase[i])))
                        .map(k -> i))
                .toArray();
    }

    private double[] worths(int[] repeated) {
        return Arrays.stream(repeated)
                .mapToDouble(i -> Math.exp(logTarget[i] - logBase[i] - logZ))
                .toArray();
    }

    private Rollout rollout(TabularModel from, float[][] functions) {
        var sampled = new Sequences(sequences, prompts, from.tokenLogProbs(sequences, prompts, 1));
        TokenScores scores = base.tokenScores(sequences, prompts, 1, functions);
        var phi = new double[sequences.length][1];
        var scored = new boolean[sequences.length];
        Arrays.fill(scored, true);
        return new Rollout(
                sampled,
                phi,
                from.logProbs(sequences),
                scores,
                logBase,
                logTarget,
                new double[logTarget.length],
                scored);
    }

    /** Shares as one batch would have taught them: every sequence as often as the proposal draws it. */
    private void teach(ControlVariates variates, Objective objective, TabularModel from, TabularModel trained) {
        gradient(variates, objective, from, trained, ALL);
    }

    /** Gradient of one sequence, or the expectation under {@code from}; without variates the plain one. */
    private float[] gradient(
            ControlVariates variates, Objective objective, TabularModel from, TabularModel trained, int only) {
        var rollout = rollout(from, variates.functions());
        var prefixes = variates.prepare(rollout);
        double[] logTrained = trained.logProbs(sequences);
        var rows = new LeastSquares(ControlVariates.COUNT);
        try (var copy = trained.copy()) {
            copy.trainable(name -> true);
            copy.accumulateGradient(sequences, prompts, 1, (i, tokenLogProb, weights) -> {
                double weight = only == ALL ? Math.exp(rollout.logProposal()[i]) : i == only ? 1 : 0;
                Arrays.fill(weights, (float)
                        objective.coefficient(logTarget[i], rollout.logProposal()[i], logTrained[i], logZ));
                float[] proposed = rollout.sequences().tokenLogProb()[i];
                rows.add(variates.subtract(weights, prefixes.get(i), tokenLogProb, proposed, logZ), weight);
                for (int t = 0; t < weights.length; t++) weights[t] *= (float) weight;
            });
            if (only == ALL) variates.learn(rows);
            return copy.parameters().gradient().toFloats();
        }
    }

    private float[] plain(Objective objective, TabularModel from, TabularModel trained, int only) {
        double[] logFrom = from.logProbs(sequences);
        double[] logTrained = trained.logProbs(sequences);
        try (var copy = trained.copy()) {
            copy.trainable(name -> true);
            copy.accumulateGradient(sequences, prompts, 1, (i, tokenLogProb, weights) -> {
                double weight = only == ALL ? Math.exp(logFrom[i]) : i == only ? 1 : 0;
                Arrays.fill(weights, (float)
                        (weight * objective.coefficient(logTarget[i], logFrom[i], logTrained[i], logZ)));
            });
            return copy.parameters().gradient().toFloats();
        }
    }

    private interface OfOne {
        float[] gradient(int sequence);
    }

    private double secondMoment(double[] logFrom, OfOne each) {
        double sum = 0;
        for (int i = 0; i < sequences.length; i++) {
            for (double g : each.gradient(i)) sum += Math.exp(logFrom[i]) * g * g;
        }
        return sum;
    }

    @ParameterizedTest(name = "{0}, normalize {1}")
    @CsvSource({"gdc,true", "gdc,false", "gdc++,true", "gdc++,false"})
    void theExpectedGradientStaysAndItsVarianceFalls(String name, boolean normalize) {
        var config = TrainingConfig.builder()
                .objective(name)
                .normalize(normalize)
                .maxTokens(LENGTH)
                .build();
        var objective = config.objectiveFunction();
        var variates = fitted(config);
        float[] plain = plain(objective, proposal, policy, ALL);
        double scale = Math.exp(normalize ? 0 : logZ);
        assertSame(gradient(variates, objective, proposal, policy, ALL), plain, scale);
        // The first call has taught it other shares than it began with.
        assertThat(variates.shares()).isNotEqualTo(new double[] {1, 1, 1, 1});
        assertSame(gradient(variates, objective, proposal, policy, ALL), plain, scale);
        double before = secondMoment(logProposal, i -> plain(objective, proposal, policy, i));
        double after = secondMoment(logProposal, i -> gradient(variates, objective, proposal, policy, i));
        assertThat(after).isLessThan(0.7 * before);
    }

    private static void assertSame(float[] got, float[] want, double scale) {
        for (int k = 0; k < want.length; k++) assertThat(got[k]).isCloseTo(want[k], within((float) (1e-5 * scale)));
    }

    @Test
    void laterTokensNoiseIsWorthTakingBesidesThePrefixes() {
        var config = TrainingConfig.builder().maxTokens(LENGTH).build();
        var objective = config.objectiveFunction();
        var variates = fitted(config);
        teach(variates, objective, base, base);
        double[] shares = variates.shares();
        assertThat(shares[0]).as("prefix").isBetween(0.8, 1.2);
        assertThat(shares[1]).as("a and q are the same").isZero();
        assertThat(shares[2]).as("effects").isBetween(0.5, 1.5);
        assertThat(shares[3]).as("π and q are the same").isZero();
    }

    /** What rounding leaves of log-probabilities that should be the same is no reason to take anything off. */
    @Test
    void whatOnlyRoundingMakesIsWorthNothing() {
        for (long seed = 0; seed < 20; seed++) {
            var random = new Random(seed);
            var rows = new LeastSquares(ControlVariates.COUNT);
            for (int i = 0; i < 100; i++) {
                double expected = random.nextGaussian();
                double effect = random.nextGaussian();
                double[] variates = {expected, 1e-7 * random.nextGaussian(), effect, 1e-7 * random.nextGaussian()};
                rows.add(variates, 0.9 * expected + 0.5 * effect + random.nextGaussian());
            }
            var variates = fitted(TrainingConfig.builder().maxTokens(LENGTH).build());
            variates.learn(rows);
            assertThat(variates.shares()[1]).as("seed %d", seed).isLessThan(0.01);
            assertThat(variates.shares()[3]).as("seed %d", seed).isLessThan(0.01);
            assertThat(variates.shares()[0]).as("seed %d", seed).isBetween(0.5, 1.0);
        }
    }

    @Test
    void itKnowsWhatAPrefixIsWorth() {
        int[] repeated = repeated();
        var startsWithA = List.of(Constraint.moment(
                "starts", Feature.test(text -> text.startsWith("a")).onPrefixes(), 0.5));
        double[] starts = Arrays.stream(repeated)
                .mapToDouble(i -> texts.get(i).startsWith("a") ? 3 : 0.5)
                .toArray();
        var sample = Arrays.stream(repeated).mapToObj(generated::get).toList();
        var worth = new PrefixWorth(features(startsWithA), LENGTH, sample);
        worth.fit(starts);
        // Texts that begin with a are all worth the same, so the fit has nothing to average.
        double[][] before = worth.before(List.of(new int[] {1, 2, 2}, new int[] {2, 1, 1}));
        assertThat(before[0][1]).isCloseTo(3, within(0.05));
        assertThat(before[1][1]).isCloseTo(0.5, within(0.15));
        double mean = Arrays.stream(starts).average().orElseThrow();
        assertThat(before[0][0]).isCloseTo(mean, within(0.05));
    }

    /** A call too many may cost money, or have no meaning: half a text is none. */
    @Test
    void aFeatureThatIsNotSaidToScorePrefixesNeverDoes() {
        var scored = new LongAdder();
        var counting = Feature.test(text -> {
            scored.increment();
            return text.contains("aa");
        });
        var config = TrainingConfig.builder()
                .steps(3)
                .batchSize(32)
                .momentSamples(500)
                .maxTokens(LENGTH)
                .build();
        long texts = 500 + 3 * 32;
        run(counting, config);
        assertThat(scored.sumThenReset()).isBetween(1L, texts);
        run(counting.not(), config);
        assertThat(scored.sumThenReset()).isBetween(1L, texts);
        run(counting.onPrefixes(), config);
        assertThat(scored.sum()).isGreaterThan(2 * texts);
    }

    private void run(Feature feature, TrainingConfig config) {
        var constraints = List.of(Constraint.moment("has aa", feature, 0.5));
        try (var trainer = Trainer.create(base, TabularModel::text, constraints, config)) {
            while (!trainer.isFinished()) trainer.step();
        }
    }

    @Test
    void aTokensEffectIsTheMeanOfWhatItBringsShrunkTowards0() {
        var worth = new double[] {4, 1};
        var effects =
                new TokenEffects(3, List.of(new int[] {1, 2}, new int[] {2}), worth, new double[][] {{0.5, 2}, {0.5}});
        assertThat(effects.functions()[0]).containsExactly(0, (float) (3.5 / 21), (float) (0.5 / 21));
        assertThat(effects.functions()[1]).containsExactly(0, 0, (float) (2 / 21.0));
        assertThat(effects.surprise(0.5, 1, new float[] {0.25f, 9})).isCloseTo(3.5 / 21 - 0.25, within(1e-7));
        assertThat(effects.surprise(2, 2, new float[] {9, 0.25f})).isCloseTo(2 / 21.0 - 0.25, within(1e-7));
    }

    @Test
    void leastSquaresFindsWhatMadeTheRows() {
        var regression = new LeastSquares(3);
        for (int i = 0; i < 20; i++) regression.add(new double[] {i % 3, i % 5, 0}, 2 * (i % 3) - 7 * (i % 5));
        assertThat(regression.solve()[0]).isCloseTo(2, within(1e-3));
        assertThat(regression.solve()[1]).isCloseTo(-7, within(1e-3));
        assertThat(regression.solve()[2]).as("always 0").isZero();
        var other = new LeastSquares(3);
        other.add(new double[] {1, 0, 0}, 5);
        regression.fade(0);
        regression.add(other, 2);
        assertThat(regression.solve()[0]).isCloseTo(5, within(1e-3));
    }
}
