package io.equipoise.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.equipoise.kernels.KernelException;
import io.equipoise.kernels.ReferenceKernels;
import io.equipoise.memory.Memory;
import io.equipoise.memory.Vector;
import io.equipoise.target.Constraint;
import io.equipoise.target.Feature;
import io.equipoise.training.ProposalUpdate;
import io.equipoise.training.Trainer;
import io.equipoise.training.TrainingConfig;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The model on a device that is the host in disguise: libtorch's CPU, but in memory that vectors may only reach by copies.
 * What takes that memory for the host's fails.
 */
class LibtorchDeviceTest {
    private static final int[][] TOKENS = {{1, 5, 9, 2}, {7, 3}, {4, 4, 8, 1, 6}};
    private static final int[] PROMPTS = {1, 1, 2};

    /** The host's, under another name; counts the bytes that go there and come back. */
    private static final class Disguised implements Memory {
        private long moved;

        @Override
        public String description() {
            return "disguised";
        }

        @Override
        public OptionalLong freeBytes() {
            return HOST.freeBytes();
        }

        @Override
        public Pointer allocate(long bytes) {
            return HOST.allocate(bytes);
        }

        @Override
        public void free(Pointer pointer) {
            HOST.free(pointer);
        }

        @Override
        public void clear(Pointer pointer, long bytes) {
            HOST.clear(pointer, bytes);
        }

        @Override
        public void copy(Pointer to, Pointer from, long bytes) {
            HOST.copy(to, from, bytes);
        }

        @Override
        public void copyFromHost(Pointer to, Pointer host, long bytes) {
            moved += bytes;
            HOST.copy(to, host, bytes);
        }

        @Override
        public void copyToHost(Pointer host, Pointer from, long bytes) {
            moved += bytes;
            HOST.copy(host, from, bytes);
        }
    }

    private final Disguised memory = new Disguised();
    private final LibtorchDevice device = new LibtorchDevice("cpu", memory);

    private static CausalLanguageModel load(LibtorchDevice on) {
        return ModelHub.loadModel(Golden.folder("gpt2"), new ReferenceKernels(), Precision.F32, on);
    }

    private static void assertClose(float[][] actual, float[][] wanted) {
        assertThat(actual).hasDimensions(wanted.length, actual[0].length);
        for (int i = 0; i < wanted.length; i++) {
            assertThat(actual[i]).hasSameSizeAs(wanted[i]);
            for (int j = 0; j < wanted[i].length; j++) {
                if (Math.abs(actual[i][j] - wanted[i][j]) <= 1e-5f) continue;
                assertThat(actual[i][j]).as("row %d, column %d", i, j).isEqualTo(wanted[i][j], within(1e-5f));
            }
        }
    }

    @Test
    void scoresAndGradientsAreTheHosts() {
        try (var here = load(LibtorchDevice.CPU);
                var there = load(device)) {
            assertThat(there.parameters().value().memory()).isSameAs(memory);
            assertThat(there.parallelDecoders()).isEqualTo(1);
            var functions = new float[1][here.config().vocabularySize()];
            for (int v = 0; v < functions[0].length; v++) functions[0][v] = v % 7;
            var wanted = here.tokenScores(TOKENS, PROMPTS, 2, functions);
            var scores = there.tokenScores(TOKENS, PROMPTS, 2, functions);
            for (int i = 0; i < TOKENS.length; i++) {
                assertClose(new float[][] {scores.logProb()[i]}, new float[][] {wanted.logProb()[i]});
                assertClose(scores.expected()[i], wanted.expected()[i]);
            }
            for (var model : List.of(here, there)) {
                model.trainable(name -> name.contains("wte") || name.contains("h.1"));
                model.parameters().gradient().clear();
                model.accumulateGradient(TOKENS, PROMPTS, 2, SequenceCoefficients.of((i, logProb) -> 1 + i));
            }
            assertThat(there.gradientNorm()).isCloseTo(here.gradientNorm(), within(1e-4 * here.gradientNorm()));
            assertThat(there.parameters().gradient().memory()).isSameAs(memory);
            assertClose(
                    new float[][] {there.parameters().gradient().toFloats()},
                    new float[][] {here.parameters().gradient().toFloats()});
        }
        assertThat(memory.moved).isPositive();
    }

    /** The last row is all prompt. */
    @Test
    void hiddenStatesAreTheHostsAndComeByCopies() {
        int[][] tokens = {{1, 5, 9, 2}, {7, 3}, {4, 4, 8, 1, 6}, {9, 3}};
        int[] prompts = {1, 1, 2, 2};
        try (var here = load(LibtorchDevice.CPU);
                var there = load(device)) {
            for (int microBatch : new int[] {1, 4}) {
                var wanted = here.hiddenStates(tokens, prompts, microBatch);
                long before = memory.moved;
                var actual = there.hiddenStates(tokens, prompts, microBatch);
                int states = 0;
                for (int i = 0; i < tokens.length; i++) {
                    assertThat(actual[i].length).isEqualTo(tokens[i].length - prompts[i]);
                    if (actual[i].length > 0) assertClose(actual[i], wanted[i]);
                    states += actual[i].length;
                }
                // A read of the address would find the same here, and end the process on a card.
                assertThat(memory.moved - before).isEqualTo((long) Float.BYTES * states * there.width());
            }
        }
    }

