package io.equipoise;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.equipoise.kernels.KernelProvider;
import io.equipoise.kernels.KernelUnavailableException;
import io.equipoise.memory.Vector;
import io.equipoise.metrics.LogSumExp;
import io.equipoise.model.Device;
import io.equipoise.sampling.Prompts;
import io.equipoise.sampling.SamplerConfig;
import io.equipoise.target.Constraint;
import io.equipoise.target.EnergyBasedTarget;
import io.equipoise.target.FeatureScores;
import io.equipoise.target.Features;
import io.equipoise.training.TrainingConfig;
import io.equipoise.training.TrainingConfigBuilder;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What users get wrong is told from what the engine, or who calls it, does. */
class InvalidInputTest {
    private static Named<ThrowingCallable> named(String name, ThrowingCallable call) {
        return Named.of(name, call);
    }

    private static Named<ThrowingCallable> config(String name, UnaryOperator<TrainingConfigBuilder> wrong) {
        return named(name, () -> wrong.apply(TrainingConfig.builder()).build());
    }

    static Stream<Named<ThrowingCallable>> usersMistakes() {
        return Stream.of(
                config("steps", builder -> builder.steps(0)),
                config("learning rate", builder -> builder.learningRate(-1)),
                config("beta", builder -> builder.beta1(1)),
                config("weight decay", builder -> builder.weightDecay(-0.1)),
                config("trainable", builder -> builder.trainable("(")),
                config("objective", builder -> builder.objective("gcd")),
                named("moment", () -> Constraint.moment("m", Features.word("sea"), 2)),
                named("no constraint", () -> EnergyBasedTarget.of(List.of(), new double[0])),
                named("kind of feature", () -> Features.create("wrod", Map.of())),
                named("pattern", () -> Features.create("regex", Map.of("pattern", "("))),
                named("scores", () -> FeatureScores.score(List.of(pointwiseLength()), List.of("two words"))),
                named("prompts", () -> Prompts.read(Path.of("no such file"))),
                named(
                        "temperature",
                        () -> new SamplerConfig(0, 1, SamplerConfig.of(1, 0).truncation(), false, 1, 0)),
                named("device", () -> Device.named("gpu")));
    }

    private static Constraint pointwiseLength() {
        return Constraint.pointwise("long", Features.length());
    }

    @ParameterizedTest
    @MethodSource("usersMistakes")
    void whatUsersGetWrongIsTheirs(ThrowingCallable call) {
        assertThatThrownBy(call).isInstanceOf(InvalidInputException.class);
    }

    @Test
    void kernelsThatAreNotHereAreTheirsToo() {
        assertThatThrownBy(() -> KernelProvider.named("abacus")).isInstanceOf(KernelUnavailableException.class);
    }

    static Stream<Named<ThrowingCallable>> bugs() {
        return Stream.of(
                named("size of a vector", () -> Vector.f32(-1).close()),
                named("NaN in a sum", () -> LogSumExp.of(Double.NaN)),
                named("rows that disagree", () -> Prompts.of(List.of("a", "b"), new int[1][1], false)),
                named(
                        "a feature's own code",
                        () -> FeatureScores.score(
                                List.of(Constraint.moment("f", text -> Integer.parseInt(text), 1)), List.of("one"))));
    }

    @ParameterizedTest
    @MethodSource("bugs")
    void whatNoUserCanMendIsNot(ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOf(IllegalArgumentException.class)
                .isNotInstanceOf(InvalidInputException.class);
    }
}
