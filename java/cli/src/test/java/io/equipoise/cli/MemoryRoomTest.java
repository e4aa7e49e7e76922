package io.equipoise.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.equipoise.model.Device;
import io.equipoise.model.ModelHub;
import io.equipoise.model.Precision;
import io.equipoise.training.MemoryEstimate;
import io.equipoise.training.MemoryEstimate.Place;
import io.equipoise.training.TrainingConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What of the memory that there is a run is left, and by how much one is refused. */
class MemoryRoomTest {
    private static final long GIB = 1L << 30;
    private static final long HEAP = Runtime.getRuntime().maxMemory();
    private static final OptionalLong NOT_ASKED = OptionalLong.empty();

    @Test
    void theHeapAndTheJvmAreTakenOff() {
        long memory = HEAP + MemoryRoom.LIBRARIES + 700;
        assertThat(MemoryRoom.ofProcessor(memory, NOT_ASKED, 1).limits())
                .extracting(MemoryRoom.Limit::place, MemoryRoom.Limit::bytes)
                .containsExactly(tuple(Place.PROCESS, 700L));
        // Every process has a heap of its own.
        assertThat(MemoryRoom.ofProcessor(3 * memory, NOT_ASKED, 3)
                        .limits()
                        .get(0)
                        .bytes())
                .isEqualTo(700);
        assertThat(MemoryRoom.ofProcessor(memory, NOT_ASKED, 2).limits().get(0).bytes())
                .isZero();
    }

    @Test
    void whatIsAskedForIsOutsideTheHeap() {
        assertThat(MemoryRoom.ofProcessor(GIB, OptionalLong.of(6 * GIB), 2).limits())
                .containsExactly(new MemoryRoom.Limit(Place.PROCESS, 3 * GIB, "for each of 2 processes"));
    }

    @Test
    void aCardIsOneProcessesAlone() {
        long memory = 2 * (HEAP + MemoryRoom.LIBRARIES + 700);
        assertThat(MemoryRoom.ofCard(OptionalLong.of(5000), memory, NOT_ASKED, 2)
                        .limits())
                .extracting(MemoryRoom.Limit::place, MemoryRoom.Limit::bytes)
                .containsExactly(tuple(Place.DEVICE, 5000L), tuple(Place.STAGING, 700L));
        assertThat(MemoryRoom.ofCard(OptionalLong.of(5000), memory, OptionalLong.of(40), 2)
                        .limits())
                .extracting(MemoryRoom.Limit::place, MemoryRoom.Limit::bytes)
                .containsExactly(tuple(Place.DEVICE, 40L), tuple(Place.STAGING, 700L));
        assertThat(MemoryRoom.ofCard(OptionalLong.empty(), memory, NOT_ASKED, 2).limits())
                .extracting(MemoryRoom.Limit::place)
                .containsExactly(Place.STAGING);
    }

    @Test
    void messagesSayWhereTheLimitComesFrom(@TempDir Path cache) throws IOException {
        var folder = EmbeddedModel.folder(cache);
        var host = ModelHub.memory(folder, Precision.F32);
        var config = TrainingConfig.builder().batchSize(256).maxTokens(20).build();
        assertThatThrownBy(() -> MemoryRoom.ofProcessor(HEAP + MemoryRoom.LIBRARIES + GIB / 4, NOT_ASKED, 1)
                        .require(host, config, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("outside the JVM's heap, more than the limit of 0.25 GiB")
                .hasMessageContaining("0.24 GiB for the JVM and libraries")
                .hasMessageContaining("of this machine or its container");
        var card = ModelHub.memory(folder, Precision.F32, Device.CUDA);
        var room = MemoryRoom.ofCard(OptionalLong.of(GIB / 16), HEAP + GIB, NOT_ASKED, 1);
        assertThatThrownBy(() -> room.require(card, config, 1))
                .hasMessageContaining("of the device's memory, more than the limit of 0.06 GiB (what is free of it)")
                .hasMessageNotContaining("checkpoint");
    }

    /** Cards have one gradient and no weights laid out twice, whatever the processor's workers would take. */
    @Test
    void aCardsModelHasOneGradient(@TempDir Path cache) throws IOException {
        var folder = EmbeddedModel.folder(cache);
        var card = ModelHub.memory(folder, Precision.F32, Device.CUDA);
        assertThat(card.weights(true)).isEqualTo(2 * card.weights(false));
        assertThat(card.optimiser()).isEqualTo(2 * card.weights(false));
        var host = ModelHub.memory(folder, Precision.F32);
        assertThat(host.optimiser()).isEqualTo(card.optimiser());
        var config = TrainingConfig.builder().build();
        assertThat(MemoryEstimate.of(card, config, 1).total())
                .isLessThan(MemoryEstimate.of(host, config, 1).total());
    }

    @Test
    void processesDivideTheHeap() {
        assertThat(LocalProcesses.heap(2 * GIB, 64 * GIB, 4)).isEqualTo(2 * GIB);
        assertThat(LocalProcesses.heap(2 * GIB, 64 * GIB, 8)).isEqualTo(GIB);
        assertThat(LocalProcesses.heap(2 * GIB, 4 * GIB, 8)).isEqualTo(128L << 20);
        assertThat(LocalProcesses.heap(64L << 20, 4 * GIB, 8)).isEqualTo(64L << 20);
    }
}
