package io.equipoise.cuda.ptx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.function.LongBinaryOperator;
import org.junit.jupiter.api.Test;

class AtomicsTest {
    /** Every thread applies its input to one number, which starts as {@code first}. */
    private static long fold(String instruction, long first, long... inputs) {
        var body = """
                ld.param.u64 %rd1, [p0];
                ld.param.u64 %rd2, [p1];
                mov.u32 %r1, %tid.x;
                mul.wide.u32 %rd3, %r1, 8;
                add.s64 %rd4, %rd2, %rd3;
                ld.global.u64 %rd5, [%rd4];
                cvt.u32.u64 %r2, %rd5;
                mov.b32 %f2, %r2;
                mov.b64 %fd2, %rd5;
                setp.ne.u32 %p1, %r1, 0;
                @%p1 bra $wait;
                ld.param.u64 %rd6, [p2];
                ld.global.u64 %rd7, [%rd6];
                st.global.u64 [%rd1], %rd7;
                st.shared.u64 [tile], %rd7;
                $wait:
                bar.sync 0;
                """ + instruction + "\nret;";
        var ptx = Snippet.kernel(".shared .align 8 .b8 tile[8];\n", body);
        var shared = ptx.replace("[%rd1]", "[tile]")
                .replace("global.add.noftz", "shared.add.noftz")
                .replaceAll("(atom|red)(.*?)\\.global", "$1$2.shared")
                .replace("st.global.u64 [tile], %rd7;", "")
                .replaceAll(
                        "\nret;",
                        "\nbar.sync 0; @%p1 bra \\$end; ld.shared.u64 %rd7, [tile]; st.global.u64 [%rd1], %rd7; \\$end: ret;");
        long global = Snippet.run(ptx, inputs.length, 1, inputs, new long[] {first})[0];
        assertThat(Snippet.run(shared, inputs.length, 1, inputs, new long[] {first})[0])
                .isEqualTo(global);
        return global;
    }

    private static void check(String instruction, long first, LongBinaryOperator oracle, long... inputs) {
        assertThat(fold(instruction, first, inputs))
                .as(instruction)
                .isEqualTo(Arrays.stream(inputs).reduce(first, oracle));
    }

    @Test
    void integers() {
        long[] some = {3, 70, -5, 1L << 40, 12, 12, 0xff00ff};
        check("atom.global.add.u64 %rd8, [%rd1], %rd5;", 5, Long::sum, some);
        check("red.global.add.u64 [%rd1], %rd5;", 5, Long::sum, some);
        check("atom.relaxed.gpu.global.and.b64 %rd8, [%rd1], %rd5;", -1, (a, b) -> a & b, some);
        check("atom.global.or.b64 %rd8, [%rd1], %rd5;", 0, (a, b) -> a | b, some);
        check("atom.global.xor.b64 %rd8, [%rd1], %rd5;", 9, (a, b) -> a ^ b, some);
        check("atom.global.min.s64 %rd8, [%rd1], %rd5;", 9, Math::min, some);
        check("atom.global.max.u64 %rd8, [%rd1], %rd5;", 9, (a, b) -> Long.compareUnsigned(a, b) > 0 ? a : b, some);
        check("atom.global.max.s32 %r8, [%rd1], %r2;", 9, (a, b) -> Math.max((int) a, (int) b), some);
        check("red.global.min.u32 [%rd1], %r2;", 9, (a, b) -> Math.min(a, b & 0xffffffffL), some);
        check("atom.global.inc.u32 %r8, [%rd1], 4;", 3, (a, b) -> a >= 4 ? 0 : a + 1, some);
        check("atom.global.dec.u32 %r8, [%rd1], 4;", 3, (a, b) -> a == 0 || a > 4 ? 4 : a - 1, some);
    }

    @Test
    void floats() {
        long[] some = Snippet.bits(1f, 2f, 0.5f, -8f);
        assertThat(fold("atom.global.add.f32 %f8, [%rd1], %f2;", Snippet.bits(1f)[0], some))
                .isEqualTo(Snippet.bits(-3.5f)[0]);
        assertThat(fold("red.global.add.f32 [%rd1], %f2;", Snippet.bits(1f)[0], some))
                .isEqualTo(Snippet.bits(-3.5f)[0]);
        assertThat(fold("atom.global.add.f64 %fd8, [%rd1], %fd2;", Snippet.bits(1.0)[0], Snippet.bits(1.0, 2, -0.25)))
                .isEqualTo(Snippet.bits(3.75)[0]);
        assertThat(fold("red.global.add.noftz.bf16x2 [%rd1], %r2;", 0x3f803f80L, 0x3f800000L, 0x00003f80L))
                .isEqualTo(0x40004000L);
    }

    @Test
    void exchanges() {
        assertThat(fold("atom.global.cas.b64 %rd8, [%rd1], 5, %rd5;", 5, 7)).isEqualTo(7);
        assertThat(fold("atom.global.cas.b32 %r8, [%rd1], 6, %r2;", 5, 7)).isEqualTo(5);
        // The old value comes back.
        assertThat(fold("atom.global.exch.b64 %rd8, [%rd1], %rd5; atom.global.exch.b64 %rd9, [%rd1], %rd8;", 5, 7))
                .isEqualTo(5);
    }

    @Test
    void whatIsNotKnownIsRefused() {
        assertThatThrownBy(() -> fold("atom.global.max.f32 %f8, [%rd1], %f2;", 5, 7))
                .hasMessageContaining("of floats");
        assertThatThrownBy(() -> fold("atom.global.sub.u32 %r8, [%rd1], %r2;", 5, 7))
                .hasMessageContaining("unknown atomic");
        assertThatThrownBy(() -> fold("atom.global.add.u64 %rd8, [%rd1+4], %rd5;", 5, 7))
                .hasMessageContaining("misaligned");
    }
}
