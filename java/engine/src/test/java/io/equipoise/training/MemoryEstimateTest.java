package io.equipoise.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.equipoise.model.ModelMemory;
import org.junit.jupiter.api.Test;

class MemoryEstimateTest {
    /** Of sizes that are easy to add up. */
    private static final ModelMemory MODEL = new ModelMemory() {
        @Override
        public long weights(boolean trained) {
            return trained ? 300 : 100;
        }

        @Override
        public long optimiser() {
            return 200;
        }

        @Override
        public long decoding(long rows, long maxLength) {
            return rows * maxLength;
        }

        @Override
        public long pass(long rows, boolean gradient) {
            return gradient ? 10 * rows : rows;
        }
    };

    private static TrainingConfigBuilder config() {
        return TrainingConfig.builder().batchSize(512).microBatch(64).maxTokens(9);
    }

    @Test
    void everyPartIsCounted() {
        var estimate = MemoryEstimate.of(MODEL, config().build(), 2);
        long rows = 64 * 10;
        assertThat(estimate.parts())
                .containsEntry("base model", 100L)
                .containsEntry("policy and its gradient", 300L)
                .containsEntry("proposal", 100L)
                .containsEntry("optimiser", 200L)
                .containsEntry("decoding, KV cache", 512L * 11)
                .containsEntry("activations for scores", 2 * rows)
                .containsEntry("activations for the gradient", 10 * rows)
                .containsEntry("checkpoint", 400L);
        assertThat(estimate.total()).isEqualTo(1100 + 512 * 11 + 12 * rows);
        var onPolicy = MemoryEstimate.of(MODEL, config().onPolicy(true).build(), 2);
        assertThat(onPolicy.total()).isEqualTo(estimate.total() - 200);
    }

    /** What the message says would fit does, and one more doesn't. */
    @Test
    void theAdviceIsTheLargestThatFits() {
        long limit = 1100 + 512 * 10 + 12 * 20 * 9;
        assertThatThrownBy(() -> MemoryEstimate.require(MODEL, config().build(), 1, limit))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("it would fit with microBatch 20, got 64")
                .hasMessageContaining("decoding, KV cache");
        assertThatCode(() ->
                        MemoryEstimate.require(MODEL, config().microBatch(20).build(), 1, limit))
                .doesNotThrowAnyException();
        assertThatThrownBy(() ->
                        MemoryEstimate.require(MODEL, config().microBatch(21).build(), 1, limit))
                .hasMessageContaining("microBatch 20");
    }

    @Test
    void aBatchIsAdvisedWhereNoMicroBatchIsEnough() {
        long limit = 1100 + 300 * 10 + 12 * 9;
        assertThatThrownBy(() -> MemoryEstimate.require(MODEL, config().build(), 1, limit))
                .hasMessageContaining("it would fit with batchSize 300 and microBatch 1");
        assertThatCode(() -> MemoryEstimate.require(
                        MODEL, config().batchSize(300).microBatch(1).build(), 1, limit))
                .doesNotThrowAnyException();
    }

    @Test
    void aModelThatIsTooLargeIsSaidToBe() {
        assertThatThrownBy(() -> MemoryEstimate.require(MODEL, config().build(), 1, 500))
                .hasMessageContaining("no batch is small enough");
    }

    /** Of a run on a device the host has what is on its way to a file, the device all the rest. */
    @Test
    void aDeviceHasAllButWhatIsStaged() {
        var estimate = MemoryEstimate.of(MODEL, config().build(), 2);
        var device = estimate.in(MemoryEstimate.Place.DEVICE);
        var host = estimate.in(MemoryEstimate.Place.STAGING);
        assertThat(estimate.in(MemoryEstimate.Place.PROCESS)).isEqualTo(estimate);
        assertThat(host.parts()).containsOnlyKeys("checkpoint");
        assertThat(device.parts()).doesNotContainKey("checkpoint").containsKey("policy and its gradient");
        assertThat(device.total() + host.total()).isEqualTo(estimate.total());
    }

    @Test
    void adviceIsForThePlaceThatIsTooSmall() {
        long limit = 700 + 512 * 10 + 12 * 20 * 9;
        assertThatThrownBy(() -> MemoryEstimate.require(
                        MODEL, config().build(), 1, MemoryEstimate.Place.DEVICE, limit, "what is free"))
                .hasMessageContaining("of the device's memory")
                .hasMessageContaining("(what is free)")
                .hasMessageContaining("it would fit with microBatch 20, got 64");
        assertThatThrownBy(
                        () -> MemoryEstimate.require(MODEL, config().build(), 1, MemoryEstimate.Place.STAGING, 399, ""))
                .hasMessageContaining("no batch is small enough");
        assertThatCode(() -> MemoryEstimate.require(MODEL, config().build(), 1, MemoryEstimate.Place.STAGING, 400, ""))
                .doesNotThrowAnyException();
    }
}
