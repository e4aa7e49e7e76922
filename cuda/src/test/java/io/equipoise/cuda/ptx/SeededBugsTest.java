package io.equipoise.cuda.ptx;

import static io.equipoise.cuda.ptx.Edits.all;
import static io.equipoise.cuda.ptx.Edits.before;
import static io.equipoise.cuda.ptx.Edits.first;
import static io.equipoise.cuda.ptx.Edits.nth;
import static io.equipoise.cuda.ptx.Edits.parameter;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.equipoise.cuda.CudaKernels;
import io.equipoise.cuda.Device.Grid;
import io.equipoise.kernels.Kernels;
import io.equipoise.memory.Vector;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The shipped kernels are right, and would not be with any of these bugs: each is noticed, and this is how. */
class SeededBugsTest {
    private static final double TOLERANCE = 1e-4;
    private static final String DIFFERS = "differs";

    /**
     * A bug in the text of a kernel.
     *
     * @param noticed a regular expression of what the interpreter says, or {@link #DIFFERS}
     */
    record Bug(String name, SeededWork work, UnaryOperator<String> edit, String noticed) {
        @Override
        public String toString() {
            return work + ": " + name;
        }
    }

    /** Threads leave whose number compares so with 31. */
    private static String leave(String condition) {
        return "mov.u32 %xr0, %tid.x; setp." + condition + " %xp0, %xr0, 31; @%xp0 ret;";
    }

    private static final String EXPONENTIAL = "(ex2\\.approx\\.ftz\\.f32\\s+%\\w+, (%\\w+);)";
    private static final String LOSE_NAN = "max.f32 $2, $2, 0fFF800000; $1";
    private static final String BARRIER = "bar\\.sync\\s+0;";
    private static final String SHUFFLE = "(shfl\\.sync\\.\\w+\\.b32\\s+[^;]*, )([^,;]+), ([^,;]+), ([^,;]+);";

    static Stream<Bug> bugs() {
        return Stream.of(
                        tokenLogProb(),
                        sample(),
                        lmHead(),
                        Stream.of(
                                new Bug("grid stride of one block", SeededWork.ADAM, all("%nctaid\\.x", "1"), "races"),
                                new Bug(
                                        "rounded towards zero",
                                        SeededWork.GRADIENT,
                                        all("cvt\\.rn\\.bf16\\.f32", "cvt.rz.bf16.f32"),
                                        DIFFERS),
                                new Bug(
                                        "no root of the second moment",
                                        SeededWork.ADAM,
                                        all("sqrt\\.rn\\.f32", "mov.f32"),
                                        DIFFERS),
                                new Bug(
                                        "first moment stored in the second",
                                        SeededWork.ADAM,
                                        all("_param_1\\]", "_param_2]"),
                                        "races|differs"),
                                new Bug(
                                        "one parameter too many",
                                        SeededWork.ADAM,
                                        parameter(5, "add.s64 REGISTER, REGISTER, 1;"),
                                        "out of bounds"),
                                new Bug(
                                        "another row's log-sum-exp",
                                        SeededWork.GRADIENT,
                                        parameter(1, "add.s64 REGISTER, REGISTER, 4;"),
                                        "out of bounds|differs"),
                                new Bug(
                                        "no barrier before the sums are merged",
                                        SeededWork.ENERGY,
                                        first(BARRIER, ""),
                                        "races|uninitialised"),
                                new Bug(
                                        "swapped operands of a difference",
                                        SeededWork.ENERGY,
                                        nth(1, "sub\\.f64\\s+(%fd\\d+), (%fd\\d+), (%fd\\d+);", "sub.f64 $1, $3, $2;"),
                                        DIFFERS)))
                .flatMap(bugs -> bugs);
    }

