package io.equipoise.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.equipoise.golden.GoldenTensors;
import io.equipoise.metrics.Divergences.Estimates;
import java.util.Arrays;
import java.util.Random;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class DivergencesTest {
    private static final double NOTHING = Double.NEGATIVE_INFINITY;

    @Test
    void areTheReferenceStepsNumbers() {
        var tensors = GoldenTensors.read("gdc-step/expected.safetensors");
        var expected = GoldenTensors.json("gdc-step/expected.json");
        double logZ = Math.log(expected.get("Z").asDouble());
        var logTarget = tensors.values("log_target_unnormalized");
        var logProposal = tensors.values("log_prob_proposal");
        var estimates = Divergences.estimate(
                logTarget, logProposal, tensors.values("log_prob_policy"), tensors.values("log_prob_base"), logZ);
        var z = new LogSumExp();
        for (int i = 0; i < logTarget.length; i++) z.add(logTarget[i] - logProposal[i]);

        // The tensors are rounded to float32: 2e-6 of a log-probability of -30.
        assertThat(z.logMean()).isCloseTo(logZ, within(1e-6));
        assertThat(estimates.klTargetPolicy()).isCloseTo(expected.get("kl_p_pi").asDouble(), within(2e-6));
        assertThat(estimates.klTargetProposal())
                .isCloseTo(expected.get("kl_p_q").asDouble(), within(2e-6));
        assertThat(estimates.tvdTargetPolicy())
                .isCloseTo(expected.get("tvd_p_pi").asDouble(), within(2e-6));
        assertThat(estimates.tvdTargetProposal())
                .isCloseTo(expected.get("tvd_p_q").asDouble(), within(2e-6));
        assertThat(estimates.klPolicyBase()).isCloseTo(expected.get("kl_pi_a").asDouble(), within(2e-6));
        assertThat(estimates.effectiveSampleSize())
                .isCloseTo(expected.get("ess").asDouble(), within(1e-5));
    }

    /** Every outcome drawn as often as q has it, in hundredths: the sample is the distribution, the estimates exact. */
    @Test
    void areExactWhenTheSampleIsTheProposal() {
        double[] q = {0.10, 0.20, 0.30, 0.15, 0.25};
        double[] p = {0.40, 0.10, 0.25, 0.25, 0.00};
        double[] policy = {0.30, 0.30, 0.10, 0.10, 0.20};
        double[] base = {0.05, 0.35, 0.20, 0.20, 0.20};
        double z = 0.037;
        int[] drawn = IntStream.range(0, q.length)
                .flatMap(x -> IntStream.generate(() -> x).limit(Math.round(100 * q[x])))
                .toArray();
        var estimates = Divergences.estimate(
                log(drawn, x -> p[x] * z),
                log(drawn, x -> q[x]),
                log(drawn, x -> policy[x]),
                log(drawn, x -> base[x]),
                Math.log(z));

        assertThat(estimates.klTargetPolicy()).isCloseTo(kl(p, policy), within(1e-13));
        assertThat(estimates.klTargetProposal()).isCloseTo(kl(p, q), within(1e-13));
        assertThat(estimates.tvdTargetPolicy()).isCloseTo(tvd(p, policy), within(1e-13));
        assertThat(estimates.tvdTargetProposal()).isCloseTo(tvd(p, q), within(1e-13));
        assertThat(estimates.klPolicyBase()).isCloseTo(kl(policy, base), within(1e-13));
        double meanSquare = IntStream.range(0, q.length)
                .mapToDouble(x -> p[x] * p[x] / q[x])
                .sum();
        assertThat(estimates.effectiveSampleSize()).isCloseTo(100 / meanSquare, within(1e-10));
        assertThat(estimates.largestWeight()).isCloseTo(4 / 100.0, within(1e-14));
    }

    @Test
    void standardErrorCoversTheTruth() {
        double[] q = {0.4, 0.3, 0.2, 0.1};
        double[] p = {0.1, 0.2, 0.3, 0.4};
        double[] policy = {0.2, 0.2, 0.3, 0.3};
        double truth = kl(p, policy);
        long seed = 99;
        var random = new Random(seed);
        int runs = 400;
        int covered = 0;
        for (int run = 0; run < runs; run++) {
            int[] drawn = random.doubles(500)
                    .mapToInt(u -> u < 0.4 ? 0 : u < 0.7 ? 1 : u < 0.9 ? 2 : 3)
                    .toArray();
            var estimates = Divergences.estimate(
                    log(drawn, x -> p[x]), log(drawn, x -> q[x]), log(drawn, x -> policy[x]), log(drawn, x -> q[x]), 0);
            if (Math.abs(estimates.klTargetPolicy() - truth) < 1.96 * estimates.klTargetPolicyError()) covered++;
        }
        assertThat(covered / (double) runs).as("95 %% intervals, seed %d", seed).isBetween(0.91, 0.99);
    }

    @Test
    void policyEqualToProposalIsOneDistribution() {
        long seed = 5;
        var random = new Random(seed);
        double[] logProposal = random.doubles(50, -90, -20).toArray();
        double[] logTarget = Arrays.stream(logProposal)
                .map(value -> value + random.nextGaussian())
                .toArray();
        var estimates = Divergences.estimate(logTarget, logProposal, logProposal, logProposal, 0.2);
        assertThat(estimates.klTargetPolicy())
                .as("seed %d", seed)
                .isCloseTo(estimates.klTargetProposal(), within(1e-12));
        assertThat(estimates.tvdTargetPolicy()).as("seed %d", seed).isEqualTo(estimates.tvdTargetProposal());
        assertThat(estimates.klPolicyBase()).as("seed %d", seed).isZero();
    }

    @Test
    void scaleOfTheTargetDoesNotMatter() {
        long seed = 6;
        var random = new Random(seed);
        double[] logProposal = random.doubles(50, -90, -20).toArray();
        double[] logWeight = random.doubles(50, -2, 2).toArray();
        double[] logPolicy = Arrays.stream(logProposal)
                .map(value -> value + 0.1 * random.nextGaussian())
                .toArray();
        double logZ = LogSumExp.of(logWeight).logMean();
        var plain = Divergences.estimate(sum(logProposal, logWeight, 0), logProposal, logPolicy, logProposal, logZ);
        var tiny = Divergences.estimate(
                sum(logProposal, logWeight, -800), logProposal, logPolicy, logProposal, logZ - 800);
        assertThat(tiny.klTargetPolicy()).as("seed %d", seed).isCloseTo(plain.klTargetPolicy(), within(1e-9));
        assertThat(tiny.klTargetProposal()).as("seed %d", seed).isCloseTo(plain.klTargetProposal(), within(1e-9));
        assertThat(tiny.tvdTargetPolicy()).as("seed %d", seed).isCloseTo(plain.tvdTargetPolicy(), within(1e-9));
        assertThat(tiny.tvdTargetProposal()).as("seed %d", seed).isCloseTo(plain.tvdTargetProposal(), within(1e-9));
        assertThat(tiny.effectiveSampleSize()).as("seed %d", seed).isCloseTo(plain.effectiveSampleSize(), within(1e-9));
        assertThat(tiny.largestWeight()).as("seed %d", seed).isCloseTo(plain.largestWeight(), within(1e-9));
    }

    @Test
    void samplesThatTheTargetExcludesContributeNothing() {
        double[] zeros = {0, 0};
        var estimates =
                Divergences.estimate(new double[] {NOTHING, Math.log(2)}, zeros, new double[] {NOTHING, 0}, zeros, 0);
        assertThat(estimates.klTargetPolicy()).isCloseTo(Math.log(2), within(1e-15));
        assertThat(estimates.klTargetProposal()).isCloseTo(Math.log(2), within(1e-15));
        assertThat(estimates.tvdTargetPolicy()).isCloseTo(0.25, within(1e-15));
        assertThat(estimates.tvdTargetProposal()).isCloseTo(0.5, within(1e-15));
        assertThat(estimates.klPolicyBase()).isZero();
        assertThat(estimates.effectiveSampleSize()).isCloseTo(1, within(1e-12));
        assertThat(estimates.largestWeight()).isCloseTo(1, within(1e-12));
    }

    @Test
    void withoutWeightNothingIsKnownOfTheTarget() {
        double[] zeros = {0, 0};
        double[] none = {NOTHING, NOTHING};
        Estimates unknown = Divergences.estimate(none, zeros, zeros, zeros, NOTHING);
        assertThat(unknown.klTargetPolicy()).isNaN();
        assertThat(unknown.klTargetPolicyError()).isNaN();
        assertThat(unknown.klTargetProposal()).isNaN();
        assertThat(unknown.tvdTargetPolicy()).isNaN();
        assertThat(unknown.tvdTargetProposal()).isNaN();
        assertThat(unknown.klPolicyBase()).isZero();
        assertThat(unknown.effectiveSampleSize()).isZero();
        assertThat(unknown.largestWeight()).isZero();
        assertThat(Divergences.estimate(none, zeros, zeros, zeros, 0).tvdTargetPolicy())
                .as("Z known from earlier samples")
                .isEqualTo(0.5);
    }

    @Test
    void whatThePolicyExcludesButTheTargetDoesNotIsInfinitelyFar() {
        double[] zeros = {0, 0};
        var estimates = Divergences.estimate(zeros, zeros, new double[] {NOTHING, 0}, zeros, 0);
        assertThat(estimates.klTargetPolicy()).isInfinite().isPositive();
        assertThat(Divergences.estimate(zeros, zeros, zeros, new double[] {NOTHING, 0}, 0)
                        .klPolicyBase())
                .isInfinite()
                .isPositive();
    }

    @Test
    void refusesWhatIsNoSample() {
        double[] one = {0};
        double[] nan = {Double.NaN};
        assertThatThrownBy(() -> Divergences.estimate(one, one, nan, one, 0))
                .hasMessage("logPolicy of sequence 0 is NaN, wanted a finite number or -Infinity");
        assertThatThrownBy(() -> Divergences.estimate(one, new double[] {NOTHING}, one, one, 0))
                .hasMessage(
                        "logProposal of sequence 0 is -Infinity, wanted a finite number: the sample came from the proposal");
        assertThatThrownBy(() -> Divergences.estimate(one, one, one, new double[2], 0))
                .hasMessage("logBase has 2 values, logProposal 1; one for each sequence is wanted");
        assertThatThrownBy(() -> Divergences.estimate(new double[0], new double[0], new double[0], new double[0], 0))
                .hasMessage("estimates need at least one sample, got none");
        assertThatThrownBy(() -> Divergences.estimate(one, one, one, one, Double.NaN))
                .hasMessageContaining("logZ")
                .hasMessageContaining("NaN");
    }

    private static double[] log(int[] drawn, IntToDoubleFunction probability) {
        return Arrays.stream(drawn)
                .mapToDouble(x -> Math.log(probability.applyAsDouble(x)))
                .toArray();
    }

    private static double[] sum(double[] one, double[] other, double constant) {
        return IntStream.range(0, one.length)
                .mapToDouble(i -> one[i] + other[i] + constant)
                .toArray();
    }

    private static double kl(double[] p, double[] q) {
        return IntStream.range(0, p.length)
                .filter(x -> p[x] > 0)
                .mapToDouble(x -> p[x] * Math.log(p[x] / q[x]))
                .sum();
    }

    private static double tvd(double[] p, double[] q) {
        return IntStream.range(0, p.length)
                        .mapToDouble(x -> Math.abs(p[x] - q[x]))
                        .sum()
                / 2;
    }
}
