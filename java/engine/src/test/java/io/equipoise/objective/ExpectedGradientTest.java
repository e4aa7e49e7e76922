package io.equipoise.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import java.util.function.DoubleBinaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Expectations summed over a whole language, in float64: every objective's expected gradient is that of what it claims to
 * ascend, by central differences, with its baseline (over all batches of two) and without.
 */
class ExpectedGradientTest {
    private static final long SEED = 42;
    private static final double BETA = 0.7;
    private static final double STEP = 1e-5;
    private static final double NEVER = Double.NEGATIVE_INFINITY;

    private final ToyLanguage language = new ToyLanguage(2, 3);
    private final double[] policy = language.randomLogits(SEED + 2);
    private final double[] logBase = language.logProbs(language.randomLogits(SEED));
    private final double[] logProposal = language.logProbs(language.randomLogits(SEED + 1));
    private final double[] reward =
            new Random(SEED + 3).doubles(language.size(), -1, 2).toArray();

    /** What an objective ascends, as a function of log π of every sequence. */
    private interface Ascends {
        double of(ExpectedGradientTest toy, double[] logTarget, double[] logPolicy);
    }

    static Stream<Arguments> objectives() {
        Ascends targetLikelihood = (toy, p, pi) -> sum(p, pi, (a, b) -> Math.exp(a) * b);
        return Stream.of(
                each("gdc", new Gdc(false), new Gdc(false), targetLikelihood),
                each("gdc++", new Gdc(false), new GdcPlusPlus(false, false), targetLikelihood),
                each(
                        "reinforce",
                        new Reinforce(false),
                        new Reinforce(true),
                        (toy, p, pi) -> sum(toy.reward, pi, (r, b) -> r * Math.exp(b))),
                each(
                        "reinforce-p",
                        new ReinforceTarget(false, false),
                        new ReinforceTarget(true, false),
                        (toy, p, pi) -> sum(p, pi, (a, b) -> Math.exp(a + b))),
                each(
                        "kl-control",
                        new KlControl(BETA, false),
                        new KlControl(BETA, true),
                        (toy, p, pi) -> sum(toy.reward, pi, (r, b) -> r * Math.exp(b))
                                - BETA * sum(toy.logBase, pi, (a, b) -> Math.exp(b) * (b - a))),
                divergence(Divergence.KL, (p, pi) -> p * Math.log(p / pi)),
                divergence(Divergence.REVERSE_KL, (p, pi) -> pi * Math.log(pi / p)),
                divergence(Divergence.TV, (p, pi) -> Math.abs(p - pi) / 2),
                divergence(Divergence.JS, (p, pi) -> p * Math.log(2 * p / (p + pi)) + pi * Math.log(2 * pi / (p + pi))),
                divergence(Divergence.CHI2, (p, pi) -> p * p / pi - p),
                divergence(Divergence.REVERSE_CHI2, (p, pi) -> pi * pi / p - pi),
                alpha(-0.5),
                alpha(0.5),
                alpha(1.5),
                each(
                        "alpha 1",
                        new AlphaDivergence(1, 1e9, false),
                        new AlphaDivergence(1, 1e9, true),
                        (toy, p, pi) -> -sum(normalized(p), pi, (a, b) -> Math.exp(b) * (b - a))));
    }

    private static Arguments each(String name, Objective without, Objective with, Ascends ascends) {
        return Arguments.of(name, without, with, ascends);
    }

    private static Arguments divergence(Divergence divergence, DoubleBinaryOperator term) {
        return each(
                "f-dpg " + divergence,
                new FDivergence(divergence, false),
                new FDivergence(divergence, true),
                (toy, p, pi) -> -sum(normalized(p), pi, (a, b) -> {
                    double value = term.applyAsDouble(Math.exp(a), Math.exp(b));
                    // 0·log 0 and the like: where p is 0 only the terms in π alone are left.
                    return a == NEVER ? term.applyAsDouble(Double.MIN_NORMAL, Math.exp(b)) : value;
                }));
    }

    private static Arguments alpha(double alpha) {
        return each(
                "alpha " + alpha,
                new AlphaDivergence(alpha, 1e9, false),
                new AlphaDivergence(alpha, 1e9, true),
                (toy, p, pi) -> sum(
                        normalized(p),
                        pi,
                        (a, b) -> (Math.exp((1 - alpha) * a + alpha * b) / alpha - Math.exp(b)) / (1 - alpha)));
    }

