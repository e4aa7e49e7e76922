package io.equipoise.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.equipoise.kernels.KernelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The PTX that is shipped. */
class CudaKernelsTest {
    private static List<String> operations() throws IOException {
        try (var sources = Files.list(Path.of("src/main/cuda"))) {
            return sources.map(path -> path.getFileName().toString())
                    .filter(name -> name.endsWith(".cu"))
                    .map(name -> name.substring(0, name.length() - 3))
                    .toList();
        }
    }

    @Test
    void everySourceIsShippedForBothArchitectures() throws IOException {
        assertThat(operations()).contains("token_log_prob", "sample", "energy");
        for (var operation : operations()) {
            assertThat(CudaKernels.ptx(operation, 80))
                    .contains(".target sm_80", ".address_size 64", ".entry " + operation + "_");
            assertThat(CudaKernels.ptx(operation, 120)).contains(".target sm_120", ".entry " + operation + "_");
        }
    }

    @Test
    void aDeviceTakesTheNewestThatIsNoNewerThanItself() {
        for (int architecture : new int[] {80, 86, 90, 103}) {
            assertThat(CudaKernels.ptx("adam", architecture)).contains(".target sm_80");
        }
        assertThat(CudaKernels.ptx("adam", 121)).contains(".target sm_120");
        assertThatThrownBy(() -> CudaKernels.ptx("adam", 75))
                .isInstanceOf(KernelException.class)
                .hasMessage("no CUDA kernel is shipped for compute capability 7.5, wanted 8.0 or more");
        assertThatThrownBy(() -> CudaKernels.ptx("telepathy", 80))
                .isInstanceOf(KernelException.class)
                .hasMessage("no CUDA kernel is shipped as telepathy.compute_80");
    }

    @Test
    void everyKernelIsListedAsNotYetRunOnHardware() throws IOException {
        String readme = Files.readString(Path.of("README.md"));
        String list = readme.substring(readme.indexOf("## Not yet run on hardware"), readme.indexOf("## Build"));
        for (var operation : operations()) {
            var entries = Pattern.compile("\\.entry (\\w+)\\(").matcher(CudaKernels.ptx(operation, 80));
            while (entries.find()) assertThat(list).contains("`" + entries.group(1) + "`");
        }
    }

    /**
     * The sources' __dmul_rn and __fmul_rn. A plain product the driver may fuse with the sum that it enters, which no
     * interpreter shows: there both round.
     */
    @Test
    void productsThatMustNotBeFusedSayHowTheyAreRounded() {
        for (int architecture : new int[] {80, 120}) {
            assertThat(CudaKernels.ptx("energy", architecture).split("mul\\.rn\\.f64", -1))
                    .as("three weighted terms, two differences")
                    .hasSize(1 + 3 + 2);
            assertThat(CudaKernels.ptx("lm_head_sample", architecture).split("mul\\.rn\\.f32", -1))
                    .as("a lane's columns of a tile")
                    .hasSize(1 + 4);
        }
    }

    /** What -use_fast_math would have chosen, and with it leave to drop NaN checks. */
    @Test
    void noKernelWasCompiledWithFastMath() throws IOException {
        for (var operation : operations()) {
            for (int architecture : new int[] {80, 120}) {
                assertThat(CudaKernels.ptx(operation, architecture))
                        .doesNotContain("div.approx", "sqrt.approx.ftz.f32", "lg2.approx.ftz.f32");
            }
        }
    }
}
