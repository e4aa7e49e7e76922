package io.equipoise.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Advantages and the clipped surrogate, expectations summed over a whole language in float64. */
class ProximalPolicyTest {
    private static final long SEED = 17;
    private static final double BETA = 0.7;
    private static final double STEP = 1e-5;

    private final ToyLanguage language = new ToyLanguage(2, 3);
    private final double[] policy = language.randomLogits(SEED);
    private final double[] base = language.randomLogits(SEED + 1);
    private final double[] reward =
            new Random(SEED + 2).doubles(language.size(), -1, 2).toArray();
    private final double[] nothing = new double[policy.length];
    /** A value for every prefix that has nothing to do with what follows it. */
    private final double[] anyValue = language.randomLogits(SEED + 3);

    private double[] rewards(int i) {
        return new KlControl(BETA, false)
                .tokenRewards(language.tokenLogProbs(policy, i), language.tokenLogProbs(base, i), reward[i]);
    }

    private double[] advantages(int i, double lambda, double[] value) {
        return new GeneralizedAdvantage(lambda).advantages(rewards(i), language.ofPrefixes(value, i));
    }

    /** E_π[Σ_{k≥t} r_k | x_<t] of every prefix. */
    private double[] exactValue() {
        double[] logPolicy = language.logProbs(policy);
        var sum = new double[policy.length];
        var mass = new double[policy.length];
        for (int i = 0; i < language.size(); i++) {
            double probability = Math.exp(logPolicy[i]);
            double[] later = advantages(i, 1, nothing);
            language.addToPrefixes(
                    sum, i, Arrays.stream(later).map(r -> probability * r).toArray());
            language.addToPrefixes(
                    mass, i, Arrays.stream(later).map(r -> probability).toArray());
        }
        return IntStream.range(0, sum.length)
                .mapToDouble(k -> mass[k] == 0 ? 0 : sum[k] / mass[k])
                .toArray();
    }

    /** What one sequence of the policy that sampled adds to the gradient. */
    private double[] gradient(int i, double lambda, double[] value) {
        var surrogate = new ClippedSurrogate(0.2);
        var gradient = new double[policy.length];
        double[] coefficient = Arrays.stream(advantages(i, lambda, value))
                .map(a -> surrogate.coefficient(a, 0))
                .toArray();
        language.addGradient(gradient, policy, i, coefficient);
        return gradient;
    }

    private double[] expected(double lambda, double[] value) {
        double[] logPolicy = language.logProbs(policy);
        var expected = new double[policy.length];
        for (int i = 0; i < language.size(); i++) {
            double[] own = gradient(i, lambda, value);
            for (int k = 0; k < own.length; k++) expected[k] += Math.exp(logPolicy[i]) * own[k];
        }
        return expected;
    }

    private double[] differences(ToDoubleFunction<double[]> ascended) {
        return IntStream.range(0, policy.length)
                .mapToDouble(k -> {
                    double[] up = policy.clone();
                    double[] down = policy.clone();
                    up[k] += STEP;
                    down[k] -= STEP;
                    return (ascended.applyAsDouble(up) - ascended.applyAsDouble(down)) / (up[k] - down[k]);
                })
                .toArray();
    }

    /** E_π r − β·KL(π‖a). */
    private double objective(double[] logits) {
        double[] logPolicy = language.logProbs(logits);
        double[] logBase = language.logProbs(base);
        return IntStream.range(0, language.size())
                .mapToDouble(i -> Math.exp(logPolicy[i]) * (reward[i] - BETA * (logPolicy[i] - logBase[i])))
                .sum();
    }

