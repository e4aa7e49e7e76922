package io.equipoise.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.equipoise.cuda.ptx.PtxInterpreter;
import io.equipoise.kernels.KernelProvider;
import io.equipoise.kernels.Kernels;
import io.equipoise.kernels.ReferenceKernels;
import io.equipoise.model.Golden;
import io.equipoise.model.ModelHub;
import io.equipoise.target.Constraint;
import io.equipoise.target.Feature;
import io.equipoise.training.Step;
import io.equipoise.training.Trainer;
import io.equipoise.training.TrainingConfig;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whole steps of training, sampling to Adam, with every kernel executed from its PTX. */
class GdcStepInterpretedTest {
    /** Two steps' numbers and the policy after them. */
    @SuppressWarnings("ArrayRecordComponent") // compared element by element, never as a whole
    private record Outcome(List<Step> steps, float[] policy) {}

    private static Outcome train(Kernels kernels) {
        var even = Constraint.moment("even", Feature.test(text -> text.startsWith("even")), 0.7);
        var config = TrainingConfig.builder()
                .steps(2)
                .batchSize(16)
                .microBatch(8)
                .maxTokens(6)
                .momentSamples(64)
                .learningRate(1e-3)
                // The usual 1e-8 makes a step of whatever rounding leaves of a gradient that is 0.
                .epsilon(1e-3)
                .weightDecay(0.01)
                .seed(5)
                .build();
        try (var base = ModelHub.loadModel(Golden.folder("gdc-step/base"), kernels);
                var trainer = Trainer.builder(base, GdcStepInterpretedTest::texts, List.of(even), config)
                        .kernels(kernels)
                        .create()) {
            return new Outcome(
                    List.of(trainer.step(), trainer.step()),
                    trainer.policy().parameters().value().toFloats());
        }
    }

    private static List<String> texts(List<int[]> sequences) {
        return sequences.stream()
                .map(tokens -> (Arrays.stream(tokens).sum() % 2 == 0 ? "even " : "odd ") + Arrays.toString(tokens))
                .toList();
    }

    @ParameterizedTest
    @ValueSource(ints = {80, 120})
    void areTheStepsOfTheReferenceAndOfTheCpu(int architecture) {
        var actual = train(new CudaKernels(new PtxInterpreter(architecture)));
        assertSame(actual, train(new ReferenceKernels()));
        assertSame(actual, train(KernelProvider.named("cpu")));
    }

    private static void assertSame(Outcome actual, Outcome wanted) {
        for (int i = 0; i < 2; i++) {
            var got = actual.steps().get(i);
            var want = wanted.steps().get(i);
            assertThat(got.tokens()).isEqualTo(want.tokens());
            assertThat(got.logZ()).isCloseTo(want.logZ(), within(1e-6));
            assertThat(got.loss()).isCloseTo(want.loss(), within(1e-4));
            assertThat(got.gradientNorm()).isCloseTo(want.gradientNorm(), within(1e-4 * want.gradientNorm()));
            assertThat(got.divergences().klTargetPolicy())
                    .isCloseTo(want.divergences().klTargetPolicy(), within(1e-5));
            assertThat(got.divergences().tvdTargetPolicy())
                    .isCloseTo(want.divergences().tvdTargetPolicy(), within(1e-5));
            assertThat(got.divergences().effectiveSampleSize())
                    .isCloseTo(want.divergences().effectiveSampleSize(), within(1e-4));
            assertThat(got.moments().get("even")).isCloseTo(want.moments().get("even"), within(1e-5));
        }
        double difference = 0;
        for (int i = 0; i < wanted.policy().length; i++) {
            difference += Math.abs(actual.policy()[i] - wanted.policy()[i]);
        }
        assertThat(difference / wanted.policy().length).isLessThan(1e-6);
    }
}