    private static double sum(double[] x, double[] y, DoubleBinaryOperator term) {
        return IntStream.range(0, x.length)
                .mapToDouble(i -> {
                    double value = term.applyAsDouble(x[i], y[i]);
                    return Double.isNaN(value) ? 0 : value;
                })
                .sum();
    }

    private static double logSum(double[] log) {
        return Math.log(Arrays.stream(log).map(Math::exp).sum());
    }

    private static double[] normalized(double[] logTarget) {
        double logZ = logSum(logTarget);
        return Arrays.stream(logTarget).map(each -> each - logZ).toArray();
    }

    private double[] logTarget(boolean zeros) {
        var random = new Random(SEED);
        return IntStream.range(0, language.size())
                .mapToDouble(i -> logBase[i] + (zeros && i % 4 == 0 ? NEVER : 0.8 * random.nextGaussian()))
                .toArray();
    }

    private double[] values(Objective objective, double[] logTarget) {
        return IntStream.range(0, language.size())
                .mapToDouble(i -> objective.value(logTarget[i], logBase[i], reward[i]))
                .toArray();
    }

    /** E_q[c ∇ log π], each sequence a batch of its own, so without a baseline. */
    private double[] expected(Objective objective, double[] logTarget, double[] logDrawn, double[] logits) {
        double[] value = values(objective, logTarget);
        double[] logPolicy = language.logProbs(logits);
        var gradient = new double[logits.length];
        for (int i = 0; i < language.size(); i++) {
            double c = objective.coefficient(value[i], logDrawn[i], logPolicy[i], logSum(logTarget));
            language.addGradient(gradient, logits, i, Math.exp(logDrawn[i]) * c);
        }
        return gradient;
    }

    /** E_q of the estimate that a batch of two gives, each with its baseline from the other. */
    private double[] expectedOfPairs(Objective objective, double[] logTarget, double[] logDrawn, double[] logits) {
        double[] value = values(objective, logTarget);
        double[] logPolicy = language.logProbs(logits);
        var gradient = new double[logits.length];
        for (int i = 0; i < language.size(); i++) {
            double c = 0;
            for (int j = 0; j < language.size(); j++) {
                var rule = objective.rule(
                        logSum(logTarget),
                        new double[] {value[i], value[j]},
                        new double[] {logDrawn[i], logDrawn[j]},
                        new double[] {logPolicy[i], logPolicy[j]});
                // The second of the pair is the first of another, so half of two of these.
                c += Math.exp(logDrawn[j]) * rule.coefficient(value[i], logDrawn[i], logPolicy[i]);
            }
            language.addGradient(gradient, logits, i, Math.exp(logDrawn[i]) * c);
        }
        return gradient;
    }

    private double[] differences(Ascends ascends, double[] logTarget) {
        return IntStream.range(0, policy.length)
                .mapToDouble(i -> {
                    double[] up = policy.clone();
                    double[] down = policy.clone();
                    up[i] += STEP;
                    down[i] -= STEP;
                    return (ascends.of(this, logTarget, language.logProbs(up))
                                    - ascends.of(this, logTarget, language.logProbs(down)))
                            / (up[i] - down[i]);
                })
                .toArray();
    }

