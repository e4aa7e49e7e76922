package io.equipoise.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.equipoise.model.TabularModel;
import io.equipoise.objective.Gdc;
import io.equipoise.objective.GdcPlusPlus;
import io.equipoise.objective.Objective;
import io.equipoise.target.Constraint;
import io.equipoise.target.Feature;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Expectations summed over a whole language, in which base, proposal and policy differ. */
class PrefixBaselineTest {
    private static final List<Constraint> CONSTRAINTS =
            List.of(Constraint.moment("a comes first", Feature.test(text -> text.startsWith("a")), 0.5));
    private static final int LENGTH = 4;
    private static final long SEED = 9;

    private final TabularModel base = TabularModel.random(2, LENGTH, SEED);
    private final TabularModel proposal = TabularModel.random(2, LENGTH, SEED + 1);
    private final TabularModel policy = TabularModel.random(2, LENGTH, SEED + 2);
    private final int[][] sequences = base.sequences();
    private final int[] prompts = prompts();
    private final List<int[]> generated = Arrays.stream(sequences)
            .map(sequence -> Arrays.copyOfRange(sequence, 1, sequence.length))
            .toList();
    private final double[] logBase = base.logProbs(sequences);
    private final double[] logProposal = proposal.logProbs(sequences);
    private final double[] logPolicy = policy.logProbs(sequences);
    private final double[] logTarget = target();
    private final double logZ = Math.log(Arrays.stream(logTarget).map(Math::exp).sum());
    private final PrefixBaseline baseline = fitted();
    private final double[][] logWorth = baseline.logWorth(generated);

    private int[] prompts() {
        var ones = new int[sequences.length];
        Arrays.fill(ones, 1);
        return ones;
    }

    private double[] target() {
        double[] log = logBase.clone();
        List<String> texts = TabularModel.text(List.of(sequences));
        for (int i = 0; i < log.length; i++)
            log[i] += 2 * CONSTRAINTS.get(0).feature().score(texts.get(i));
        return log;
    }

    /** On every sequence as often, nearly, as the base model draws it. */
    private PrefixBaseline fitted() {
        int[] repeated = IntStream.range(0, sequences.length)
                .flatMap(i -> IntStream.range(0, (int) Math.round(1000 * Math.exp(logBase[i])))
                        .map(k -> i))
                .toArray();
        double[] worth = Arrays.stream(repeated)
                .mapToDouble(i -> Math.exp(logTarget[i] - logBase[i] - logZ))
                .toArray();
        var sample = Arrays.stream(repeated).mapToObj(generated::get).toList();
        return new PrefixBaseline(CONSTRAINTS, TabularModel::text, LENGTH, sample, worth);
    }

    /** Gradient of one sequence, or with −1 the expectation under the proposal, with or without the baseline. */
    private float[] gradient(Objective objective, int only, boolean withBaseline) {
        float[][] proposed = proposal.tokenLogProbs(sequences, prompts, 1);
        float[][] based = base.tokenLogProbs(sequences, prompts, 1);
        try (var copy = policy.copy()) {
            copy.trainable(name -> true);
            copy.accumulateGradient(sequences, prompts, 1, (i, tokenLogProb, weights) -> {
                double share = only < 0 ? Math.exp(logProposal[i]) : i == only ? 1 : 0;
                double c = objective.coefficient(logTarget[i], logProposal[i], logPolicy[i], logZ);
                Arrays.fill(weights, (float) c);
                if (withBaseline) {
                    baseline.subtractExpected(
                            weights, objective, logWorth[i], tokenLogProb, proposed[i], based[i], logZ);
                }
                for (int t = 0; t < weights.length; t++) weights[t] *= (float) share;
            });
            return copy.parameters().gradient().toFloats();
        }
    }

    private double secondMoment(Objective objective, boolean withBaseline) {
        double sum = 0;
        for (int i = 0; i < sequences.length; i++) {
            for (double g : gradient(objective, i, withBaseline)) sum += Math.exp(logProposal[i]) * g * g;
        }
        return sum;
    }

    @ParameterizedTest(name = "normalize {0}")
    @ValueSource(booleans = {true, false})
    void theExpectedGradientStaysAndItsVarianceFalls(boolean normalize) {
        for (var objective : List.of(new Gdc(normalize), new GdcPlusPlus(false, normalize))) {
            float[] plain = gradient(objective, -1, false);
            float[] less = gradient(objective, -1, true);
            for (int k = 0; k < plain.length; k++) {
                assertThat(less[k]).isCloseTo(plain[k], within(1e-5f * (float) Math.exp(normalize ? 0 : logZ)));
            }
            assertThat(secondMoment(objective, true)).isLessThan(0.9 * secondMoment(objective, false));
        }
    }

    @Test
    void itsShareIsTheLeastSquaresOneOfPastBatchesBetween0And1() {
        assertThat(baseline.share()).as("before any batch").isEqualTo(1);
        baseline.learn(List.of(new PrefixBaseline.Fit(1, 4), new PrefixBaseline.Fit(2, 2)));
        assertThat(baseline.share()).isCloseTo(0.5, within(1e-12));
        baseline.learn(List.of(new PrefixBaseline.Fit(-9, 1)));
        assertThat(baseline.share()).isZero();
        baseline.learn(List.of(new PrefixBaseline.Fit(99, 1)));
        assertThat(baseline.share()).isEqualTo(1);
    }

    @Test
    void itKnowsWhatAPrefixIsWorth() {
        int[] afterA = IntStream.range(0, sequences.length)
                .filter(i -> sequences[i].length > 2 && sequences[i][1] == 1)
                .toArray();
        double mass =
                Arrays.stream(afterA).mapToDouble(i -> Math.exp(logBase[i])).sum();
        double worth = Arrays.stream(afterA)
                .mapToDouble(i -> Math.exp(logTarget[i] - logZ))
                .sum();
        // Sequences that begin with a are all worth the same, so the fit has nothing to average.
        assertThat(Math.exp(logWorth[afterA[0]][1])).isCloseTo(worth / mass, within(0.02 * worth / mass));
    }
}
