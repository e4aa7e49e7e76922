package io.equipoise.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.equipoise.memory.NativeMemory;
import io.equipoise.model.CausalLanguageModel;
import io.equipoise.model.Golden;
import io.equipoise.model.TabularModel;
import io.equipoise.model.TensorFile;
import io.equipoise.sampling.Prompts;
import io.equipoise.target.Constraint;
import io.equipoise.target.Feature;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A run that goes on from a checkpoint, read back from the disk, is to the bit the run that was never interrupted. */
class CheckpointTest {
    private static final int STEPS = 12;
    private static final Constraint STARTS_WITH_A = Constraint.moment(
            "starts with a", Feature.test(text -> text.startsWith("a")).onPrefixes(), 0.5);
    private static final Constraint HAS_B = Constraint.pointwise(
            "has b", Feature.test(text -> text.contains("b")).onPrefixes());

    @TempDir
    private Path temporary = Path.of("");

    private record Case(
            String name,
            Supplier<CausalLanguageModel> base,
            List<Constraint> constraints,
            Prompts prompts,
            TrainingConfig config) {
        Trainer trainer(CausalLanguageModel model) {
            return Trainer.builder(model, TabularModel::text, constraints, config)
                    .prompts(prompts)
                    .create();
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private static TrainingConfigBuilder config() {
        return TrainingConfig.builder()
                .steps(STEPS)
                .batchSize(32)
                .maxTokens(4)
                .momentSamples(2000)
                .learningRate(0.05)
                .checkEvery(4)
                .warmupSteps(3)
                .schedule(Schedule.COSINE)
                .seed(5);
    }

    private static Case toy(String name, TrainingConfigBuilder config, Constraint... constraints) {
        return new Case(name, () -> TabularModel.random(3, 4, 20), List.of(constraints), Prompts.NONE, config.build());
    }

    static List<Case> cases() {
        var language = new ConditionalLanguage(ConditionalLanguage.model(3), List.of(STARTS_WITH_A), false);
        var prompts = language.prompts();
        language.base().close();
        var adaptive = ObjectiveOptions.builder().targetKl(0.3).horizon(200).build();
        var ppo = ObjectiveOptions.builder()
                .targetKl(0.3)
                .horizon(200)
                .epochs(2)
                .minibatches(2)
                .build();
        return List.of(
                toy("gdc++", config().proposalUpdate(ProposalUpdate.INTERVAL), STARTS_WITH_A, HAS_B),
                toy("gdc++, q stays the base model", config().proposalUpdate(ProposalUpdate.NEVER), STARTS_WITH_A),
                toy("gdc++, on-policy, pointwise", config().onPolicy(true), HAS_B),
                toy("gdc, subsampled", config().objective("gdc").gradientSubsampling(0.5), STARTS_WITH_A, HAS_B),
                toy(
                        "moment correction",
                        config().momentCorrection(0.3).checkEvery(3).proposalUpdate(ProposalUpdate.INTERVAL),
                        STARTS_WITH_A),
                toy(
                        "drift",
                        config().learningRate(3).checkEvery(1).driftChecks(2).schedule(Schedule.CONSTANT),
                        HAS_B),
                toy("ppo", config().objective("ppo").onPolicy(true).objectiveOptions(ppo), STARTS_WITH_A),
                toy(
                        "kl-control",
                        config().objective("kl-control").onPolicy(true).objectiveOptions(adaptive),
                        STARTS_WITH_A),
                new Case(
                        "prompts",
                        () -> ConditionalLanguage.model(3),
                        List.of(STARTS_WITH_A),
                        prompts,
                        config().maxTokens(ConditionalLanguage.MOST)
                                .promptsPerStep(2)
                                .proposalUpdate(ProposalUpdate.INTERVAL)
                                .build()),
                new Case(
                        "GPT-2",
                        () -> Golden.model("gdc-step/base"),
                        List.of(Constraint.moment(
                                "short", Feature.test(text -> text.length() < 4).onPrefixes(), 0.5)),
                        Prompts.NONE,
                        config().learningRate(1e-3)
                                .checkEvery(2)
                                .momentSamples(200)
                                .proposalUpdate(ProposalUpdate.INTERVAL)
                                .build()));
    }

    /** What a run did from some step on. */
    private record Run(List<Step> steps, float[] policy, float[] proposal) {}

    private static Run finish(Trainer trainer) {
        var steps = new ArrayList<Step>();
        while (!trainer.isFinished()) steps.add(trainer.step());
        return new Run(
                steps,
                trainer.policy().parameters().value().toFloats(),
                trainer.proposal().parameters().value().toFloats());
    }

    /** Every number in shortest decimals, which tell any two apart; without the time that passed. */
    private static List<String> withoutSeconds(List<Step> steps) {
        return steps.stream()
                .map(step -> step.toString().replaceFirst("seconds=\\{[^}]*}", ""))
                .toList();
    }

    private CheckpointFolder folder(String name) {
        try {
            return new CheckpointFolder(temporary.resolve(name), STEPS, false, Checkpoint.PolicyWriter.weights());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void goesOnToTheBit(Case each) throws IOException {
        long before = NativeMemory.liveBytes();
        var folder = folder("checkpoints");
        Run whole;
        try (var base = each.base().get();
                var trainer = each.trainer(base)) {
            var steps = new ArrayList<Step>();
            while (!trainer.isFinished()) {
                steps.add(trainer.step());
                try (var checkpoint = trainer.checkpoint()) {
                    folder.write(checkpoint, Map.of());
                }
            }
            whole = new Run(
                    steps,
                    trainer.policy().parameters().value().toFloats(),
                    trainer.proposal().parameters().value().toFloats());
        }
        assertThat(whole.steps()).hasSize(STEPS);
        for (int step : List.of(1, 5, 7, STEPS - 1, STEPS)) {
            try (var base = each.base().get();
                    var trainer = each.trainer(base)) {
                try (var checkpoint = Checkpoint.read(temporary.resolve("checkpoints/step-" + step))) {
                    assertThat(checkpoint.step()).isEqualTo(step);
                    trainer.restore(checkpoint);
                }
                var rest = finish(trainer);
                assertThat(withoutSeconds(rest.steps()))
                        .as("steps after " + step)
                        .isEqualTo(withoutSeconds(whole.steps().subList(step, STEPS)));
                assertThat(rest.policy()).as("policy").isEqualTo(whole.policy());
                assertThat(rest.proposal()).as("proposal").isEqualTo(whole.proposal());
            }
        }
        assertThat(NativeMemory.liveBytes()).as("native memory").isEqualTo(before);
    }

    @Test
    void theCasesDoWhatTheyAreFor() {
        for (var each : cases()) {
            try (var base = each.base().get();
                    var trainer = each.trainer(base)) {
                var steps = finish(trainer).steps();
                switch (each.name()) {
                    case "drift" ->
                        assertThat(steps).anyMatch(step -> step.check().outcome() == Step.Outcome.DRIFTED);
                    case "moment correction" ->
                        assertThat(steps.get(STEPS - 1).aim())
                                .isNotEqualTo(steps.get(0).aim());
                    case "kl-control", "ppo" ->
                        assertThat(steps.get(STEPS - 1).beta())
                                .isNotEqualTo(steps.get(0).beta());
                    case "gdc++", "GPT-2" ->
                        assertThat(steps).anyMatch(step -> step.check().outcome() == Step.Outcome.UPDATED);
                    default -> assertThat(steps).hasSize(STEPS);
                }
            }
        }
    }

    /** One step of a run, checkpointed. */
    private Path written(Case each) throws IOException {
        try (var base = each.base().get();
                var trainer = each.trainer(base)) {
            trainer.step();
            try (var checkpoint = trainer.checkpoint()) {
                return folder("one").write(checkpoint, Map.of("more.txt", "more\n"));
            }
        }
    }

    @Test
    void anotherConfigurationIsRefused() throws IOException {
        var checkpoint = written(toy("", config(), STARTS_WITH_A));
        var others = Map.of(
                "training.seed = 5, got 6", toy("", config().seed(6), STARTS_WITH_A),
                "training.batchSize = 32, got 16", toy("", config().batchSize(16), STARTS_WITH_A),
                "made with the constraints [", toy("", config(), HAS_B),
                "this run found {",
                        toy("", config(), Constraint.moment(STARTS_WITH_A.name(), STARTS_WITH_A.feature(), 0.4)));
        for (var other : others.entrySet()) {
            try (var base = other.getValue().base().get();
                    var trainer = other.getValue().trainer(base);
                    var read = Checkpoint.read(checkpoint)) {
                assertThatThrownBy(() -> trainer.restore(read))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining(other.getKey());
                if (other.getKey().startsWith("this run found")) continue;
                // The same without a model.
                assertThatThrownBy(() -> Checkpoint.require(
                                checkpoint,
                                other.getValue().config(),
                                other.getValue().constraints()))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining(other.getKey());
            }
        }
    }

    @Test
    void anyDamageIsFoundOut() throws IOException {
        var checkpoint = written(toy("", config(), STARTS_WITH_A));
        for (String name : List.of("state.json", "trainer.safetensors", "policy/model.safetensors", "more.txt")) {
            var file = checkpoint.resolve(name);
            byte[] whole = Files.readAllBytes(file);
            byte[] damaged = whole.clone();
            damaged[whole.length / 2] ^= 1;
            Files.write(file, damaged);
            assertDamaged(checkpoint, name, "SHA-256");
            Files.write(file, Arrays.copyOf(whole, whole.length - 1));
            assertDamaged(checkpoint, name, "bytes");
            Files.delete(file);
            assertDamaged(checkpoint, name, "missing");
            Files.write(file, whole);
            Checkpoint.read(checkpoint).close();
        }
        Files.delete(checkpoint.resolve("manifest.json"));
        assertDamaged(checkpoint, "manifest.json", "no manifest.json");
    }

    private static void assertDamaged(Path checkpoint, String file, String how) {
        assertThatThrownBy(() -> Checkpoint.read(checkpoint).close())
                .isInstanceOf(CheckpointException.class)
                .hasMessageContainingAll(file, how);
        assertThatThrownBy(() -> Checkpoint.require(checkpoint, config().build(), List.of(STARTS_WITH_A)))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContainingAll(file, how);
    }

    @Test
    void theLastFewAndTheBestStay() throws IOException {
        var where = temporary.resolve("kept");
        var folder = new CheckpointFolder(where, 2, true, Checkpoint.PolicyWriter.weights());
        // Far too fast, so that an early policy is the best.
        var each = toy("", config().learningRate(3).schedule(Schedule.CONSTANT).warmupSteps(0), STARTS_WITH_A);
        int best = 0;
        double least = Double.POSITIVE_INFINITY;
        try (var base = each.base().get();
                var trainer = each.trainer(base)) {
            for (int step = 1; step <= STEPS; step++) {
                trainer.step();
                try (var checkpoint = trainer.checkpoint()) {
                    folder.write(checkpoint, Map.of());
                    if (checkpoint.klTargetPolicy() < least) {
                        least = checkpoint.klTargetPolicy();
                        best = step;
                    }
                }
                assertThat(CheckpointFolder.latest(where))
                        .contains(where.resolve("step-" + step).toRealPath());
            }
        }
        assertThat(best).isLessThan(STEPS - 1);
        try (var entries = Files.list(where)) {
            assertThat(entries.map(path -> path.getFileName().toString()))
                    .containsExactlyInAnyOrder(
                            "latest", "best", "step-" + best, "step-" + (STEPS - 1), "step-" + STEPS);
        }
        assertThat(where.resolve("best").toRealPath().getFileName()).hasToString("step-" + best);
    }

    @Test
    void whatAKilledRunLeftHalfDoneIsClearedAway() throws IOException {
        var where = temporary.resolve("cleared");
        Files.createDirectories(where.resolve(".step-3.part/policy"));
        Files.writeString(where.resolve(".step-3.part/policy/model.safetensors.part"), "half");
        assertThat(CheckpointFolder.latest(where)).isEqualTo(Optional.empty());
        folder("cleared");
        assertThat(where).isEmptyDirectory();
    }

    @Test
    void writesBehindTheStepsAndTellsWhatFailed() throws IOException {
        var each = toy("", config(), STARTS_WITH_A);
        try (var base = each.base().get();
                var trainer = each.trainer(base);
                var writer = new CheckpointWriter(folder("behind"))) {
            trainer.step();
            var go = new CountDownLatch(1);
            writer.write(trainer.checkpoint(), () -> {
                try {
                    go.await();
                } catch (InterruptedException e) {
                    throw new IOException(e);
                }
                return Map.of();
            });
            // The writer is held up, the trainer isn't, and what is written is what was.
            float[] asItWas = trainer.policy().parameters().value().toFloats();
            trainer.step();
            assertThat(trainer.policy().parameters().value().toFloats()).isNotEqualTo(asItWas);
            go.countDown();
            var written = writer.await().orElseThrow();
            try (var vector = TensorFile.readJoined(written.resolve("policy/model.safetensors"))) {
                assertThat(vector.toFloats()).isEqualTo(asItWas);
            }
            writer.write(trainer.checkpoint(), () -> {
                throw new IOException("the disk is full");
            });
            assertThatThrownBy(writer::await).isInstanceOf(IOException.class).hasMessageContaining("the disk is full");
            assertThat(CheckpointFolder.latest(temporary.resolve("behind"))).contains(written.toRealPath());
            assertThat(temporary.resolve("behind")).isDirectoryNotContaining("glob:**/.step*");
        }
    }
}
