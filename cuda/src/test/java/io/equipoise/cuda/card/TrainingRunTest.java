package io.equipoise.cuda.card;

import static org.assertj.core.api.Assertions.assertThat;

import io.equipoise.kernels.KernelProvider;
import java.io.IOException;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TrainingRunTest {
    @Test
    void theKernelsTrainAsTheCpusDo() throws IOException {
        var json = TrainingRun.run(KernelProvider.named("cuda-interpreted"), 64, 16, 3, Optional.empty());
        var compared = json.path("againstTheCpusKernels");
        assertThat(compared.path("steps").asInt()).isEqualTo(3);
        assertThat(compared.path("largestRelativeDifference").asDouble()).isLessThan(1e-3);
        assertThat(json.path("passed").asBoolean()).as(json.toString()).isTrue();
    }

    @Test
    void aRunOfManyStepsMeetsTheMoment() throws IOException {
        var json = TrainingRun.run(KernelProvider.named("cpu"), 512, 1024, 40, Optional.empty());
        assertThat(json.path("momentMet").asBoolean()).as(json.toString()).isTrue();
        assertThat(json.path("passed").asBoolean()).isTrue();
    }
}
