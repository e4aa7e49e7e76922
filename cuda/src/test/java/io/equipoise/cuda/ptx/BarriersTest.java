package io.equipoise.cuda.ptx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.equipoise.cuda.Device.Grid;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Barriers, and the races that a missing one leaves. */
class BarriersTest {
    private static final String PROLOGUE = """
            ld.param.u64 %rd1, [p0];
            ld.param.u64 %rd2, [p1];
            mov.u32 %r1, %tid.x;
            mul.wide.u32 %rd3, %r1, 8;
            add.s64 %rd4, %rd1, %rd3;
            mov.u32 %r2, tile;
            mad.lo.u32 %r3, %r1, 4, %r2;
            xor.b32 %r4, %r1, 1;
            mad.lo.u32 %r4, %r4, 4, %r2;
            xor.b32 %r5, %r1, 32;
            mad.lo.u32 %r5, %r5, 4, %r2;
            mov.u64 %rd5, 0;
            st.global.u64 [%rd4], %rd5;
            mov.u32 %r9, %ctaid.x;
            """;

    private static long[] run(String body, int blocks) {
        var ptx = Snippet.kernel(".shared .align 4 .b8 tile[256];\n", PROLOGUE + body + "\nret;");
        return Snippet.run(ptx, Grid.of(blocks, 64), 4, 64, new long[64]);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "st.shared.u32 [%r3], %r1; bar.sync 0; ld.shared.u32 %r6, [%r5];",
                "st.shared.u32 [%r3], %r1; barrier.sync 1; ld.shared.u32 %r6, [%r5];",
                "st.shared.u32 [%r3], %r1; bar.warp.sync -1; ld.shared.u32 %r6, [%r4];",
                "st.shared.u32 [%r3], %r1; bar.sync 0; ld.shared.u32 %r6, [%r5]; bar.sync 0; st.shared.u32 [%r3], %r1;",
                "st.shared.u32 [%r3], %r1; ld.shared.u32 %r6, [%r3]; st.shared.u32 [%r3], %r6;",
                "st.shared.u8 [%r3], %r1; st.shared.u8 [%r3+1], %r1;",
                "st.shared.u32 [%r3], %r1; bar.sync 0; atom.shared.add.u32 %r6, [tile], 1;",
                "st.shared.u32 [%r3], %r1; membar.cta; fence.acq_rel.gpu; bar.sync 0; ld.shared.u32 %r6, [tile];",
                "setp.lt.u32 %p1, %r1, 32; @%p1 bra $end; st.shared.u32 [%r3], %r1; bar.warp.sync -1; ld.shared.u32 %r6, [%r4]; $end: bar.sync 0;",
                "ld.global.u64 %rd6, [%rd2]; atom.global.add.u64 %rd7, [%rd2+8], 1;",
            })
    void whatIsInOrderPasses(String body) {
        assertThatCode(() -> run(body, 1)).doesNotThrowAnyException();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "st.shared.u32 [%r3], %r1; ld.shared.u32 %r6, [%r5];| races or uninitialised",
                "st.shared.u32 [%r3], %r1; ld.shared.u32 %r6, [%r4];| races with an access of thread",
                "st.shared.u32 [%r3], %r1; membar.gl; ld.shared.u32 %r6, [%r4];| races",
                "st.shared.u32 [%r3], %r1; shfl.sync.bfly.b32 %r6, %r1, 1, 31, -1; ld.shared.u32 %r6, [%r4];| races",
                "st.shared.u32 [%r3], %r1; bar.warp.sync -1; ld.shared.u32 %r6, [%r5];| races or uninitialised",
                "st.shared.u32 [%r3], %r1; bar.sync 0; ld.shared.u32 %r6, [%r5]; st.shared.u32 [%r3], %r6;| races",
                "st.shared.u32 [%r3], %r1; bar.sync 0; ld.shared.u32 %r6, [tile]; st.shared.u32 [%r3], %r6;| races with an access of several",
                "st.shared.u32 [tile], %r1;| races",
                "st.shared.u32 [%r3], %r1; bar.sync 0; ld.shared.u32 %r6, [tile]; atom.shared.add.u32 %r6, [tile], 1;| races",
                "st.shared.u32 [%r3], %r1; bar.sync 0; atom.shared.add.u32 %r6, [tile], 1; ld.shared.u32 %r6, [tile];| races with an atomic access",
                "st.shared.u16 [%r3], %r1; st.shared.u16 [%r4+2], %r1; ld.shared.u32 %r6, [%r3];| races",
                "st.global.u64 [%rd1], %rd5;| races with an access of thread .* of block 0, at offset 0 of 512 bytes of global memory",
                "setp.eq.u32 %p1, %r1, 5; @%p1 exit; bar.sync 0;| left the kernel or don't come",
                "setp.lt.u32 %p1, %r1, 32; @%p1 exit; bar.sync 0;| a barrier that thread 0 never reaches",
                "setp.lt.u32 %p1, %r1, 32; @%p1 bra $end; bar.sync 0; $end:| never reaches",
                "setp.lt.u32 %p1, %r1, 5; @%p1 bra $end; bar.sync 0; $end:| never reaches or don't come",
                "setp.lt.u32 %p1, %r1, 32; @%p1 bra $a; bar.sync 0; bra $end; $a: bar.sync 0; $end:| divergent barrier",
                "setp.lt.u32 %p1, %r1, 5; @%p1 bra $a; bar.sync 0; bra $end; $a: bar.sync 0; $end:| don't come",
                "bar.sync 0, 32;| expected 1 operands",
                "bar.arrive 0, 64;| unknown barrier",
            })
    void whatIsNotIsReported(String body, String message) {
        assertThatThrownBy(() -> run(body, 1))
                .isInstanceOf(Fault.class)
                .hasMessageMatching("(?s).*(" + message.replace(" or ", "|") + ").*");
    }

    @Test
    void blocksAreNeverInOrder() {
        var leader = "setp.ne.u32 %p1, %r1, 0; @%p1 bra $end; ";
        assertThatThrownBy(() -> runApart(leader + "st.global.u64 [%rd2], %rd5; $end:", 2))
                .hasMessageContaining("races");
        assertThatThrownBy(() -> runApart(
                        leader + "ld.global.u64 %rd6, [%rd2]; setp.ne.u32 %p2, %r9, 0; @%p2 bra $end;"
                                + "st.global.u64 [%rd2], %rd5; $end:",
                        3))
                .hasMessageContaining("races");
        assertThatCode(() -> runApart(leader + "ld.global.u64 %rd6, [%rd2]; $end:", 2))
                .doesNotThrowAnyException();
        assertThatCode(() -> runApart(leader + "red.global.add.u64 [%rd2], 1; $end:", 2))
                .doesNotThrowAnyException();
    }

    /** Without the prologue's store, which two blocks would both do. */
    private static long[] runApart(String body, int blocks) {
        var prologue = PROLOGUE.replace("st.global.u64 [%rd4], %rd5;", "");
        var ptx = Snippet.kernel(".shared .align 4 .b8 tile[256];\n", prologue + body + "\nret;");
        return Snippet.run(ptx, Grid.of(blocks, 64), 4, 64, new long[64]);
    }

    @Test
    void barriersCount() {
        var odd = "and.b32 %r6, %r1, 3; setp.eq.u32 %p1, %r6, 0; ";
        var end = " cvt.u64.u32 %rd6, %r7; st.global.u64 [%rd4], %rd6;";
        assertThat(run(odd + "bar.red.popc.u32 %r7, 0, %p1;" + end, 1)).containsOnly(16);
        assertThat(run(odd + "barrier.cta.red.popc.aligned.u32 %r7, 0, !%p1;" + end, 1))
                .containsOnly(48);
        assertThat(run(odd + "bar.red.or.pred %p2, 0, %p1; selp.u32 %r7, 1, 2, %p2;" + end, 1))
                .containsOnly(1);
        assertThat(run(odd + "bar.red.and.pred %p2, 0, %p1; selp.u32 %r7, 1, 2, %p2;" + end, 1))
                .containsOnly(2);
    }

    @Test
    void whatDependsOnTheOrderOfBlocksIsReported() {
        var body = "setp.ne.u32 %p1, %r1, 0; @%p1 bra $end; cvt.u64.u32 %rd6, %r9;"
                + "atom.global.exch.b64 %rd7, [%rd2], %rd6; $end:";
        assertThatThrownBy(() -> runApart(body, 3)).hasMessageContaining("depends on the order of blocks and warps");
    }

    @Test
    void aLanesLockIsReleasedThoughOthersSpin() {
        var body = """
                $spin:
                atom.global.cas.b64 %rd6, [%rd2], 0, 1;
                setp.ne.u64 %p1, %rd6, 0;
                @%p1 bra $spin;
                atom.global.add.u64 %rd7, [%rd2+8], 1;
                atom.global.exch.b64 %rd6, [%rd2], 0;
                """;
        assertThatCode(() -> run(body, 1)).doesNotThrowAnyException();
    }
}
