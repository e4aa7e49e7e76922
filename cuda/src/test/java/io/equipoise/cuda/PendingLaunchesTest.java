package io.equipoise.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PendingLaunchesTest {
    private final PendingLaunches pending = new PendingLaunches();

    @Test
    void namesEveryKernelSinceTheLastSynchronise() {
        pending.add("adam_kernel");
        pending.clear();
        pending.add("sample_f32_kernel");
        pending.add("gradient_bf16_kernel");
        pending.add("sample_f32_kernel");
        assertThat(pending.suspects())
                .isEqualTo("; launched since the last synchronise: sample_f32_kernel (2 times), gradient_bf16_kernel;"
                        + " run again with --sync-kernels to see which of them failed");
    }

    @Test
    void saysNothingWhenNothingIsPending() {
        assertThat(pending.suspects()).isEmpty();
        pending.add("adam_kernel");
        pending.clear();
        assertThat(pending.suspects()).isEmpty();
    }
}