    static void assertClose(String what, double[] actual, double[] wanted) {
        assertThat(Arrays.stream(wanted).map(Math::abs).max().orElse(0))
                .as("a gradient that says something")
                .isGreaterThan(1e-3);
        for (int i = 0; i < wanted.length; i++) {
            assertThat(actual[i]).as("%s, logit %d", what, i).isCloseTo(wanted[i], within(1e-6));
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("objectives")
    void isTheGradientOfTheObjective(String name, Objective without, Objective with, Ascends ascends) {
        for (boolean zeros : new boolean[] {false, true}) {
            if (zeros && !without.allowsZeros()) continue;
            double[] logTarget = logTarget(zeros);
            double[] wanted = differences(ascends, logTarget);
            double[] logPolicy = language.logProbs(policy);
            String of = name + (zeros ? ", zeros" : "");
            assertClose(of, expected(without, logTarget, logProposal, policy), wanted);
            assertClose(of + ", on-policy", expected(without, logTarget, logPolicy, policy), wanted);
            assertClose(of + ", baseline", expectedOfPairs(with, logTarget, logProposal, policy), wanted);
            assertClose(of + ", baseline, on-policy", expectedOfPairs(with, logTarget, logPolicy, policy), wanted);
        }
    }

    @Test
    void trajectoryBalanceDescendsOnTheVarianceOfItsLogRatio() {
        double[] logTarget = logTarget(false);
        Ascends ascends = (toy, p, pi) -> {
            double mean = 0;
            for (int i = 0; i < pi.length; i++) mean += Math.exp(toy.logProposal[i]) * (pi[i] - p[i]);
            double variance = 0;
            for (int i = 0; i < pi.length; i++) {
                double delta = pi[i] - p[i] - mean;
                variance += Math.exp(toy.logProposal[i]) * delta * delta;
            }
            return -variance;
        };
        assertClose(
                "trajectory-balance",
                expectedOfPairs(new TrajectoryBalance(), logTarget, logProposal, policy),
                differences(ascends, logTarget));
    }

    @Test
    void theOptimumOfKlControlIsTheEnergyBasedModelOfTheReward() {
        // P = a·exp(r/β), which the toy's free logits can reach: there the expected gradient vanishes.
        double[] logTarget = IntStream.range(0, language.size())
                .mapToDouble(i -> logBase[i] + reward[i] / BETA)
                .toArray();
        double[] logits = language.logits(normalized(logTarget));
        double[] logPolicy = language.logProbs(logits);
        for (int i = 0; i < logPolicy.length; i++) {
            assertThat(logPolicy[i]).isCloseTo(normalized(logTarget)[i], within(1e-12));
        }
        for (var objective :
                new Objective[] {new KlControl(BETA, false), new FDivergence(Divergence.REVERSE_KL, false)}) {
            for (double each : expected(objective, logTarget, logProposal, logits)) {
                assertThat(each).isCloseTo(0, within(1e-12));
            }
        }
        double[] elsewhere = expected(new KlControl(BETA, false), logTarget, logProposal, policy);
        assertThat(Arrays.stream(elsewhere).map(Math::abs).max().orElse(0)).isGreaterThan(1e-2);
    }

    /** E‖c ∇ log π‖², the trace of the estimator's second moment for one sample. */
    private double secondMoment(Objective objective, double[] logTarget, double[] logDrawn, double[] logits) {
        double[] logPolicy = language.logProbs(logits);
        double sum = 0;
        for (int i = 0; i < language.size(); i++) {
            var gradient = new double[logits.length];
            double c = objective.coefficient(logTarget[i], logDrawn[i], logPolicy[i], logSum(logTarget));
            language.addGradient(gradient, logits, i, c);
            sum += Math.exp(logDrawn[i])
                    * Arrays.stream(gradient).map(g -> g * g).sum();
        }
        return sum;
    }

    /** Far from p, as no trained policy is, the baseline may cost; on the way from a to p it pays, the more the nearer. */
    @Test
    void theBaselinesLowerTheVarianceOfTheGradientOnTheWayToTheTarget() {
        for (boolean zeros : new boolean[] {false, true}) {
            double[] logTarget = logTarget(zeros);
            double[] target = normalized(logTarget);
            double least = 1;
            for (double share : new double[] {0, 0.3, 0.6, 0.9}) {
                double[] mixed = IntStream.range(0, target.length)
                        .mapToDouble(i -> Math.log((1 - share) * Math.exp(logBase[i]) + share * Math.exp(target[i])))
                        .toArray();
                double[] logits = language.logits(mixed);
                // Same expectation, so the second moments differ as the variances do.
                double onPolicy = secondMoment(new GdcPlusPlus(true, false), logTarget, mixed, logits)
                        / secondMoment(new Gdc(false), logTarget, mixed, logits);
                double offPolicy = secondMoment(new GdcPlusPlus(false, false), logTarget, logBase, logits)
                        / secondMoment(new Gdc(false), logTarget, logBase, logits);
                assertThat(offPolicy).as("off-policy, %s of the way", share).isLessThan(1);
                assertThat(onPolicy).as("on-policy, %s of the way", share).isLessThan(least);
                least = onPolicy;
            }
            assertThat(least).isLessThan(0.1);
        }
    }

    @Test
    void withTheProposalAsPolicyTheTwoFormsAreOne() {
        double[] logTarget = logTarget(true);
        var off = new GdcPlusPlus(false, true);
        var on = new GdcPlusPlus(true, true);
        for (int i = 0; i < logTarget.length; i++) {
            double logZ = logSum(logTarget);
            assertThat(off.coefficient(logTarget[i], logProposal[i], logProposal[i], logZ))
                    .isCloseTo(on.coefficient(logTarget[i], logProposal[i], logProposal[i], logZ), within(1e-14));
        }
    }
}