    @Test
    void tokenRewardsAddUpToTheRewardLessItsDivergence() {
        for (int i = 0; i < language.size(); i++) {
            double logRatio = language.logProbs(policy)[i] - language.logProbs(base)[i];
            assertThat(Arrays.stream(rewards(i)).sum()).isCloseTo(reward[i] - BETA * logRatio, within(1e-12));
        }
        assertThat(new KlControl(BETA, false).tokenRewards(new double[0], new double[0], 1))
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.3, 0.95, 1})
    void advantagesAreTheSumOfLaterErrorsOfTheValue(double lambda) {
        var random = new Random(SEED);
        for (int length : new int[] {0, 1, 2, 7}) {
            double[] rewards = random.doubles(length, -1, 1).toArray();
            double[] value = random.doubles(length, -1, 1).toArray();
            double[] advantage = new GeneralizedAdvantage(lambda).advantages(rewards, value);
            assertThat(advantage).hasSize(length);
            for (int t = 0; t < length; t++) {
                double sum = 0;
                for (int k = t; k < length; k++) {
                    double after = k + 1 < length ? value[k + 1] : 0;
                    sum += Math.pow(lambda, k - t) * (rewards[k] + after - value[k]);
                }
                assertThat(advantage[t]).as("token %d of %d", t, length).isCloseTo(sum, within(1e-12));
            }
        }
    }

    @Test
    void theFirstUpdateAscendsTheObjectiveOfKlControl() {
        double[] wanted = differences(this::objective);
        ExpectedGradientTest.assertClose("without a value", expected(1, nothing), wanted);
        ExpectedGradientTest.assertClose("with any value", expected(1, anyValue), wanted);
        ExpectedGradientTest.assertClose("with the exact value", expected(1, exactValue()), wanted);
        ExpectedGradientTest.assertClose("with the exact value, lambda 0.95", expected(0.95, exactValue()), wanted);
        ExpectedGradientTest.assertClose("with the exact value, lambda 0", expected(0, exactValue()), wanted);
        // Why lambda < 1 wants a value head that has learnt something.
        double[] biased = expected(0.95, anyValue);
        double off = IntStream.range(0, wanted.length)
                .mapToDouble(k -> Math.abs(biased[k] - wanted[k]))
                .max()
                .orElseThrow();
        assertThat(off).isGreaterThan(1e-3);
    }

    @Test
    void theCoefficientIsTheGradientOfTheClippedSurrogate() {
        var surrogate = new ClippedSurrogate(0.2);
        double[] old = language.randomLogits(SEED + 4);
        double[] logOld = language.logProbs(old);
        var gradient = new double[policy.length];
        var clipped = new boolean[2];
        var free = new boolean[2];
        for (int i = 0; i < language.size(); i++) {
            double[] advantage = advantages(i, 0.95, anyValue);
            double[] before = language.tokenLogProbs(old, i);
            double[] after = language.tokenLogProbs(policy, i);
            var coefficient = new double[before.length];
            for (int t = 0; t < coefficient.length; t++) {
                coefficient[t] = Math.exp(logOld[i]) * surrogate.coefficient(advantage[t], after[t] - before[t]);
                int sign = advantage[t] > 0 ? 1 : 0;
                if (surrogate.clips(advantage[t], after[t] - before[t])) clipped[sign] = true;
                else free[sign] = true;
            }
            language.addGradient(gradient, policy, i, coefficient);
        }
        double[] wanted = differences(logits -> {
            double sum = 0;
            for (int i = 0; i < language.size(); i++) {
                double[] advantage = advantages(i, 0.95, anyValue);
                double[] before = language.tokenLogProbs(old, i);
                double[] after = language.tokenLogProbs(logits, i);
                for (int t = 0; t < advantage.length; t++) {
                    sum += Math.exp(logOld[i]) * surrogate.value(advantage[t], after[t] - before[t]);
                }
            }
            return sum;
        });
        assertThat(clipped).as("of both signs some are clipped").containsExactly(true, true);
        assertThat(free).as("of both signs some are not").containsExactly(true, true);
        ExpectedGradientTest.assertClose("surrogate", gradient, wanted);
    }

    @Test
    void theSurrogateIsNeverAboveWhatItStandsFor() {
        var surrogate = new ClippedSurrogate(0.2);
        for (double advantage : new double[] {-1, 0, 2}) {
            assertThat(surrogate.value(advantage, 0)).isEqualTo(advantage);
            for (double logRatio = -1; logRatio <= 1; logRatio += 0.05) {
                assertThat(surrogate.value(advantage, logRatio)).isLessThanOrEqualTo(Math.exp(logRatio) * advantage);
            }
        }
        assertThat(surrogate.value(1, 1)).isEqualTo(1.2);
        assertThat(surrogate.value(-1, -1)).isEqualTo(-0.8);
    }

    /** The level that all rewards share says nothing of which text is better, and without a value it is all noise. */
    @Test
    void theExactValueTakesTheLevelOfRewardsOutOfTheVariance() {
        double spread = secondMoment(exactValue());
        Arrays.setAll(reward, i -> reward[i] + 3);
        assertThat(secondMoment(exactValue())).isCloseTo(spread, within(1e-12));
        assertThat(secondMoment(nothing)).isGreaterThan(2 * spread);
    }

    /** E_π‖g‖²: the expectation of g is the same whatever the value, so these differ as the variances do. */
    private double secondMoment(double[] value) {
        double[] logPolicy = language.logProbs(policy);
        return IntStream.range(0, language.size())
                .mapToDouble(i -> Math.exp(logPolicy[i]) * squares(gradient(i, 1, value)))
                .sum();
    }

    private static double squares(double[] vector) {
        return Arrays.stream(vector).map(each -> each * each).sum();
    }

    @Test
    void whatHasNoMeaningIsRefused() {
        assertThatThrownBy(() -> new ClippedSurrogate(0)).hasMessage("clip must be > 0, got 0.0");
        assertThatThrownBy(() -> new GeneralizedAdvantage(1.1)).hasMessage("lambda must be in [0, 1], got 1.1");
    }
}
