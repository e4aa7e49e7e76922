package io.equipoise.target;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.equipoise.golden.GoldenTensors;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MomentMatchingTest {
    @Test
    void isTheReferenceSolution() {
        var tensors = GoldenTensors.read("moment-matching.safetensors");
        var expected = GoldenTensors.json("moment-matching.json");
        var desired = IntStream.range(0, 3)
                .mapToDouble(f -> expected.get("desired_moments").get(f).asDouble())
                .toArray();
        var solution = MomentMatching.solve(
                tensors.rows("features"), tensors.values("log_weight"), desired, List.of("first", "second", "real"));
        for (int f = 0; f < 3; f++) {
            assertThat(solution.lambda()[f])
                    .isCloseTo(expected.get("lambda").get(f).asDouble(), within(1e-5));
        }
        assertThat(solution.logZ())
                .isCloseTo(expected.get("log_Z_over_proposal").asDouble(), within(1e-5));
        assertThat(solution.gradientNorm()).isLessThan(1e-9);
        assertThat(solution.iterations()).isBetween(1, 12);
    }

    /** One boolean feature of rate r has a closed form: λ = logit μ̄ − logit r. */
    @Test
    void isTheLogOddsOfOneBoolean() {
        var phi = new double[1000][1];
        for (int i = 0; i < 100; i++) phi[i][0] = 1;
        var solution = MomentMatching.solve(phi, new double[1000], new double[] {0.5}, List.of("rare"));
        assertThat(solution.lambda()[0]).isCloseTo(Math.log(9), within(1e-9));
        assertThat(solution.logZ()).isCloseTo(Math.log(0.1 * 9 + 0.9), within(1e-9));
        assertThat(solution.effectiveSampleSize()).isCloseTo(1800.0 * 1800 / (100 * 81 + 900), within(1e-6));
    }

    @Test
    void momentsOfTheBaseNeedNoReweighting() {
        long seed = 3;
        var sample = new Sample(new Random(seed), 500, 4);
        var solution = solve(sample, sample.moments(new double[4]));
        assertThat(solution.lambda()).as("seed %d", seed).containsExactly(new double[4], within(1e-8));
    }

    @Test
    void nothingToSolveIsSolved() {
        var solution = MomentMatching.solve(new double[30][0], new double[30], new double[0], List.of());
        assertThat(solution.lambda()).isEmpty();
        assertThat(solution.logZ()).isCloseTo(0, within(1e-14));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20})
    void solutionHasTheDesiredMoments(long seed) {
        var random = new Random(seed);
        int features = 1 + random.nextInt(5);
        var sample = new Sample(random, 400 + random.nextInt(1000), features);
        var truth = random.doubles(features, -1.2, 1.2).toArray();
        var desired = sample.moments(truth);
        var solution = solve(sample, desired);
        assertThat(sample.moments(solution.lambda())).as("seed %d", seed).containsExactly(desired, within(1e-7));
        assertThat(solution.lambda())
                .as("seed %d: the dual is strictly convex", seed)
                .containsExactly(truth, within(1e-6));
        assertThat(solution.logZ()).as("seed %d", seed).isCloseTo(sample.logZ(truth), within(1e-8));
    }

    @ParameterizedTest
    @ValueSource(longs = {31, 32, 33, 34, 35})
    void unitsOfAFeatureDoNotMatter(long seed) {
        var random = new Random(seed);
        var sample = new Sample(random, 600, 3);
        var desired = sample.moments(new double[] {0.7, -0.5, 0.3});
        var plain = solve(sample, desired);
        double[] scale = {1e-6, 1000, 3};
        double[] shift = {5, -1e5, 0};
        var moved = new double[sample.phi.length][3];
        for (int i = 0; i < moved.length; i++)
            for (int f = 0; f < 3; f++) moved[i][f] = scale[f] * sample.phi[i][f] + shift[f];
        var movedDesired = IntStream.range(0, 3)
                .mapToDouble(f -> scale[f] * desired[f] + shift[f])
                .toArray();
        var solution = MomentMatching.solve(moved, sample.logWeight, movedDesired, sample.names());
        for (int f = 0; f < 3; f++) {
            assertThat(solution.lambda()[f] * scale[f])
                    .as("seed %d, feature %d", seed, f)
                    .isCloseTo(plain.lambda()[f], within(1e-6));
        }
        double shifted = IntStream.range(0, 3)
                .mapToDouble(f -> solution.lambda()[f] * shift[f])
                .sum();
        assertThat(solution.logZ() - shifted).as("seed %d", seed).isCloseTo(plain.logZ(), within(1e-4));
        assertThat(solution.effectiveSampleSize())
                .as("seed %d", seed)
                .isCloseTo(plain.effectiveSampleSize(), within(1e-4));
    }

    @ParameterizedTest
    @ValueSource(longs = {41, 42, 43})
    void aConstantInTheWeightsMovesOnlyZ(long seed) {
        var sample = new Sample(new Random(seed), 500, 3);
        var desired = sample.moments(new double[] {0.4, 0.4, -0.2});
        var plain = solve(sample, desired);
        var heavier = Arrays.stream(sample.logWeight).map(value -> value + 700).toArray();
        var solution = MomentMatching.solve(sample.phi, heavier, desired, sample.names());
        assertThat(solution.lambda()).as("seed %d", seed).containsExactly(plain.lambda(), within(1e-8));
        assertThat(solution.logZ()).as("seed %d", seed).isCloseTo(plain.logZ() + 700, within(1e-8));
    }

    @Test
    void textsWithoutWeightAreNotThere() {
        long seed = 51;
        var sample = new Sample(new Random(seed), 500, 2);
        var desired = sample.moments(new double[] {0.5, -0.5});
        var plain = solve(sample, desired);
        var phi = new double[1000][];
        var logWeight = new double[1000];
        for (int i = 0; i < 1000; i++) {
            phi[i] = i % 2 == 0 ? sample.phi[i / 2] : new double[] {1, 1e9};
            logWeight[i] = i % 2 == 0 ? sample.logWeight[i / 2] : Double.NEGATIVE_INFINITY;
        }
        var solution = MomentMatching.solve(phi, logWeight, desired, sample.names());
        assertThat(solution.lambda()).as("seed %d", seed).containsExactly(plain.lambda(), within(1e-9));
        assertThat(solution.logZ())
                .as("half of the texts have weight 0")
                .isCloseTo(plain.logZ() - Math.log(2), within(1e-9));
    }

    @Test
    void oneFeatureTwiceSharesItsLambda() {
        var phi = new double[400][2];
        for (int i = 0; i < 100; i++) phi[i] = new double[] {1, 1};
        var solution = MomentMatching.solve(phi, new double[400], new double[] {0.5, 0.5}, List.of("a", "again"));
        assertThat(solution.lambda()[0] + solution.lambda()[1]).isCloseTo(Math.log(3), within(1e-8));
        assertThat(solution.lambda()[0]).isCloseTo(solution.lambda()[1], within(1e-6));
    }

    @Test
    void aFeatureThatIsAlwaysAsWantedNeedsNoLambda() {
        var phi = new double[400][2];
        for (int i = 0; i < 400; i++) phi[i] = new double[] {i % 4 == 0 ? 1 : 0, 7};
        var solution = MomentMatching.solve(phi, new double[400], new double[] {0.5, 7}, List.of("a", "seven"));
        assertThat(solution.lambda()).containsExactly(new double[] {Math.log(3), 0}, within(1e-8));
    }

    @Test
    void rareFeaturesOfALargeSampleAreSolved() {
        int texts = 200_000;
        var phi = new double[texts][1];
        for (int i = 0; i < 100; i++) phi[i][0] = 1;
        var solution = MomentMatching.solve(phi, new double[texts], new double[] {0.5}, List.of("rare"));
        assertThat(solution.lambda()[0]).isCloseTo(Math.log((texts - 100) / 100.0), within(1e-7));
    }

    private static MomentMatching.Solution solve(Sample sample, double[] desired) {
        return MomentMatching.solve(sample.phi, sample.logWeight, desired, sample.names());
    }

    /** Random features, boolean (even columns, overlapping) and real (odd), with random log-weights. */
    private static final class Sample {
        final double[][] phi;
        final double[] logWeight;

        Sample(Random random, int texts, int features) {
            phi = new double[texts][features];
            logWeight = new double[texts];
            for (int i = 0; i < texts; i++) {
                double common = random.nextGaussian();
                logWeight[i] = 0.3 * random.nextGaussian();
                for (int f = 0; f < features; f++) {
                    double value = 0.5 * common + random.nextGaussian();
                    phi[i][f] = f % 2 == 0 ? (value > 0.8 ? 1 : 0) : value;
                }
            }
        }

        List<String> names() {
            return IntStream.range(0, phi[0].length)
                    .mapToObj(f -> "feature " + f)
                    .toList();
        }

        /** E_p[φ] of the sample reweighted by exp(λ·φ), by the plain formula. */
        double[] moments(double[] lambda) {
            var moments = new double[lambda.length];
            double sum = 0;
            for (int i = 0; i < phi.length; i++) {
                double weight = weight(lambda, i);
                sum += weight;
                for (int f = 0; f < moments.length; f++) moments[f] += weight * phi[i][f];
            }
            for (int f = 0; f < moments.length; f++) moments[f] /= sum;
            return moments;
        }

        double logZ(double[] lambda) {
            return Math.log(IntStream.range(0, phi.length)
                    .mapToDouble(i -> weight(lambda, i))
                    .average()
                    .orElseThrow());
        }

        private double weight(double[] lambda, int text) {
            return Math.exp(logWeight[text]
                    + IntStream.range(0, lambda.length)
                            .mapToDouble(f -> lambda[f] * phi[text][f])
                            .sum());
        }
    }

    private static double logit(double x) {
        return Math.log(x / (1 - x));
    }

    private static double share(double logOdds) {
        return 1 / (1 + Math.exp(-logOdds));
    }

    /** One boolean that each prompt's texts have with its own rate: the mean of logistic functions of λ is μ̄. */
    @Test
    void momentsAreMeansOverPrompts() {
        int[] texts = {1000, 200, 50};
        int[] having = {100, 180, 5};
        double desired = 0.6;
        var phi = new double[1250][1];
        var prompt = new int[1250];
        for (int c = 0, i = 0; c < 3; c++) {
            for (int k = 0; k < texts[c]; k++, i++) {
                prompt[i] = 10 - c; // any numbers
                phi[i][0] = k < having[c] ? 1 : 0;
            }
        }
        var solution = MomentMatching.solve(phi, new double[1250], new double[] {desired}, List.of("rare"), prompt);
        double lambda = solution.lambda()[0];
        double mean = 0;
        double logZ = 0;
        double squares = 0;
        for (int c = 0; c < 3; c++) {
            double rate = (double) having[c] / texts[c];
            double had = share(lambda + logit(rate));
            double z = rate * Math.exp(lambda) + 1 - rate;
            mean += had / 3;
            logZ += Math.log(z) / 3;
            squares += (rate * Math.exp(2 * lambda) + 1 - rate) / (z * z * texts[c]) / 9;
        }
        assertThat(mean).isCloseTo(desired, within(1e-9));
        assertThat(solution.logZ()).isCloseTo(logZ, within(1e-9));
        assertThat(solution.effectiveSampleSize()).isCloseTo(1 / squares, within(1e-6));
        // Taken for texts of one prompt they have another λ.
        var together = MomentMatching.solve(phi, new double[1250], new double[] {desired}, List.of("rare"));
        assertThat(together.lambda()[0]).isCloseTo(logit(desired) - logit(285.0 / 1250), within(1e-9));
        assertThat(lambda).isNotCloseTo(together.lambda()[0], within(0.1));
    }

    /** Several features, log-weights, and a prompt whose texts all have weight 0, which doesn't count. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void severalMomentsAreMetAsMeansOverPrompts(long seed) {
        var random = new Random(seed);
        int size = 900;
        var phi = new double[size][3];
        var logWeight = new double[size];
        var prompt = new int[size];
        for (int i = 0; i < size; i++) {
            prompt[i] = i % 5;
            phi[i][0] = random.nextInt(4) < prompt[i] ? 1 : 0;
            phi[i][1] = random.nextInt(2);
            phi[i][2] = prompt[i] + random.nextGaussian();
            logWeight[i] = prompt[i] == 3 ? Double.NEGATIVE_INFINITY : random.nextGaussian();
        }
        double[] desired = {0.4, 0.6, 2.0};
        var solution = MomentMatching.solve(phi, logWeight, desired, List.of("one", "two", "real"), prompt);
        var moments = new double[3];
        double logZ = 0;
        for (int c : new int[] {0, 1, 2, 4}) {
            double z = 0;
            var sums = new double[3];
            for (int i = c; i < size; i += 5) {
                double log = logWeight[i];
                for (int f = 0; f < 3; f++) log += solution.lambda()[f] * phi[i][f];
                z += Math.exp(log);
                for (int f = 0; f < 3; f++) sums[f] += Math.exp(log) * phi[i][f];
            }
            for (int f = 0; f < 3; f++) moments[f] += sums[f] / z / 4;
            logZ += Math.log(z / (size / 5.0)) / 4;
        }
        assertThat(moments).as("seed %d", seed).containsExactly(desired, within(1e-8));
        assertThat(solution.logZ()).as("seed %d", seed).isCloseTo(logZ, within(1e-9));
        assertThat(solution.iterations()).isLessThan(20);
    }

    /** Half of the prompts never lead to the feature, so its mean over prompts stays below 0.5. */
    @Test
    void whatNoPromptCanGiveIsRefused() {
        var phi = new double[400][1];
        var prompt = new int[400];
        for (int i = 0; i < 400; i++) {
            prompt[i] = i / 100;
            phi[i][0] = i < 200 && i % 2 == 0 ? 1 : 0;
        }
        var names = List.of("late");
        assertThat(MomentMatching.solve(phi, new double[400], new double[] {0.4}, names, prompt)
                        .lambda()[0])
                .isCloseTo(logit(0.8), within(1e-9));
        assertThatThrownBy(() -> MomentMatching.solve(phi, new double[400], new double[] {0.6}, names, prompt))
                .isInstanceOf(InfeasibleConstraintException.class)
                .hasMessage("constraint 'late': the moment 0.6 is outside what can be reached prompt by prompt on the"
                        + " sample's 400 texts of 4 prompts, 0 to 0.5 (mean 0.25); ask for a moment inside that range,"
                        + " or sample more texts");
        assertThatThrownBy(() -> MomentMatching.solve(phi, new double[400], new double[] {0.5}, names, prompt))
                .isInstanceOf(InfeasibleConstraintException.class)
                .hasMessageContaining("the moment 0.5 is the greatest value on the sample's 400 texts of 4 prompts");
    }

    /** Two features that exclude each other in every text, each within its own range. */
    @Test
    void momentsThatContradictEachOtherOverPromptsAreRefused() {
        var phi = new double[600][2];
        var prompt = new int[600];
        for (int i = 0; i < 600; i++) {
            prompt[i] = i / 200;
            int kind = i % 3;
            if (kind < 2) phi[i][kind] = 1;
        }
        var names = List.of("one", "other");
        assertThatThrownBy(() -> MomentMatching.solve(phi, new double[600], new double[] {0.7, 0.6}, names, prompt))
                .isInstanceOf(InfeasibleConstraintException.class)
                .hasMessageContaining("contradict each other on the sample's 600 texts of 3 prompts");
        // On the boundary: 0.7 + 0.3 leaves nothing to the texts that have neither.
        assertThatThrownBy(() -> MomentMatching.solve(phi, new double[600], new double[] {0.7, 0.3}, names, prompt))
                .isInstanceOf(InfeasibleConstraintException.class);
        assertThat(MomentMatching.solve(phi, new double[600], new double[] {0.5, 0.3}, names, prompt)
                        .gradientNorm())
                .isLessThan(1e-9);
    }
}
