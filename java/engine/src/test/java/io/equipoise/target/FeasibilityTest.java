package io.equipoise.target;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Random;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@link MomentMatching} refuses, and the words it uses. */
class FeasibilityTest {
    /** Of 1000 texts 30 % female, 50 % male, the rest neither. */
    private static final double[][] GENDERS =
            table(1000, i -> new double[] {i < 300 ? 1 : 0, i >= 300 && i < 800 ? 1 : 0});

    private static final List<String> FEMALE_MALE = List.of("female", "male");

    @Test
    void exclusiveSharesBelowOneAreFine() {
        var solution = MomentMatching.solve(GENDERS, new double[1000], new double[] {0.6, 0.3}, FEMALE_MALE);
        assertThat(solution.lambda()[0]).isCloseTo(Math.log(0.6 / 0.3) - Math.log(0.1 / 0.2), within(1e-8));
        assertThat(solution.lambda()[1]).isCloseTo(Math.log(0.3 / 0.5) - Math.log(0.1 / 0.2), within(1e-8));
    }

    @Test
    void exclusiveSharesAboveOneContradict() {
        refused(GENDERS, new double[] {0.6, 0.6}, FEMALE_MALE)
                .hasMessage(
                        "the constraints 'female' (measured 0.3, wanted 0.6) and 'male' (measured 0.5, wanted 0.6) contradict "
                                + "each other on the sample's 1000 texts: female + male is at most 1 in every text, while the moments ask "
                                + "for a mean of 1.2; change one of these moments or drop a constraint");
    }

    @Test
    void exclusiveSharesThatExcludeTheRestContradict() {
        refused(GENDERS, new double[] {0.5, 0.5}, FEMALE_MALE)
                .hasMessageContaining("contradict each other")
                .hasMessageContaining(
                        "female + male is at most 1 in every text, while the moments ask for a mean of 1;");
    }

    @Test
    void everyTextFemaleAndEveryTextMaleContradict() {
        refused(GENDERS, new double[] {1, 1}, FEMALE_MALE)
                .hasMessage(
                        "the constraints 'female' (measured 0.3, wanted 1) and 'male' (measured 0.5, wanted 1) contradict each "
                                + "other: each excludes all texts that do not have it exactly, and none of the sample's 1000 texts has all "
                                + "of them; drop one, or ask for shares that add up");
    }

    @Test
    void aPartIsNotLargerThanTheWhole() {
        var phi = table(1000, i -> new double[] {i < 200 ? 1 : 0, i < 500 ? 1 : 0});
        refused(phi, new double[] {0.6, 0.4}, List.of("physics", "science"))
                .hasMessageContaining(
                        "'physics' (measured 0.2, wanted 0.6) and 'science' (measured 0.5, wanted 0.4) contradict")
                .hasMessageContaining("is at most 0 in every text");
    }

    @Test
    void oneFeatureCannotHaveTwoMoments() {
        var phi = table(500, i -> new double[] {i % 5 == 0 ? 1 : 0, i % 5 == 0 ? 1 : 0});
        refused(phi, new double[] {0.3, 0.6}, List.of("a", "again")).hasMessageContaining("contradict each other");
    }

    @Test
    void unrelatedConstraintsAreNotBlamed() {
        var random = new Random(8);
        var phi = table(1000, i -> new double[] {GENDERS[i][0], GENDERS[i][1], random.nextGaussian()});
        refused(phi, new double[] {0.7, 0.7, 0.01}, List.of("female", "male", "noise"))
                .hasMessageContaining("female + male is at most 1")
                .satisfies(failure -> assertThat(failure).message().doesNotContain("noise"));
    }

    @Test
    void certaintyIsForPointwiseConstraints() {
        refused(GENDERS, new double[] {1, 0.1}, FEMALE_MALE)
                .hasMessage(
                        "constraint 'female': the moment 1 asks that every text has the feature, which no finite λ reaches "
                                + "(measured 0.3); make it a pointwise constraint, or ask for a share between 0 and 1");
        refused(GENDERS, new double[] {0.4, 0}, FEMALE_MALE)
                .hasMessage(
                        "constraint 'male': the moment 0 asks that no text has the feature, which no finite λ reaches "
                                + "(measured 0.5); make it a pointwise constraint on the feature's negation (not: true, in Java"
                                + " Feature.not()), or ask for a share between 0 and 1");
    }

    @Test
    void certaintyThatTheSampleAlreadyHasIsRefusedToo() {
        refused(table(100, i -> new double[] {1}), new double[] {1}, List.of("always"))
                .hasMessageContaining("make it a pointwise constraint");
        refused(table(100, i -> new double[] {0}), new double[] {0}, List.of("never"))
                .hasMessageContaining("pointwise constraint on the feature's negation");
    }

