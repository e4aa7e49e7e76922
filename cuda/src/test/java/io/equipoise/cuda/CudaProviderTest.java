package io.equipoise.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.equipoise.kernels.KernelException;
import io.equipoise.kernels.KernelProvider;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class CudaProviderTest {
    /** In a JVM of its own. */
    static final class Probe {
        private Probe() {}

        public static void main(String[] arguments) {
            for (var provider : KernelProvider.all()) {
                System.out.println(
                        provider.name() + ": " + provider.unavailable().orElse("can run"));
            }
            System.out.println(KernelProvider.kernels().description());
        }
    }

    @Test
    void withoutADriverNoClassOfTheCudaPresetsIsLoaded() throws IOException {
        assumeThat(new CudaProvider().unavailable().orElse("")).startsWith("no NVIDIA driver");
        var process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xlog:class+load",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Probe.class.getName())
                .redirectErrorStream(true)
                .start();
        var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(output).contains("io.equipoise.cuda.CudaProvider ", "\ncuda: no NVIDIA driver (");
        assertThat(output.lines().filter(line -> line.contains("org.bytedeco.cuda") || line.contains("CudaDriver")))
                .isEmpty();
    }

    @Test
    void isNeverChosenBeforeTheCpusKernels() {
        var provider = new CudaProvider();
        assertThat(provider.name()).isEqualTo("cuda");
        assertThat(provider.priority()).isBetween(1, 9);
        assertThat(KernelProvider.all().stream().map(KernelProvider::name)).contains("cuda");
    }

    @Test
    void theReasonIsOneLineAndTheSameWhoeverAsks() {
        var provider = new CudaProvider();
        assumeThat(provider.unavailable()).isPresent();
        String reason = provider.unavailable().orElseThrow();
        assertThat(reason).isNotBlank().doesNotContain("\n");
        assertThatThrownBy(provider::create)
                .isInstanceOf(KernelException.class)
                .hasMessage("kernels 'cuda' can't run here: " + reason);
        assertThatThrownBy(() -> KernelProvider.named("cuda"))
                .isInstanceOf(KernelException.class)
                .hasMessage("kernels 'cuda' can't run here: " + reason);
    }

    @Test
    void oldDriversAndDevicesAreRefusedWithWhatIsWanted() {
        assertThat(CudaProvider.unsuitable("NVIDIA H100", 13_000, 90)).isEmpty();
        assertThat(CudaProvider.unsuitable("NVIDIA A100", 13_010, 80)).isEmpty();
        assertThat(CudaProvider.unsuitable("NVIDIA H100", 12_040, 90))
                .contains("the NVIDIA driver supports CUDA 12.4, wanted 13.0 or newer; update the driver");
        assertThat(CudaProvider.unsuitable("Tesla T4", 13_000, 75))
                .contains("Tesla T4 has compute capability 7.5, wanted 8.0 or more");
    }
}