    @Test
    void decodingIsTheHosts() {
        try (var here = load(LibtorchDevice.CPU);
                var there = load(device);
                var decoder = here.decoder(3, 3);
                var other = there.decoder(3, 3)) {
            for (var each : List.of(decoder, other)) {
                try (var first = Vector.of(1, 5, 9);
                        var second = Vector.of(2, 6)) {
                    each.feed(first);
                    each.keep(new int[] {2, 0});
                    each.feed(second);
                }
            }
            assertThat(other.logits().memory()).isSameAs(memory);
            for (int row = 0; row < 2; row++) {
                assertClose(
                        new float[][] {other.logits().row(row)},
                        new float[][] {decoder.logits().row(row)});
            }
        }
    }

    @Test
    void copiesStayThereAndAreSavedFromThere(@TempDir Path folder) throws Exception {
        try (var there = load(device);
                var copy = there.copy()) {
            assertThat(copy.parameters().value().memory()).isSameAs(memory);
            ModelHub.save(copy, Golden.folder("gpt2"), folder);
            copy.parameters().value().clear();
            copy.copyFrom(there);
            try (var saved = ModelHub.loadModel(folder, new ReferenceKernels())) {
                float[] wanted = there.parameters().value().toFloats();
                assertThat(saved.parameters().value().toFloats()).isEqualTo(wanted);
                assertThat(copy.parameters().value().toFloats()).isEqualTo(wanted);
            }
        }
    }

    private static float[] trained(LibtorchDevice on, String objective) {
        var even = Constraint.moment(
                "even", Feature.test(text -> text.startsWith("even")).onPrefixes(), 0.7);
        var config = TrainingConfig.builder()
                .steps(2)
                .batchSize(16)
                .maxTokens(6)
                .momentSamples(64)
                .objective(objective)
                .onPolicy(objective.equals("ppo"))
                .controlVariates(false)
                // Steps in proportion to the gradient: a small epsilon would make whole steps of its rounding.
                .epsilon(1)
                .learningRate(0.1)
                // Of step 1, whose policy is the proposal, rounding would decide whether it is nearer to the target.
                .proposalUpdate(ProposalUpdate.INTERVAL)
                .checkEvery(1)
                .build();
        var kernels = new ReferenceKernels();
        try (var base = load(on);
                var trainer = Trainer.builder(base, LibtorchDeviceTest::texts, List.of(even), config)
                        .kernels(kernels)
                        .create()) {
            while (!trainer.isFinished()) trainer.step();
            return trainer.policy().parameters().value().toFloats();
        }
    }

    private static List<String> texts(List<int[]> sequences) {
        return sequences.stream()
                .map(tokens -> Arrays.stream(tokens).sum() % 2 == 0 ? "even" : "odd")
                .toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"gdc++", "ppo"})
    void trainingIsTheHosts(String objective) {
        assertClose(new float[][] {trained(device, objective)}, new float[][] {trained(LibtorchDevice.CPU, objective)});
    }

    @Test
    void kernelsThatCannotReadADevicesMemoryAreRefused() {
        assumeThat(Device.CUDA.unavailable()).isEmpty();
        assertThatThrownBy(() -> LibtorchDevice.of(Device.CUDA, new ReferenceKernels()))
                .isInstanceOf(KernelException.class)
                .hasMessageContaining("can't read the memory of device 'cuda'");
    }

    @Test
    void aDeviceThatIsNotThereIsRefusedWithItsReason() {
        assertThat(Device.CPU.unavailable()).isEmpty();
        assumeThat(Device.CUDA.unavailable()).isPresent();
        var reason = Device.CUDA.unavailable().orElseThrow();
        assertThat(reason).isNotBlank().doesNotContain("\n");
        assertThatThrownBy(() ->
                        ModelHub.loadModel(Golden.folder("gpt2"), new ReferenceKernels(), Precision.F32, Device.CUDA))
                .isInstanceOf(KernelException.class)
                .hasMessage("device 'cuda' can't be used here: " + reason);
    }

    @Test
    void devicesAreNamedAsUsersWriteThem() {
        assertThat(Device.named("cpu")).isEqualTo(Device.CPU);
        assertThat(Device.named("cuda")).isEqualTo(Device.CUDA);
        assertThatThrownBy(() -> Device.named("gpu"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("no device 'gpu'; there are cpu, cuda");
    }
}