    @Test
    void featuresNeverOrAlwaysSeen() {
        refused(table(400, i -> new double[] {0}), new double[] {0.5}, List.of("rare"))
                .hasMessage(
                        "constraint 'rare': none of the sample's 400 texts has the feature, but its moment is 0.5; sample more "
                                + "texts, prompt or fine-tune the base model so that it occurs, correct the feature if it should have "
                                + "occurred, or drop the constraint");
        refused(table(400, i -> new double[] {0}), new double[] {1}, List.of("rare"))
                .hasMessageContaining("none of the sample's 400 texts has the feature");
        refused(table(400, i -> new double[] {1}), new double[] {0.9}, List.of("common"))
                .hasMessageStartingWith(
                        "constraint 'common': every one of the sample's 400 texts has the feature, but its moment is 0.9;");
    }

    @Test
    void featuresNeverSeenAmongPossibleTexts() {
        var logWeight = IntStream.range(0, 1000)
                .mapToDouble(i -> i < 300 ? Double.NEGATIVE_INFINITY : 0)
                .toArray();
        assertThatThrownBy(() -> MomentMatching.solve(GENDERS, logWeight, new double[] {0.5, 0.3}, FEMALE_MALE))
                .isInstanceOf(InfeasibleConstraintException.class)
                .hasMessageStartingWith(
                        "constraint 'female': none of the 700 texts of 1000 that satisfy the pointwise constraints has the feature");
    }

    @Test
    void realMomentsOutsideTheirRange() {
        var phi = table(101, i -> new double[] {i});
        refused(phi, new double[] {150}, List.of("length"))
                .hasMessage(
                        "constraint 'length': the moment 150 is outside what the feature scored on the sample's 101 texts, "
                                + "0 to 100 (mean 50); ask for a moment inside that range, or sample more texts");
        refused(phi, new double[] {-0.001}, List.of("length")).hasMessageContaining("the moment -0.001 is outside");
        refused(phi, new double[] {100}, List.of("length"))
                .hasMessage(
                        "constraint 'length': the moment 100 is the greatest value on the sample's 101 texts (mean 50), which no "
                                + "finite λ reaches; ask for a moment strictly inside 0 to 100");
        refused(phi, new double[] {0}, List.of("length")).hasMessageContaining("the moment 0 is the least value");
    }

    @Test
    void tooFewEffectiveTexts() {
        refused(table(1000, i -> new double[] {i < 5 ? 1 : 0}), new double[] {0.9}, List.of("rare"))
                .hasMessage(
                        "the constraints 'rare' (measured 0.005, wanted 0.9) are met only with an effective sample size of "
                                + "6.172 from the sample's 1000 texts, too small to trust (at least 20); sample about 7000 texts, or ask for "
                                + "moments nearer to those measured");
        refused(table(15, i -> new double[] {i % 2}), new double[] {0.5}, List.of("odd"))
                .hasMessage(
                        "cannot fit the constraints 'odd' (measured 0.4667, wanted 0.5): the sample's 15 texts are worth only 15 "
                                + "independent ones before any constraint on moments, and at least 20 are needed; sample more texts");
    }

    @Test
    void theAdvisedNumberOfTextsIsEnough() {
        MomentMatching.solve(
                table(7000, i -> new double[] {i < 35 ? 1 : 0}), new double[7000], new double[] {0.9}, List.of("rare"));
    }

    @Test
    void malformedSamplesAreNotCalledInfeasible() {
        assertThatThrownBy(() -> MomentMatching.solve(new double[2][1], new double[3], new double[1], List.of("a")))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("phi has 2 rows and logWeight 3 values");
        assertThatThrownBy(() -> MomentMatching.solve(new double[2][2], new double[2], new double[1], List.of("a")))
                .hasMessage("text 0 has 2 features, wanted 1, one a constraint");
        assertThatThrownBy(() -> MomentMatching.solve(new double[2][1], new double[2], new double[1], List.of()))
                .hasMessage("there are 1 desired moments and 0 names; wanted one of each a constraint");
        assertThatThrownBy(() ->
                        MomentMatching.solve(new double[][] {{Double.NaN}}, new double[1], new double[1], List.of("a")))
                .hasMessage("feature 'a' of text 0 must be finite, got NaN");
        assertThatThrownBy(() ->
                        MomentMatching.solve(new double[1][1], new double[] {Double.NaN}, new double[1], List.of("a")))
                .hasMessage("the log-weight of text 0 must be finite or -Infinity, got NaN");
        assertThatThrownBy(() ->
                        MomentMatching.solve(new double[1][1], new double[1], new double[] {Double.NaN}, List.of("a")))
                .hasMessage("the desired moment of 'a' must be finite, got NaN");
    }

