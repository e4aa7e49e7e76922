package io.equipoise.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.equipoise.kernels.KernelException;
import io.equipoise.kernels.KernelProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class CudaKernelsTest {
    @Test
    void theShippedPtxTargetsAmpereAndHasAnEntryForEveryType() {
        var ptx = CudaKernels.ptx("token_log_prob");
        assertThat(ptx).contains(".target sm_80").contains(".address_size 64");
        for (var type : new String[] {"f32", "bf16", "f16"}) {
            assertThat(ptx).contains(".visible .entry token_log_prob_" + type + "_kernel(");
        }
    }

    @Test
    void noKernelWasCompiledWithFastMathOrLostItsBarrier() {
        var ptx = CudaKernels.ptx("token_log_prob");
        // What -use_fast_math would have chosen, and with it leave to drop NaN checks.
        assertThat(ptx).doesNotContain("div.approx").doesNotContain("lg2.approx");
        assertThat(ptx.lines().filter(line -> line.contains("bar.sync"))).hasSize(3);
    }

    @Test
    void everySourceIsShippedCompiled() throws IOException {
        try (var sources = Files.list(Path.of("src/main/cuda"))) {
            var operations = sources.map(path -> path.getFileName().toString())
                    .filter(name -> name.endsWith(".cu"))
                    .map(name -> name.substring(0, name.length() - 3))
                    .toList();
            assertThat(operations).isNotEmpty();
            for (var operation : operations) {
                assertThat(CudaKernels.ptx(operation)).contains(".entry " + operation + "_");
            }
        }
        assertThatThrownBy(() -> CudaKernels.ptx("telepathy"))
                .isInstanceOf(KernelException.class)
                .hasMessage("no CUDA kernel is shipped for telepathy");
    }

    @Test
    void theProviderIsFoundAndRefusesInOneLine() {
        var provider = KernelProvider.all().get(0);
        assertThat(provider.name()).isEqualTo("cuda");
        assertThat(provider.unavailable().orElseThrow()).isNotBlank().doesNotContain("\n");
        assertThatThrownBy(provider::create)
                .isInstanceOf(KernelException.class)
                .hasMessage("kernels 'cuda' can't run here: "
                        + provider.unavailable().orElseThrow());
        assertThatThrownBy(() -> KernelProvider.named("cuda")).isInstanceOf(KernelException.class);
    }

    @Test
    void theReasonSaysWhetherADriverIsMissing() {
        assertThat(CudaKernels.Provider.reason(Optional.of("libcuda.so.1: cannot open shared object file")))
                .isEqualTo("no NVIDIA driver (libcuda.so.1: cannot open shared object file)");
        assertThat(CudaKernels.Provider.reason(Optional.empty())).contains("does not launch it yet");
    }
}