    private static Stream<Bug> tokenLogProb() {
        var work = SeededWork.TOKEN_LOG_PROB;
        return Stream.of(
                new Bug("no barrier between maxima", work, first(BARRIER, ""), "races|uninitialised"),
                new Bug("no barrier between sums", work, nth(2, BARRIER, ""), "races|uninitialised"),
                new Bug(
                        "a mask without the last lane",
                        work,
                        first(SHUFFLE, "$1$2, $3, 2147483647;"),
                        "not among the lanes of its own mask"),
                new Bug("a reduction that skips lanes", work, all("(mov\\.u32\\s+%r\\d+), 16;", "$1, 8;"), DIFFERS),
                new Bug(
                        "one column too many",
                        work,
                        parameter(5, "add.s64 REGISTER, REGISTER, 1;"),
                        "out of bounds|differs"),
                new Bug("one column too few", work, parameter(5, "add.s64 REGISTER, REGISTER, -1;"), DIFFERS),
                new Bug("columns for the stride", work, parameter(6, "add.s64 REGISTER, REGISTER, -3;"), DIFFERS),
                new Bug("a maximum that loses NaN", work, all(EXPONENTIAL, LOSE_NAN), DIFFERS),
                new Bug(
                        "shared memory for seven warps",
                        work,
                        all("(\\.shared \\.align 4 \\.b8 \\w*maxima)\\[32\\]", "$1[28]"),
                        "past the end of its variable"),
                new Bug(
                        "a warp's sum that is never stored",
                        work,
                        first("st\\.shared\\.f64\\s+\\[[^;]*;", ""),
                        "uninitialised"),
                new Bug(
                        "a vector load off by four bytes",
                        work,
                        first("(ld\\.global\\.v4\\.\\w+\\s+\\{[^}]*\\}, \\[%rd\\d+)\\+?(\\d*)\\];", "$1+4];"),
                        "misaligned|out of bounds"),
                new Bug(
                        "lanes that leave before a barrier",
                        work,
                        before(1, BARRIER, leave("gt.u32")),
                        "left the kernel"),
                new Bug(
                        "a barrier for half of the warps",
                        work,
                        before(1, BARRIER, "mov.u32 %xr0, %tid.x; setp.lt.u32 %xp0, %xr0, 128; @%xp0"),
                        "never reaches|divergent barrier|races|uninitialised"),
                new Bug(
                        "a barrier for half of a warp",
                        work,
                        before(1, BARRIER, "mov.u32 %xr0, %laneid; setp.lt.u32 %xp0, %xr0, 16; @%xp0"),
                        "don't come|races|uninitialised"),
                new Bug(
                        "a shuffle from a lane that has left",
                        work,
                        before(1, "shfl\\.sync", leave("eq.u32")),
                        "not there or have exited"),
                new Bug(
                        "results past the end",
                        work,
                        all("(st\\.global\\.f32\\s+\\[%rd\\d+)\\]", "$1+20]"),
                        "out of bounds"),
                new Bug(
                        "an unsigned test for padding",
                        work,
                        first("setp\\.lt\\.s32(\\s+%p\\d+, %r\\d+, 0;)", "setp.lt.u32$1"),
                        DIFFERS),
                new Bug("thread for block", work, first("%ctaid\\.x", "%tid.x"), "out of bounds|races"),
                new Bug("block for row of another grid", work, first("%ctaid\\.x", "%nctaid.x"), "out of bounds|races"),
                new Bug(
                        "sixteen lanes a warp",
                        work,
                        first("shr\\.u32(\\s+%r\\d+, %r\\d+), 5;", "shr.u32$1, 4;"),
                        "out of bounds|differs|races"),
                new Bug(
                        "every thread of the block writes",
                        work,
                        nth(3, "setp\\.ne\\.s32(\\s+%p\\d+, %r\\d+), 0;", "setp.lt.s32$1, 0;"),
                        "races"));
    }

    private static Stream<Bug> sample() {
        var work = SeededWork.SAMPLE;
        return Stream.of(
                new Bug("no __syncwarp", SeededWork.SAMPLE_WIDE, all("bar\\.warp\\.sync\\s+-1;", ""), "races"),
                new Bug("no barrier", work, first(BARRIER, ""), "races|uninitialised"),
                new Bug("a maximum that loses NaN", work, all(EXPONENTIAL, LOSE_NAN), DIFFERS),
                new Bug(
                        "another sequence's number",
                        work,
                        parameter(3, "add.s64 REGISTER, REGISTER, 8;"),
                        "out of bounds|differs"),
                new Bug("another multiplier in Philox", work, first("3528531795", "3528531793"), DIFFERS));
    }