    static IntStream seeds() {
        return IntStream.rangeClosed(101, 140);
    }

    /** Moments just beyond a supporting hyperplane of the sample, in a random direction, are outside its convex hull. */
    @ParameterizedTest
    @MethodSource("seeds")
    void momentsBeyondAnyHyperplaneAreRefused(int seed) {
        var random = new Random(seed);
        int features = 1 + random.nextInt(5);
        var phi = randomTable(random, features);
        double[] normal = random.doubles(features, -1, 1).toArray();
        int extreme = extreme(phi, normal);
        double beyond = Math.pow(10, -4 * random.nextDouble());
        double[] desired = IntStream.range(0, features)
                .mapToDouble(f -> phi[extreme][f] + beyond * normal[f])
                .toArray();
        refused(phi, desired, names(features), "seed " + seed)
                .hasMessageMatching(".*(is outside what the feature scored|contradict each other|cannot be met on).*");
    }

    /** On the hyperplane itself only the texts that touch it may keep weight: λ diverges. */
    @ParameterizedTest
    @MethodSource("seeds")
    void momentsOnTheBoundaryAreRefused(int seed) {
        var random = new Random(seed);
        int features = 2 + random.nextInt(3);
        var phi = randomTable(random, features);
        // A face with several texts on it: as far as the extreme one along (1, …, 1), by moving 50 texts there.
        double[] normal = IntStream.range(0, features).mapToDouble(f -> 1).toArray();
        double height = Dual.dot(phi[extreme(phi, normal)], normal) + 1;
        double[] desired = new double[features];
        for (int i = 0; i < 50; i++) {
            double lift = (height - Dual.dot(phi[i], normal)) / features;
            for (int f = 0; f < features; f++) {
                phi[i][f] += lift;
                desired[f] += phi[i][f] / 50;
            }
        }
        refused(phi, desired, names(features), "seed " + seed).hasMessageContaining("contradict each other");
    }

    /** Well inside the hull there is a solution, found however far it is from the base. */
    @ParameterizedTest
    @MethodSource("seeds")
    void momentsInsideAreSolved(int seed) {
        var random = new Random(seed);
        int features = 1 + random.nextInt(5);
        var phi = randomTable(random, features);
        var share = random.doubles(phi.length).map(u -> u < 0.2 ? 1 : 0.01).toArray();
        double total = IntStream.range(0, phi.length).mapToDouble(i -> share[i]).sum();
        var desired = new double[features];
        for (int i = 0; i < phi.length; i++)
            for (int f = 0; f < features; f++) desired[f] += share[i] / total * phi[i][f];
        var solution = MomentMatching.solve(phi, new double[phi.length], desired, names(features));
        assertThat(solution.gradientNorm()).as("seed %d", seed).isLessThan(1e-7);
        assertThat(solution.lambda()).as("seed %d", seed).hasSize(features).doesNotContain(Double.NaN);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.999, 0.9999, 0.99999})
    void nearCertaintyIsSolvedWhenTheSampleIsLarge(double moment) {
        var solution = MomentMatching.solve(
                table(2000, i -> new double[] {i % 2}), new double[2000], new double[] {moment}, List.of("odd"));
        assertThat(solution.lambda()[0]).isCloseTo(Math.log(moment / (1 - moment)), within(1e-5));
    }

    private static AbstractThrowableAssert<?, ?> refused(double[][] phi, double[] desired, List<String> names) {
        return refused(phi, desired, names, "moments");
    }

    private static AbstractThrowableAssert<?, ?> refused(
            double[][] phi, double[] desired, List<String> names, String description) {
        return assertThatThrownBy(() -> MomentMatching.solve(phi, new double[phi.length], desired, names), description)
                .isInstanceOf(InfeasibleConstraintException.class);
    }

    private static double[][] table(int texts, IntFunction<double[]> row) {
        return IntStream.range(0, texts).mapToObj(row).toArray(double[][]::new);
    }

    private static double[][] randomTable(Random random, int features) {
        return table(400, i -> IntStream.range(0, features)
                .mapToDouble(f -> f % 2 == 0 ? random.nextGaussian() : random.nextInt(4) == 0 ? 1 : 0)
                .toArray());
    }

    private static int extreme(double[][] phi, double[] normal) {
        int extreme = 0;
        for (int i = 1; i < phi.length; i++) if (Dual.dot(phi[i], normal) > Dual.dot(phi[extreme], normal)) extreme = i;
        return extreme;
    }

    private static List<String> names(int features) {
        return IntStream.range(0, features).mapToObj(f -> "feature " + f).toList();
    }
}
