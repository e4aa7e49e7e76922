package io.equipoise.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.equipoise.kernels.KernelProvider;
import io.equipoise.model.TabularModel;
import io.equipoise.sampling.Sampler;
import io.equipoise.sampling.SamplerConfig;
import io.equipoise.target.Constraint;
import io.equipoise.target.EnergyBasedTarget;
import io.equipoise.target.Feature;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SubsamplingTest {
    private static final long SEED = 77;
    private static final SequenceKernels KERNELS = new SequenceKernels(KernelProvider.kernels());

    private static double[] sizes(int count) {
        var random = new Random(SEED);
        return IntStream.range(0, count)
                .mapToDouble(i -> Math.exp(2 * random.nextGaussian()))
                .toArray();
    }

    private static boolean[] all(int count) {
        var all = new boolean[count];
        Arrays.fill(all, true);
        return all;
    }

    @Test
    void probabilitiesRiseWithSizeAndMeetTheShare() {
        double[] sizes = sizes(500);
        var drawn = Subsampling.draw(sizes, all(500), 0.4, SEED, 0);
        double[] probability = drawn.probability();
        assertThat(Arrays.stream(probability).average().orElseThrow()).isCloseTo(0.4, within(1e-6));
        for (int i = 1; i < sizes.length; i++) {
            assertThat(probability[i]).isBetween(0.05, 1.0);
            if (sizes[i] > sizes[i - 1]) assertThat(probability[i]).isGreaterThanOrEqualTo(probability[i - 1]);
        }
        assertThat(drawn.kept().length + drawn.left().length).isEqualTo(500);
    }

    @Test
    void aSumOverWhatStaysIsUnbiased() {
        double[] sizes = sizes(100);
        double sum = 0;
        double squares = 0;
        int draws = 20_000;
        for (int k = 0; k < draws; k++) {
            var drawn = Subsampling.draw(sizes, all(100), 0.3, SEED, 100L * k);
            double estimate = 0;
            for (int i : drawn.kept()) estimate += sizes[i] / drawn.probability()[i];
            sum += estimate;
            squares += estimate * estimate;
        }
        double mean = sum / draws;
        double error = Math.sqrt((squares / draws - mean * mean) / draws);
        // α = 0.001, two-sided.
        assertThat(mean).isCloseTo(Arrays.stream(sizes).sum(), within(3.29 * error));
    }

    @Test
    void trainingWithItReachesTheTargetToo() {
        var starts = Constraint.moment(
                "starts with a", Feature.test(text -> text.startsWith("a")).onPrefixes(), 0.5);
        for (boolean onPolicy : new boolean[] {false, true}) {
            var config = TrainingConfig.builder()
                    .steps(200)
                    .batchSize(512)
                    .maxTokens(4)
                    .momentSamples(4000)
                    .learningRate(0.1)
                    .schedule(Schedule.COSINE)
                    .gradientSubsampling(0.3)
                    .onPolicy(onPolicy)
                    .seed(3)
                    .build();
            try (var base = TabularModel.random(3, 4, 20);
                    var trainer = Trainer.create(base, TabularModel::text, List.of(starts), config)) {
                while (!trainer.isFinished())
                    assertThat(trainer.step().subsamplingVariance()).isPositive();
                int[][] all = base.sequences();
                double[] logPolicy = ((TabularModel) trainer.policy()).logProbs(all);
                double share = IntStream.range(0, all.length)
                        .filter(i -> all[i][1] == 1)
                        .mapToDouble(i -> Math.exp(logPolicy[i]))
                        .sum();
                assertThat(share).as("on-policy %s", onPolicy).isCloseTo(0.5, within(0.04));
            }
        }
    }

    @Test
    void withoutItNobodyIsLeftOut() {
        var none = Subsampling.all(all(7));
        assertThat(none.kept()).hasSize(7);
        assertThat(none.left()).isEmpty();
        assertThat(none.probability()).containsOnly(1);
        assertThat(none.addedVariance(sizes(7))).isZero();
    }

    @Test
    void whatCannotMatterIsNeverKeptAndTakesNobodysPlace() {
        double[] sizes = sizes(200);
        var counts = new boolean[200];
        for (int i = 0; i < counts.length; i++) {
            counts[i] = i % 4 == 0;
            if (!counts[i]) sizes[i] = 0;
        }
        var drawn = Subsampling.draw(sizes, counts, 0.1, SEED, 0);
        assertThat(drawn.kept()).isNotEmpty();
        for (int i : drawn.kept()) assertThat(counts[i]).isTrue();
        assertThat(Arrays.stream(drawn.probability()).average().orElseThrow()).isCloseTo(0.1, within(1e-6));
        // A share that all who count don't fill keeps them all.
        assertThat(Subsampling.draw(sizes, counts, 0.3, SEED, 0).kept()).hasSize(50);
        assertThat(Subsampling.all(counts).kept()).hasSize(50);
        assertThat(Subsampling.all(new boolean[3]).addedVariance(new double[3])).isZero();
    }

    /** The mean over draws of ‖ĉ − c‖², of coefficients (B, T) that the sizes are only a guess of. */
    @Test
    void theVarianceItSaysItAddsIsTheVarianceOverDraws() {
        int batch = 60;
        double[] sizes = Arrays.stream(sizes(batch)).map(Math::sqrt).toArray();
        var random = new Random(SEED + 1);
        var coefficients = new double[batch][];
        var norms = new double[batch];
        double all = 0;
        for (int i = 0; i < batch; i++) {
            double scale = sizes[i] * (0.5 + random.nextDouble());
            coefficients[i] =
                    random.doubles(1 + i % 5).map(u -> (u - 0.5) * scale).toArray();
            double squares = Arrays.stream(coefficients[i]).map(c -> c * c).sum();
            norms[i] = Math.sqrt(squares);
            all += squares;
        }
        int draws = 20_000;
        double sum = 0;
        double ofSquares = 0;
        for (int k = 0; k < draws; k++) {
            var drawn = Subsampling.draw(sizes, all(batch), 0.3, SEED, (long) batch * k);
            var estimate = new double[batch][];
            for (int i = 0; i < batch; i++) estimate[i] = new double[coefficients[i].length];
            for (int i : drawn.kept()) {
                for (int t = 0; t < estimate[i].length; t++) {
                    estimate[i][t] = coefficients[i][t] / drawn.probability()[i];
                }
            }
            double distance = 0;
            for (int i = 0; i < batch; i++) {
                for (int t = 0; t < estimate[i].length; t++) {
                    distance += Math.pow(estimate[i][t] - coefficients[i][t], 2);
                }
            }
            sum += distance / all;
            ofSquares += Math.pow(distance / all, 2);
        }
        double mean = sum / draws;
        double error = Math.sqrt((ofSquares / draws - mean * mean) / draws);
        double said = Subsampling.draw(sizes, all(batch), 0.3, SEED, 0).addedVariance(norms);
        assertThat(said).isGreaterThan(0.05);
        // α = 0.001, two-sided.
        assertThat(said).isCloseTo(mean, within(3.29 * error));
    }

    @Test
    void aStepReportsItForThePolicysOwnCoefficients() {
        double logZ = -0.5;
        var config = TrainingConfig.builder()
                .controlVariates(false)
                .maxTokens(4)
                .gradientSubsampling(0.3)
                .seed(SEED)
                .build();
        var constraints = List.of(Constraint.moment(
                "starts with a", Feature.test(text -> text.startsWith("a")).onPrefixes(), 0.5));
        var sampler = new Sampler(SamplerConfig.of(4, 8));
        try (var base = TabularModel.random(3, 4, 20);
                var proposal = TabularModel.random(3, 4, 21);
                var policy = TabularModel.random(3, 4, 22)) {
            policy.trainable(name -> true);
            var rollouts = new Rollouts(base, TabularModel::text, constraints, sampler, KERNELS, 16);
            var target = EnergyBasedTarget.of(constraints, new double[] {1});
            var rollout = rollouts.rollout(proposal, 100, 0, target);
            double got = new PolicyGradient(policy, config, Optional.empty())
                    .accumulate(rollout, config.objectiveFunction(), logZ, 400, false)
                    .subsamplingVariance();
            double[] logPolicy = policy.logProbs(rollout.sequences().tokens());
            double[] guess = norms(rollout, rollout.logProposal(), logZ);
            double[] norms = norms(rollout, logPolicy, logZ);
            double added = 0;
            double of = 0;
            double[] probability =
                    Subsampling.draw(guess, all(100), 0.3, SEED, 400).probability();
            for (int i = 0; i < 100; i++) {
                added += (1 / probability[i] - 1) * norms[i] * norms[i];
                of += norms[i] * norms[i];
            }
            assertThat(got).isGreaterThan(0.05).isCloseTo(added / of, within(1e-5 * added / of));
        }
    }

    /** ‖c‖ of gdc++, normalised: the same c at every token. */
    private static double[] norms(Rollout rollout, double[] logPolicy, double logZ) {
        return IntStream.range(0, rollout.size())
                .mapToDouble(i -> {
                    double weight = Math.exp(rollout.logTarget()[i] - rollout.logProposal()[i] - logZ);
                    double c = weight - Math.exp(logPolicy[i] - rollout.logProposal()[i]);
                    return Math.abs(c) * Math.sqrt(rollout.sequences().tokenLogProb()[i].length);
                })
                .toArray();
    }
}
