package io.equipoise.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class EnergyTest {
    private static final Kernels REFERENCE = new ReferenceKernels();
    private static final double NOTHING = Double.NEGATIVE_INFINITY;

    /** NaN, infinities and zeros in the same places, all else within {@code relative}, of at least 1. */
    private static void assertSame(double[] actual, double[] wanted, double relative, String of) {
        assertThat(actual).hasSameSizeAs(wanted);
        for (int i = 0; i < wanted.length; i++) {
            if (!Double.isFinite(wanted[i])) {
                assertThat((Double) actual[i]).as("%s, element %d", of, i).isEqualTo((Double) wanted[i]);
            } else {
                assertThat(actual[i])
                        .as("%s, element %d", of, i)
                        .isCloseTo(wanted[i], within(relative * Math.max(1, Math.abs(wanted[i]))));
            }
        }
    }

    private static void assertIsTheReference(Kernels kernels, EnergyCase batch, double logZ, String of) {
        var actual = batch.run(kernels, logZ);
        var wanted = batch.run(REFERENCE, logZ);
        // λ·φ may be fused; an ulp of what is subtracted is more than one of the difference.
        assertSame(actual.logTarget(), wanted.logTarget(), 2e-14, of + ", log P");
        assertSame(actual.logWeight(), wanted.logWeight(), 2e-14, of + ", log w");
        assertSame(actual.logRatio(), wanted.logRatio(), 0, of + ", log ρ");
        // exp turns an absolute error of log w into a relative one, and sums of many signs cancel.
        assertSame(actual.statistics(), wanted.statistics(), 1e-11, of + ", statistics");
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void isTheReference(Kernels kernels) {
        for (int sequences : new int[] {0, 1, 2, 7, 16, 17, 33, 257}) {
            for (int tokens : new int[] {0, 1, 5, 40}) {
                for (int features : new int[] {0, 1, 3}) {
                    long seed = 1000L * sequences + 10L * tokens + features;
                    assertIsTheReference(
                            kernels, EnergyCase.random(sequences, tokens, features, seed), 0.3, "seed " + seed);
                }
            }
        }
    }

    /** Written out in the test, so that a mistake in the reference shows too. */
    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void isTheFormulaInProbabilities(Kernels kernels) {
        double[] p = {0.5, 0.25, 0.125};
        double[] q = {0.25, 0.5, 0.25};
        double[] policy = {0.125, 0.5, 0.5};
        var batch = new EnergyCase(
                logs(p),
                logs(q),
                logs(policy),
                new double[][] {{1, 2}, {0, 1}, {3, 5}},
                new double[] {0.5, -0.25},
                new int[] {1, 1, 0});
        double z = 0.8;
        var result = batch.run(kernels, Math.log(z));
        double[] target = {0.5, 0.25 * Math.exp(-0.25), 0};
        double weights = 0;
        double squares = 0;
        double kl = 0;
        double klOfProposal = 0;
        double tvd = 0;
        double tvdOfProposal = 0;
        double klOfBase = 0;
        for (int i = 0; i < 3; i++) {
            double w = target[i] / q[i];
            double rho = policy[i] / q[i];
            weights += w;
            squares += w * w;
            if (w > 0) kl += w / z * Math.log(target[i] / z / policy[i]);
            if (w > 0) klOfProposal += w / z * Math.log(w / z);
            tvd += Math.abs(rho - w / z);
            tvdOfProposal += Math.abs(1 - w / z);
            klOfBase += rho * Math.log(policy[i] / p[i]);
        }
        var sums = result.sums();
        double largest = Math.exp(sums.largestLogWeight());
        assertThat(sums.sequences()).isEqualTo(3);
        assertThat(largest).isCloseTo(2, within(1e-6));
        assertThat(largest * sums.scaledWeights()).isCloseTo(weights, within(1e-6));
        assertThat(largest * largest * sums.scaledSquares()).isCloseTo(squares, within(1e-6));
        assertThat(sums.targetPolicy()).isCloseTo(kl, within(1e-6));
        assertThat(sums.targetProposal()).isCloseTo(klOfProposal, within(1e-6));
        assertThat(sums.absolutePolicy()).isCloseTo(tvd, within(1e-6));
        assertThat(sums.absoluteProposal()).isCloseTo(tvdOfProposal, within(1e-6));
        assertThat(sums.policyBase()).isCloseTo(klOfBase, within(1e-6));
    }

    private static float[][] logs(double[] probabilities) {
        return Arrays.stream(probabilities)
                .mapToObj(each -> new float[] {(float) Math.log(each) / 2, (float) Math.log(each) / 2})
                .toArray(float[][]::new);
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void paddingAndGapsChangeNoBit(Kernels kernels) {
        var batch = EnergyCase.random(37, 40, 3, 5);
        var tight = batch.run(kernels, -0.5);
        for (int columns : new int[] {batch.longest(), batch.longest() + 1, 97}) {
            for (int gap : new int[] {0, 1, 6}) {
                var wide = batch.run(kernels, -0.5, columns, gap);
                assertThat(wide.logTarget()).isEqualTo(tight.logTarget());
                assertThat(wide.logWeight()).isEqualTo(tight.logWeight());
                assertThat(wide.logRatio()).isEqualTo(tight.logRatio());
                assertThat(wide.statistics()).isEqualTo(tight.statistics());
            }
        }
    }

    /** So sums made elsewhere, in the order of the text, are the same to the bit. */
    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void sumsTokenAfterToken(Kernels kernels) {
        var batch = EnergyCase.random(23, 300, 0, 6);
        var result = batch.run(kernels, 0);
        for (int i = 0; i < 23; i++) {
            double policy = 0;
            double proposal = 0;
            for (float token : batch.policy()[i]) policy += token;
            for (float token : batch.proposal()[i]) proposal += token;
            assertThat(result.logRatio()[i]).as("sequence %d", i).isEqualTo(policy - proposal);
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void theRatioIsExactlyOneWhereThePolicyIsTheProposal(Kernels kernels) {
        var random = EnergyCase.random(50, 40, 2, 7);
        var batch = new EnergyCase(
                random.base(), random.proposal(), random.proposal(), random.phi(), random.lambda(), random.filter());
        var result = batch.run(kernels, 0.1);
        assertThat(result.logRatio()).containsOnly(0);
        var sums = result.sums();
        assertThat(sums.absolutePolicy()).isEqualTo(sums.absoluteProposal());
        assertThat(sums.targetPolicy()).isCloseTo(sums.targetProposal(), within(1e-11));
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void extremeWeightsStayApart(Kernels kernels) {
        for (float magnitude : new float[] {700, -700, 1e4f, -1e4f}) {
            var batch = EnergyCase.of(
                    new float[] {magnitude, magnitude - 1, magnitude - 20_000},
                    new float[] {0, 0, 0},
                    new float[] {-2, -3, -4});
            assertIsTheReference(kernels, batch, magnitude, "around e^" + magnitude);
            var sums = batch.run(kernels, magnitude).sums();
            assertThat(sums.largestLogWeight()).isEqualTo(magnitude);
            assertThat(sums.scaledWeights()).isCloseTo(1 + Math.exp(-1), within(1e-15));
            assertThat(sums.scaledSquares()).isCloseTo(1 + Math.exp(-2), within(1e-15));
            assertThat(sums.targetProposal()).isCloseTo(-Math.exp(-1), within(1e-15));
            // Z from elsewhere: v overflows to ∞ or vanishes, and nothing becomes NaN.
            var far = batch.run(kernels, 0).sums();
            double v = Math.exp(magnitude);
            if (v == 0 || Double.isInfinite(v)) {
                assertThat(far.absoluteProposal()).isEqualTo(v == 0 ? 3 : v);
                assertThat(far.targetProposal()).isEqualTo(v);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void whatTheFilterForbidsHasNoWeightWhateverItsFeatures(Kernels kernels) {
        var batch = new EnergyCase(
                new float[][] {{-1, -2}, {-3}, {-1}},
                new float[][] {{-1, -1}, {-2}, {-2}},
                new float[][] {{-2, -2}, {Float.NEGATIVE_INFINITY}, {-1}},
                new double[][] {{Double.NaN}, {Double.POSITIVE_INFINITY}, {2}},
                new double[] {0.5},
                new int[] {0, 0, 1});
        var result = batch.run(kernels, 0);
        assertThat(result.logTarget()).containsExactly(NOTHING, NOTHING, 0);
        assertThat(result.logWeight()).containsExactly(NOTHING, NOTHING, 2);
        assertThat(result.logRatio()).containsExactly(-2, NOTHING, 1);
        var sums = result.sums();
        assertThat(sums.largestLogWeight()).isEqualTo(2);
        assertThat(sums.scaledWeights()).isEqualTo(1);
        assertThat(sums.scaledSquares()).isEqualTo(1);
        assertThat(sums.targetPolicy()).isCloseTo(Math.exp(2), within(1e-14));
        assertThat(sums.absolutePolicy()).isCloseTo(Math.exp(-2) + Math.exp(2) - Math.exp(1), within(1e-14));
        assertThat(sums.absoluteProposal()).isCloseTo(2 + Math.exp(2) - 1, within(1e-14));
        assertThat(sums.policyBase()).isCloseTo(-Math.exp(-2), within(1e-14));
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void withoutAnyWeightTheSumsAreEmpty(Kernels kernels) {
        var all = EnergyCase.random(40, 10, 2, 8);
        var batch = new EnergyCase(all.base(), all.proposal(), all.policy(), all.phi(), all.lambda(), new int[40]);
        var unknown = batch.run(kernels, NOTHING).sums();
        assertThat(unknown.largestLogWeight()).isEqualTo(NOTHING);
        assertThat(unknown.scaledWeights()).isZero();
        assertThat(unknown.scaledSquares()).isZero();
        assertThat(unknown.targetPolicy()).isNaN();
        assertThat(unknown.targetPolicyDeviations()).isNaN();
        assertThat(unknown.targetProposal()).isNaN();
        assertThat(unknown.absolutePolicy()).isNaN();
        assertThat(unknown.absoluteProposal()).isNaN();
        assertThat(unknown.policyBase()).isFinite();
        var known = batch.run(kernels, 0).sums();
        assertThat(known.targetPolicy()).isZero();
        assertThat(known.absoluteProposal()).isEqualTo(40);
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void aNanStaysInItsSequenceAndTheSumsItEnters(Kernels kernels) {
        int sequences = 40;
        for (int bad : new int[] {0, 17, 39}) {
            for (int which = 0; which < 3; which++) {
                var batch = EnergyCase.random(sequences, 9, 1, 9);
                var rows = new float[][][] {batch.base(), batch.proposal(), batch.policy()}[which];
                for (var each : new float[][][] {batch.base(), batch.proposal(), batch.policy()}) {
                    each[bad] = new float[] {-1, -2, -3};
                }
                batch.filter()[bad] = 0; // a NaN is not hidden by a weight of 0
                rows[bad][1] = Float.NaN;
                var result = batch.run(kernels, 0.2);
                for (int i = 0; i < sequences; i++) {
                    String of = "sequence " + i + " with NaN in " + which + " of " + bad;
                    boolean here = i == bad;
                    assertThat(Double.isNaN(result.logTarget()[i])).as(of).isEqualTo(here && which == 0);
                    assertThat(Double.isNaN(result.logWeight()[i])).as(of).isEqualTo(here && which < 2);
                    assertThat(Double.isNaN(result.logRatio()[i])).as(of).isEqualTo(here && which > 0);
                }
                assertIsTheReference(kernels, batch, 0.2, "NaN in " + which + " of " + bad);
                var sums = result.sums();
                assertThat(Double.isNaN(sums.scaledWeights())).isEqualTo(which < 2);
                assertThat(Double.isNaN(sums.largestLogWeight())).isEqualTo(which < 2);
                assertThat(sums.absolutePolicy()).isNaN();
                assertThat(sums.policyBase()).isNaN();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void aPolicyThatExcludesWhatTheTargetHasIsInfinitelyFar(Kernels kernels) {
        float none = Float.NEGATIVE_INFINITY;
        var batch = EnergyCase.of(new float[] {-1, -1}, new float[] {-1, -1}, new float[] {none, -1});
        assertThat(batch.run(kernels, 0).sums().targetPolicy()).isEqualTo(Double.POSITIVE_INFINITY);
        assertThat(batch.run(kernels, 0).sums().targetPolicyDeviations()).isNaN();
        assertThat(batch.run(kernels, 0).sums().absolutePolicy()).isEqualTo(1);
    }

    /** Blocks are merged by a formula of its own; the two-pass one is the test. */
    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void deviationsAreThoseFromTheMeanOfAll(Kernels kernels) {
        long seed = 10;
        var random = new Random(seed);
        int sequences = 100;
        var zeros = new float[sequences];
        var policy = new float[sequences];
        for (int i = 0; i < sequences; i++) policy[i] = (float) (1000 + random.nextGaussian());
        var result = EnergyCase.of(zeros, zeros, policy).run(kernels, 0);
        // v = 1, so the terms are −log π: a variance of 1 on a mean of −1000.
        double mean = IntStream.range(0, sequences).mapToDouble(i -> -policy[i]).sum() / sequences;
        double deviations = IntStream.range(0, sequences)
                .mapToDouble(i -> Math.pow(-policy[i] - mean, 2))
                .sum();
        assertThat(result.sums().targetPolicyDeviations()).as("seed %d", seed).isCloseTo(deviations, within(1e-8));
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void shapesThatDontFitAreRefused(Kernels kernels) {
        try (var two = Vector.f64(2);
                var three = Vector.f64(3);
                var statistics = Vector.f64(EnergyStatistics.SIZE);
                var tokens = Matrix.allocate(DataType.F32, 2, 4);
                var fewer = Matrix.allocate(DataType.F32, 2, 3);
                var half = Matrix.allocate(DataType.F16, 2, 4);
                var phi = Matrix.allocate(DataType.F64, 2, 3);
                var filter = Vector.of(1, 1)) {
            assertThatThrownBy(() ->
                            kernels.energy(two, three, two, statistics, tokens, tokens, tokens, phi, three, filter, 0))
                    .isInstanceOf(KernelException.class)
                    .hasMessage("energy: logWeight is F64 of 3, wanted F64 of 2");
            assertThatThrownBy(() ->
                            kernels.energy(two, two, two, statistics, tokens, tokens, fewer, phi, three, filter, 0))
                    .isInstanceOf(KernelException.class)
                    .hasMessage("energy: policy is F32 of 2 by 3, wanted F32 of 2 by 4");
            assertThatThrownBy(() ->
                            kernels.energy(two, two, two, statistics, tokens, half, tokens, phi, three, filter, 0))
                    .isInstanceOf(KernelException.class)
                    .hasMessage("energy: proposal is F16 of 2 by 4, wanted F32 of 2 by 4");
            assertThatThrownBy(() ->
                            kernels.energy(two, two, two, statistics, tokens, tokens, tokens, phi, two, filter, 0))
                    .isInstanceOf(KernelException.class)
                    .hasMessage("energy: phi is F64 of 2 by 3, wanted F64 of 2 by 2");
            assertThatThrownBy(() -> kernels.energy(two, two, two, two, tokens, tokens, tokens, phi, three, filter, 0))
                    .isInstanceOf(KernelException.class)
                    .hasMessage("energy: statistics is F64 of 2, wanted F64 of 10");
        }
    }
}
