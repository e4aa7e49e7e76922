package io.equipoise.cuda.ptx;

import static io.equipoise.cuda.ptx.Edits.first;
import static io.equipoise.cuda.ptx.Edits.nth;
import static io.equipoise.cuda.ptx.SeededBugs.BARRIER;
import static org.assertj.core.api.Assertions.assertThat;

import io.equipoise.cuda.Device.Grid;
import io.equipoise.memory.Vector;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What no shipped kernel has, atomic additions, is noticed too where it is done wrong: in a histogram's PTX. */
class SeededAtomicsTest {
    static Stream<Arguments> histograms() {
        return Stream.of(
                Arguments.of("nothing", UnaryOperator.<String>identity(), "nothing"),
                Arguments.of(
                        "a sum without atomics in shared memory",
                        first(
                                "atom\\.shared\\.add\\.u32\\s+%r9, \\[%r8\\], 1;",
                                "ld.shared.u32 %r9, [%r8]; add.u32 %r9, %r9, 1; st.shared.u32 [%r8], %r9;"),
                        "races"),
                Arguments.of(
                        "a sum without atomics in global memory",
                        first(
                                "red\\.global\\.add\\.u32\\s+\\[%rd4\\], %r10;",
                                "ld.global.u32 %r11, [%rd4]; add.u32 %r11, %r11, %r10; st.global.u32 [%rd4], %r11;"),
                        "races with an access of .*block"),
                Arguments.of("no zeros first", first("st\\.shared\\.u32[^;]*;", ""), "uninitialised"),
                Arguments.of("no barrier after the zeros", first(BARRIER, ""), "races|uninitialised"),
                Arguments.of("no barrier before the sums are read", nth(2, BARRIER, ""), "races"),
                Arguments.of("a fence for a barrier", nth(2, BARRIER, "membar.cta;"), "races"),
                Arguments.of("a byte less", first("counts\\[64\\]", "counts[60]"), "out of bounds"),
                Arguments.of("two too many", first("%r1, 15;", "%r1, 17;"), "out of bounds"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("histograms")
    void isNoticed(String name, UnaryOperator<String> edit, String noticed) throws IOException {
        String ptx;
        try (var file = SeededAtomicsTest.class.getResourceAsStream("histogram.ptx")) {
            ptx = new String(Objects.requireNonNull(file, name).readAllBytes(), StandardCharsets.UTF_8);
        }
        try (var device = new PtxInterpreter(80, 3, 1);
                var counts = Vector.i32(16)) {
            long address = Snippet.copied(device, counts);
            String found = "nothing";
            try {
                device.launch(device.kernel(edit.apply(ptx), "histogram_kernel"), Grid.of(3, 96), address);
                device.copyToHost(counts.address(), address, 64);
                assertThat(counts.toInts()).containsOnly(18);
            } catch (Fault e) {
                found = e.getMessage();
            }
            assertThat(found).containsPattern(noticed);
        }
    }
}
