package io.equipoise.cuda.ptx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.equipoise.cuda.CudaKernels;
import io.equipoise.cuda.Device.Grid;
import io.equipoise.memory.Vector;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Addresses that only large or freed memory shows to be wrong. */
class SeededAddressesTest {
    private static final Pattern ROW_OFFSET = Pattern.compile("mul\\.lo\\.s64\\s+(%rd\\d+), %rd\\d+, %rd\\d+;");

    @Test
    void aRowsOffsetIn32BitsIsNoticed() {
        var ptx = EditedDevice.alone(CudaKernels.ptx("token_log_prob", 80), "token_log_prob_f32_kernel");
        assertThat(twoRowsFarApart(ptx)).isCloseTo(-Math.log(7), within(1e-6));
        var narrow = ROW_OFFSET.matcher(ptx).replaceAll("$0\nshl.b64 $1, $1, 32; shr.s64 $1, $1, 32;");
        assertThat(narrow).isNotEqualTo(ptx);
        assertThatThrownBy(() -> twoRowsFarApart(narrow)).hasMessageContaining("never allocated");
    }

    /** The last row's log-probability; of 7 equal logits. */
    private static double twoRowsFarApart(String ptx) {
        try (var device = new PtxInterpreter(80);
                var rows = Vector.f32(7);
                var token = Vector.of(1, 2);
                var results = Vector.f32(6)) {
            long first = Snippet.copied(device, rows);
            device.skip(1L << 33);
            long second = Snippet.copied(device, rows);
            long tokens = Snippet.copied(device, token);
            long out = Snippet.copied(device, results);
            var kernel = device.kernel(ptx, "token_log_prob_f32_kernel");
            device.launch(kernel, Grid.of(2, 256), out, out + 8, out + 16, first, tokens, 7L, (second - first) / 4, 1f);
            device.copyToHost(results.address(), out, 24);
            return results.toFloats()[1];
        }
    }

    @Test
    void aFreedBufferIsNoticed() {
        var ptx = CudaKernels.ptx("token_log_prob", 80);
        try (var device = new PtxInterpreter(80);
                var rows = Vector.f32(7);
                var token = Vector.of(1)) {
            long logits = Snippet.copied(device, rows);
            long tokens = Snippet.copied(device, token);
            long out = Snippet.copied(device, rows);
            var kernel = device.kernel(ptx, "token_log_prob_f32_kernel");
            device.launch(kernel, Grid.of(1, 256), out, out + 4, out + 8, logits, tokens, 7L, 7L, 1f);
            device.free(logits);
            assertThatThrownBy(() ->
                            device.launch(kernel, Grid.of(1, 256), out, out + 4, out + 8, logits, tokens, 7L, 7L, 1f))
                    .hasMessageContaining("which was freed");
        }
    }
}
