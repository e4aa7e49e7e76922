package io.equipoise.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.equipoise.distributed.Collective;
import io.equipoise.distributed.Ranks;
import io.equipoise.model.TabularModel;
import io.equipoise.target.Constraint;
import io.equipoise.target.Feature;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** However many ranks train together, it is the run of one: step 1 to the bit but for the gradient's sum, the others nearly. */
class SharedTrainingTest {
    private static final Constraint STARTS_WITH_A = Constraint.moment(
            "starts with a", Feature.test(text -> text.startsWith("a")).onPrefixes(), 0.5);
    private static final Constraint HAS_B =
            Constraint.pointwise("has b", Feature.test(t -> t.contains("b")).onPrefixes());

    /** f32 gradients summed in another order differ in the seventh digit; twenty steps of Adam magnify that. */
    private static final double NEARLY = 1e-3;

    /** Not a multiple of 2, 3 or 4. */
    private static final int B = 61;
    /** Of the run whose ranks divide the optimiser's state. */
    private static final long SHARDED = 10;

    private static TrainingConfigBuilder config() {
        return TrainingConfig.builder()
                .steps(20)
                .batchSize(B)
                .maxTokens(4)
                .momentSamples(1000)
                .learningRate(0.01)
                .checkEvery(3)
                .seed(9);
    }

    static Stream<Arguments> runs() {
        var configs = Map.of(
                "gdc++ with control variates", config(),
                "gdc++ on-policy, moment correction", config().onPolicy(true).momentCorrection(0.1),
                "f-dpg off-policy, with a baseline", config().objective("f-dpg"),
                "subsampling", config().gradientSubsampling(0.4),
                "measured", config().gradientDiagnosticsEvery(2),
                "measured exactly", config().gradientDiagnosticsEvery(5).gradientDiagnostics(GradientDiagnostics.EXACT),
                "gdc, scoring as little as possible",
                        config().objective("gdc").controlVariates(false).diagnosticsEvery(4),
                "sharded optimiser", config().seed(SHARDED),
                "fewer sequences than ranks", config().batchSize(3));
        return configs.entrySet().stream().flatMap(each -> Stream.of(2, 4)
                .map(size -> Arguments.of(each.getKey(), size, each.getValue().build())));
    }

    /** A step without what is another every time. */
    @JsonIgnoreProperties({"ppo", "seconds"})
    private interface Compared {}

    private static final JsonMapper STEPS =
            JsonMapper.builder().addMixIn(Step.class, Compared.class).build();

    /** What a run has come to. */
    record Run(List<JsonNode> steps, float[] weights, long tokens, JsonNode state) {}

    private static Run train(Collective collective, TrainingConfig config) {
        var constraints = config.objective().equals("gdc") ? List.of(HAS_B) : List.of(STARTS_WITH_A);
        var base = TabularModel.random(3, 4, 20);
        try (var trainer = Trainer.builder(base, TabularModel::text, constraints, config)
                .collective(collective)
                .sharded(config.seed() == SHARDED)
                .create()) {
            return run(trainer);
        }
    }

    static Run run(Trainer trainer) {
        var steps = new ArrayList<JsonNode>();
        while (!trainer.isFinished()) {
            steps.add(STEPS.valueToTree(trainer.step()));
        }
        long tokens =
                steps.stream().mapToLong(step -> step.path("tokens").asLong()).sum();
        try (var checkpoint = trainer.checkpoint()) {
            return new Run(
                    steps,
                    trainer.policy().parameters().value().toFloats(),
                    tokens,
                    new JsonMapper().valueToTree(checkpoint.state()));
        }
    }

    private static void assertNear(JsonNode got, JsonNode wanted, double relative, String where) {
        if (wanted.isObject()) {
            wanted.fieldNames()
                    .forEachRemaining(
                            name -> assertNear(got.path(name), wanted.path(name), relative, where + "." + name));
        } else if (wanted.isNumber() && Double.isFinite(wanted.asDouble())) {
            assertThat(got.asDouble())
                    .as(where)
                    .isCloseTo(wanted.asDouble(), within(relative * (1 + Math.abs(wanted.asDouble()))));
        } else {
            assertThat(got).as(where).isEqualTo(wanted);
        }
    }

    /**
     * @param exact whether sequences are scored the same, to the bit, whatever they are scored with
     * @param nearly how far the steps after the first may differ, relative to 1 + the number
     */
    static void assertSameRun(List<Run> together, Run alone, boolean exact, double nearly) {
        for (var run : together) {
            // Ranks are replicas: the same to the bit.
            assertThat(Arrays.equals(run.weights(), together.get(0).weights())).isTrue();
            assertThat(run.steps()).isEqualTo(together.get(0).steps());
            assertThat(run.state()).isEqualTo(together.get(0).state());
        }
        var steps = together.get(0).steps();
        assertThat(steps).hasSameSizeAs(alone.steps());
        var first = (ObjectNode) steps.get(0).deepCopy();
        var wanted = (ObjectNode) alone.steps().get(0).deepCopy();
        assertNear(first, wanted, 1e-4, "step 1");
        for (var each : List.of(first, wanted)) {
            each.remove("gradientNorm");
            each.withObject("/diagnostics").remove("gradientVariance");
        }
        if (exact) assertThat(first).isEqualTo(wanted);
        for (int i = 0; i < steps.size(); i++) {
            assertNear(steps.get(i), alone.steps().get(i), nearly, "step " + (i + 1));
        }
        assertThat(together.get(0).weights()).hasSameSizeAs(alone.weights());
        for (int k = 0; k < alone.weights().length; k++) {
            assertThat(together.get(0).weights()[k]).isCloseTo(alone.weights()[k], within((float) nearly));
        }
        assertThat(together.get(0).tokens()).isEqualTo(alone.tokens());
    }

    @ParameterizedTest(name = "{0}, {1} ranks")
    @MethodSource("runs")
    void isTheRunOfOne(String name, int size, TrainingConfig config) throws Exception {
        assertSameRun(
                Ranks.run(size, collective -> train(collective, config)),
                train(Collective.alone(), config),
                true,
                NEARLY);
    }

    @Test
    void proximalPolicyOptimisationIsRefused() throws Exception {
        var config = config().objective("ppo").onPolicy(true).build();
        var refused = Ranks.run(2, collective -> {
            assertThatThrownBy(() -> train(collective, config))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("ppo trains in one process, got 2");
            return true;
        });
        assertThat(refused).containsOnly(true);
    }
}