    private static Stream<Bug> lmHead() {
        var work = SeededWork.LM_HEAD;
        return Stream.of(
                new Bug("no wait for copies", work, all("cp\\.async\\.wait_group\\s+\\d;", ""), "uninitialised|races"),
                new Bug(
                        "a wait for all copies but two",
                        work,
                        all("(cp\\.async\\.wait_group)\\s+1;", "$1 2;"),
                        "uninitialised"),
                new Bug("no barrier after the copies", work, first(BARRIER, ""), "races|uninitialised"),
                new Bug("no barrier before the next copies", work, nth(2, BARRIER, ""), "races"),
                new Bug(
                        "columns for rows of the weight",
                        work,
                        all("\\.row\\.col\\.m16n16k16|\\.col\\.m16n16k16", ".row.m16n16k16"),
                        "unknown|no layout|differs|out of bounds|uninitialised"),
                new Bug("no barrier before the sums are read", work, nth(3, BARRIER, ""), "races|uninitialised"));
    }

    static Kernels edited(UnaryOperator<String> edit) {
        return new CudaKernels(new EditedDevice(new PtxInterpreter(80, 2, 1), edit));
    }

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
            long first = copied(device, rows);
            device.skip(1L << 33);
            long second = copied(device, rows);
            long tokens = copied(device, token);
            long out = copied(device, results);
            var kernel = device.kernel(ptx, "token_log_prob_f32_kernel");
            device.launch(kernel, Grid.of(2, 256), out, out + 8, out + 16, first, tokens, 7L, (second - first) / 4, 1f);
            device.copyToHost(results.address(), out, 24);
            return results.toFloats()[1];
        }
    }

    private static long copied(PtxInterpreter device, Vector vector) {
        long bytes = vector.size() * vector.type().bytes();
        long address = device.allocate(bytes);
        device.copyToDevice(address, vector.address(), bytes);
        return address;
    }

    @Test
    void aFreedBufferIsNoticed() {
        var ptx = CudaKernels.ptx("token_log_prob", 80);
        try (var device = new PtxInterpreter(80);
                var rows = Vector.f32(7);
                var token = Vector.of(1)) {
            long logits = copied(device, rows);
            long tokens = copied(device, token);
            long out = copied(device, rows);
            var kernel = device.kernel(ptx, "token_log_prob_f32_kernel");
            device.launch(kernel, Grid.of(1, 256), out, out + 4, out + 8, logits, tokens, 7L, 7L, 1f);
            device.free(logits);
            assertThatThrownBy(() ->
                            device.launch(kernel, Grid.of(1, 256), out, out + 4, out + 8, logits, tokens, 7L, 7L, 1f))
                    .hasMessageContaining("which was freed");
        }
    }

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
    void ofAtomicsToo(String name, UnaryOperator<String> edit, String noticed) throws IOException {
        String ptx;
        try (var file = SeededBugsTest.class.getResourceAsStream("histogram.ptx")) {
            ptx = new String(Objects.requireNonNull(file, name).readAllBytes(), StandardCharsets.UTF_8);
        }
        try (var device = new PtxInterpreter(80, 3, 1);
                var counts = Vector.i32(16)) {
            long address = copied(device, counts);
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

    private static Optional<String> difference(List<Double> actual, List<Double> expected) {
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < actual.size(); i++) {
            double a = actual.get(i);
            double e = expected.get(i);
            boolean close = Math.abs(a - e) <= TOLERANCE * (1 + Math.abs(e));
            if (!close && Double.compare(a, e) != 0)
                return Optional.of("result " + i + " differs: " + a + ", not " + e);
        }
        return Optional.empty();
    }

    @ParameterizedTest
    @EnumSource
    void theShippedKernelIsRight(SeededWork work) {
        assertThat(difference(work.run(edited(UnaryOperator.identity())), work.expected()))
                .isEmpty();
    }

    @ParameterizedTest
    @MethodSource("bugs")
    void isNoticed(Bug bug) {
        var expected = bug.work().expected();
        String found;
        try {
            found = difference(bug.work().run(edited(bug.edit())), expected).orElse("nothing");
        } catch (Fault e) {
            found = e.getMessage();
        }
        assertThat(found).containsPattern(bug.noticed());
    }
}
