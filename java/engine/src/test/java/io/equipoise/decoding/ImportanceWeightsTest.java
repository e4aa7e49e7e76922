package io.equipoise.decoding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ImportanceWeightsTest {
    private static final double NOTHING = Double.NEGATIVE_INFINITY;

    private final ToyTarget toy = new ToyTarget();
    private final ImportanceWeights exact = ImportanceWeights.ofLanguage(toy.logWeight, toy.q);

    private static double[] someWeights(int count, long seed) {
        var random = new Random(seed);
        return IntStream.range(0, count)
                .mapToDouble(i -> i % 5 == 0 ? NOTHING : random.nextGaussian())
                .toArray();
    }

    /** Independent texts of q, as their weights. */
    private double[] draw(int count, Random random) {
        var cumulative = new double[toy.q.length];
        double sum = 0;
        for (int i = 0; i < cumulative.length; i++) cumulative[i] = sum += toy.q[i];
        return IntStream.range(0, count)
                .map(k -> Arrays.binarySearch(cumulative, random.nextDouble()))
                .map(found -> Math.min(found < 0 ? -found - 1 : found, cumulative.length - 1))
                .mapToDouble(i -> toy.logWeight[i])
                .toArray();
    }

    @Test
    void areExactOnTheWholeLanguage() {
        assertThat(exact.logZ().value()).isCloseTo(Math.log(toy.z), within(1e-12));
        double supported = IntStream.range(0, toy.q.length)
                .filter(i -> toy.p[i] > 0)
                .mapToDouble(i -> toy.q[i])
                .sum();
        assertThat(supported).isBetween(0.5, 0.99);
        assertThat(exact.supported().value()).isCloseTo(supported, within(1e-12));
        for (double logBeta = -8; logBeta < 4; logBeta += 0.25) {
            double beta = Math.exp(logBeta);
            double acceptance = IntStream.range(0, toy.q.length)
                    .mapToDouble(i -> Math.min(toy.q[i], toy.unnormalised[i] / beta))
                    .sum();
            var estimates = exact.at(logBeta);
            assertThat(estimates.acceptance().value()).as("β %f", beta).isCloseTo(acceptance, within(1e-12));
            double[] accepted = toy.accepted(logBeta);
            assertThat(estimates.tvd().value())
                    .as("β %f", beta)
                    .isCloseTo(ToyTarget.tvd(toy.p, accepted), within(1e-12));
            assertThat(estimates.kl().value()).as("β %f", beta).isCloseTo(ToyTarget.kl(toy.p, accepted), within(1e-12));
        }
    }

    @Test
    void belowTheLeastWeightIsTheProposalAndAboveTheLargestTheTarget() {
        double[] supported = toy.accepted(-30);
        for (int i = 0; i < toy.q.length; i++) {
            double wanted = toy.p[i] > 0 ? toy.q[i] / exact.supported().value() : 0;
            assertThat(supported[i]).isCloseTo(wanted, within(1e-12));
        }
        assertThat(exact.at(-30).acceptance().value())
                .isCloseTo(exact.supported().value(), within(1e-12));
        assertThat(exact.at(-30).tvd().value()).isGreaterThan(0.1);
        for (double above : new double[] {0, 0.7, 900}) {
            var estimates = exact.at(toy.logLargest + above);
            assertThat(estimates.tvd().value()).isZero();
            assertThat(estimates.kl().value()).isZero();
            assertThat(estimates.tvd().error()).isZero();
            double acceptance = Math.exp(Math.log(toy.z) - toy.logLargest - above);
            assertThat(estimates.acceptance().value()).isCloseTo(acceptance, within(1e-12 * acceptance));
        }
    }

    /** Their mean is right at α = 0.001, 95 % intervals hold the truth, and errors are what theory says of the language. */
    @ParameterizedTest
    @ValueSource(doubles = {-1, -0.2, 0.6})
    void areUnbiasedAndKnowTheirErrors(double logBeta) {
        assertThat(logBeta).isLessThan(toy.logLargest - 0.1);
        int texts = 4000;
        int runs = 400;
        long seed = 17;
        var random = new Random(seed);
        var samples = new ArrayList<ImportanceWeights>();
        for (int run = 0; run < runs; run++) samples.add(ImportanceWeights.of(draw(texts, random)));
        for (var each : estimators(logBeta)) {
            double truth = each.of.apply(exact).value();
            double deviation = each.of.apply(exact).error() / Math.sqrt(texts);
            double mean = 0;
            double error = 0;
            int covered = 0;
            for (var weights : samples) {
                var estimate = each.of.apply(weights);
                mean += estimate.value() / runs;
                error += estimate.error() / runs;
                if (Math.abs(estimate.value() - truth) < 1.96 * estimate.error()) covered++;
            }
            assertThat(error).as("%s, seed %d", each.name, seed).isCloseTo(deviation, within(0.02 * deviation));
            assertThat(mean)
                    .as("%s, seed %d", each.name, seed)
                    .isCloseTo(truth, within(3.29 * deviation / Math.sqrt(runs)));
            assertThat(covered / (double) runs)
                    .as("%s, seed %d", each.name, seed)
                    .isBetween(0.91, 0.99);
        }
    }

    private record Estimator(String name, Function<ImportanceWeights, Estimate> of) {}

    private static List<Estimator> estimators(double logBeta) {
        return List.of(
                new Estimator("acceptance", weights -> weights.at(logBeta).acceptance()),
                new Estimator("TVD", weights -> weights.at(logBeta).tvd()),
                new Estimator("KL", weights -> weights.at(logBeta).kl()),
                new Estimator("log Z", ImportanceWeights::logZ),
                new Estimator("supported", ImportanceWeights::supported),
                new Estimator("moving share", ImportanceWeights::movingShare));
    }

    /** How an estimate answers to a little more of each text, by central differences: what the delta method sums up. */
    @ParameterizedTest
    @ValueSource(doubles = {-1, -0.2, 0.6})
    void errorsAreWhatAnEstimateAnswersToEachText(double logBeta) {
        double little = 1e-5;
        for (var each : estimators(logBeta)) {
            double squares = 0;
            for (int i = 0; i < toy.q.length; i++) {
                double more = each.of.apply(moreOf(i, little)).value();
                double less = each.of.apply(moreOf(i, -little)).value();
                squares += toy.q[i] * Math.pow((more - less) / (2 * little), 2);
            }
            double wanted = Math.sqrt(squares);
            assertThat(each.of.apply(exact).error()).as(each.name).isCloseTo(wanted, within(1e-3 * wanted));
        }
    }

    /** (1 − ε)q + ε·(text i alone) in place of q, the weights as they are. */
    private ImportanceWeights moreOf(int text, double little) {
        return ImportanceWeights.ofLanguage(
                toy.logWeight,
                IntStream.range(0, toy.q.length)
                        .mapToDouble(i -> (1 - little) * toy.q[i] + (i == text ? little : 0))
                        .toArray());
    }

    @Test
    void fallAsBetaRises() {
        long seed = 3;
        var weights = ImportanceWeights.of(someWeights(200, seed));
        for (ToDoubleFunction<QuasiRejectionEstimates> each : List.<ToDoubleFunction<QuasiRejectionEstimates>>of(
                at -> at.acceptance().value(), at -> at.tvd().value(), at -> at.kl()
                        .value())) {
            double[] values = DoubleStream.iterate(-4, logBeta -> logBeta < 4, logBeta -> logBeta + 0.05)
                    .map(logBeta -> each.applyAsDouble(weights.at(logBeta)))
                    .toArray();
            for (int i = 1; i < values.length; i++) {
                assertThat(values[i]).as("seed %d, %d", seed, i).isLessThanOrEqualTo(values[i - 1] + 1e-12);
            }
            assertThat(values[values.length - 1]).isLessThan(values[0] / 2);
        }
    }

    @Test
    void theScaleOfTheTargetDoesNotMatter() {
        double[] weights = someWeights(100, 5);
        var plain = ImportanceWeights.of(weights);
        var tiny = ImportanceWeights.of(
                Arrays.stream(weights).map(each -> each - 2000).toArray());
        assertThat(tiny.logZ().value() + 2000).isCloseTo(plain.logZ().value(), within(1e-9));
        assertThat(tiny.logZ().error()).isCloseTo(plain.logZ().error(), within(1e-9));
        assertThat(tiny.effectiveSampleSize()).isCloseTo(plain.effectiveSampleSize(), within(1e-9));
        assertThat(tiny.movingShare().value()).isCloseTo(plain.movingShare().value(), within(1e-9));
        assertThat(tiny.distanceAfter(7)).isCloseTo(plain.distanceAfter(7), within(1e-9));
        assertThat(tiny.logBetaForTvd(0.1) + 2000).isCloseTo(plain.logBetaForTvd(0.1), within(1e-9));
        var wanted = plain.at(0.3);
        var got = tiny.at(0.3 - 2000);
        assertThat(got.acceptance().value()).isCloseTo(wanted.acceptance().value(), within(1e-9));
        assertThat(got.tvd().value()).isCloseTo(wanted.tvd().value(), within(1e-9));
        assertThat(got.kl().value()).isCloseTo(wanted.kl().value(), within(1e-9));
        assertThat(got.kl().error()).isCloseTo(wanted.kl().error(), within(1e-9));
    }

    @ParameterizedTest
    @ValueSource(doubles = {1e-6, 0.05, 0.3, 0.6})
    void findTheBetaOfAnAcceptanceRate(double acceptance) {
        double logBeta = exact.logBetaForAcceptance(acceptance);
        assertThat(exact.at(logBeta).acceptance().value()).isCloseTo(acceptance, within(1e-9 * acceptance));
        assertThat(exact.at(logBeta + 1e-6).acceptance().value()).isLessThan(acceptance);
    }

    @ParameterizedTest
    @ValueSource(doubles = {1e-4, 0.01, 0.05})
    void findTheLeastBetaOfATvd(double tvd) {
        double logBeta = exact.logBetaForTvd(tvd);
        assertThat(exact.at(logBeta).tvd().value()).isLessThanOrEqualTo(tvd).isCloseTo(tvd, within(1e-9));
        assertThat(exact.at(logBeta - 1e-6).tvd().value()).isGreaterThan(tvd);
    }

    @Test
    void endsOfWhatBetaCanBeChosenFor() {
        var weights = ImportanceWeights.of(new double[] {0, Math.log(4), NOTHING, 0});
        assertThat(weights.logBetaForTvd(0)).isCloseTo(Math.log(4), within(1e-12));
        assertThat(weights.logBetaForTvd(0.9)).isZero();
        assertThat(weights.logBetaForAcceptance(0.75)).isCloseTo(0, within(1e-11));
        assertThat(weights.supported().value()).isEqualTo(0.75);
        assertThatThrownBy(() -> weights.logBetaForAcceptance(0.76))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no β accepts 0.76")
                .hasMessageContaining("only 0.75");
        // 0 or 1: whatever is accepted, it is of the target, and any β up to 1 gives as much as there is.
        var pointwise = ImportanceWeights.of(new double[] {0, NOTHING, NOTHING, 0, NOTHING});
        assertThat(pointwise.logBetaForTvd(0)).isZero();
        assertThat(pointwise.at(-3).tvd().value()).isCloseTo(0, within(1e-15));
        assertThat(pointwise.at(0).acceptance().value()).isCloseTo(0.4, within(1e-15));
        assertThat(pointwise.logBetaForAcceptance(0.4)).isCloseTo(0, within(1e-11));
        assertThat(pointwise.grid(5)).hasSize(1);
    }

    @Test
    void gridGoesFromTheLeastWeightToTheLargestByEqualFactorsOfAcceptance() {
        double[] drawn = someWeights(300, 8);
        var grid = ImportanceWeights.of(drawn).grid(6);
        assertThat(grid).hasSize(6);
        assertThat(grid.get(0).logBeta())
                .isEqualTo(Arrays.stream(drawn)
                        .filter(each -> each > NOTHING)
                        .min()
                        .orElseThrow());
        assertThat(grid.get(5).logBeta()).isEqualTo(Arrays.stream(drawn).max().orElseThrow());
        double factor =
                grid.get(1).acceptance().value() / grid.get(0).acceptance().value();
        assertThat(factor).isLessThan(0.9);
        for (int k = 1; k < 6; k++) {
            assertThat(grid.get(k).acceptance().value()
                            / grid.get(k - 1).acceptance().value())
                    .isCloseTo(factor, within(1e-9));
            assertThat(grid.get(k).logBeta()).isGreaterThan(grid.get(k - 1).logBeta());
        }
    }

    /** The chain's whole transition matrix: how often it moves at p, and how far it is from p after k steps. */
    @Test
    void foretellTheMarkovChain() {
        int size = toy.q.length;
        double moving = 0;
        for (int from = 0; from < size; from++) {
            if (toy.p[from] == 0) continue;
            for (int to = 0; to < size; to++) moving += toy.p[from] * toy.q[to] * ratio(from, to);
        }
        assertThat(moving).isBetween(0.3, 0.95);
        assertThat(exact.movingShare().value()).isCloseTo(moving, within(1e-12));

        // As the sampler starts: at a text of q, given that it has weight.
        double[] law = toy.accepted(-30);
        double before = 1;
        for (int steps = 1; steps <= 12; steps++) {
            law = step(law);
            double distance = ToyTarget.tvd(law, toy.p);
            assertThat(distance).as("after %d steps", steps).isLessThanOrEqualTo(exact.distanceAfter(steps) + 1e-12);
            assertThat(distance).isLessThan(before);
            before = distance;
        }
        // From the text of largest weight it is exactly as slow as the bound.
        int heaviest = IntStream.range(0, size)
                .filter(i -> toy.logWeight[i] == toy.logLargest)
                .findFirst()
                .orElseThrow();
        var slowest = new double[size];
        slowest[heaviest] = 1;
        for (int steps = 0; steps <= 12; steps++) {
            double stayed = slowest[heaviest] - toy.p[heaviest];
            assertThat(exact.distanceAfter(steps)).isCloseTo(stayed / (1 - toy.p[heaviest]), within(1e-9));
            slowest = step(slowest);
        }
    }

    private double ratio(int from, int to) {
        return Math.min(1, Math.exp(toy.logWeight[to] - toy.logWeight[from]));
    }

    private double[] step(double[] law) {
        var next = new double[law.length];
        for (int from = 0; from < law.length; from++) {
            if (law[from] == 0) continue;
            double stays = 1;
            for (int to = 0; to < law.length; to++) {
                double moves = toy.q[to] * ratio(from, to);
                next[to] += law[from] * moves;
                stays -= moves;
            }
            next[from] += law[from] * stays;
        }
        return next;
    }

    @Test
    void refuseWhatIsNoSample() {
        assertThatThrownBy(() -> ImportanceWeights.of(new double[] {0}))
                .hasMessageContaining("at least two texts")
                .hasMessageContaining("got 1");
        assertThatThrownBy(() -> ImportanceWeights.of(new double[] {0, Double.NaN}))
                .hasMessage("log w of sequence 1 is NaN, wanted a finite number or -Infinity");
        assertThatThrownBy(() -> ImportanceWeights.of(new double[] {NOTHING, NOTHING, NOTHING}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("none of 3 texts")
                .hasMessageContaining("draw more");
        assertThatThrownBy(() -> exact.at(Double.NaN)).hasMessage("log β must be finite, got NaN");
        assertThatThrownBy(() -> exact.logBetaForTvd(1)).hasMessage("the TVD must be in [0, 1), got 1.0");
        assertThatThrownBy(() -> exact.logBetaForAcceptance(0))
                .hasMessage("the acceptance rate must be in (0, 1], got 0.0");
    }
}
