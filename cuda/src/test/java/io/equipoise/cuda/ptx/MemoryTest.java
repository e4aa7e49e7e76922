package io.equipoise.cuda.ptx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.equipoise.kernels.KernelException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MemoryTest {
    private static final String PROLOGUE = """
            ld.param.u64 %rd1, [p0];
            ld.param.u64 %rd2, [p1];
            mov.u32 %r1, %tid.x;
            mul.wide.u32 %rd3, %r1, 8;
            add.s64 %rd4, %rd1, %rd3;
            add.s64 %rd5, %rd2, %rd3;
            """;

    private static long[] run(String before, String body, int threads, long... input) {
        return Snippet.run(Snippet.kernel(before, PROLOGUE + body + "\nret;"), threads, threads, input);
    }

    @Test
    void vectorsAreLoadedAndStored() {
        assertThat(run(
                        "",
                        "ld.global.v2.u32 {%r2, %r3}, [%rd5]; st.global.v2.u32 [%rd4], {%r3, %r2};",
                        3,
                        1L << 32,
                        2,
                        3))
                .containsExactly(1, 2L << 32, 3L << 32);
        assertThat(run(
                        "",
                        "ld.global.v4.u16 {%rs1, %rs2, %rs3, %rs4}, [%rd5]; st.global.v4.u16 [%rd4], {%rs4, %rs3, %rs2, %rs1};",
                        1,
                        0x0001000200030004L))
                .containsExactly(0x0004000300020001L);
        assertThat(run(
                        "",
                        "ld.global.nc.L1::no_allocate.v2.f32 {%f1, %f2}, [%rd5+8]; st.global.v2.f32 [%rd4], {%f1, %f2};",
                        1,
                        1,
                        2))
                .containsExactly(2);
    }

    @Test
    void narrowLoadsExtend() {
        assertThat(run("", "ld.global.s8 %r2, [%rd5]; cvt.s64.s32 %rd6, %r2; st.global.u64 [%rd4], %rd6;", 1, 0xfe))
                .containsExactly(-2);
        assertThat(run(
                        "",
                        "ld.global.u8 %rs1, [%rd5+1]; cvt.u64.u16 %rd6, %rs1; st.global.u64 [%rd4], %rd6;",
                        1,
                        0xfe12))
                .containsExactly(0xfe);
        assertThat(run(
                        "",
                        "mov.u64 %rd6, 0; st.global.u64 [%rd4], %rd6; ld.global.u32 %r2, [%rd5]; st.global.u8 [%rd4+3], %r2;",
                        1,
                        0x1234))
                .containsExactly(0x34000000L);
    }

    @Test
    void everySpaceIsItsOwn() {
        var before = """
                .shared .align 8 .b8 tile[64];
                .const .align 4 .b8 table[8] = {1, 2, 3, 4, 5, 6, 7, 255};
                .global .align 8 .u64 counter = 40;
                """;
        var body = """
                .local .align 8 .b8 depot[16];
                mov.u64 %rd6, depot;
                cvta.local.u64 %rd7, %rd6;
                ld.global.u64 %rd8, [%rd5];
                st.u64 [%rd7+8], %rd8;
                ld.local.u64 %rd9, [depot+8];
                mov.u32 %r2, tile;
                st.shared.u64 [%r2+16], %rd9;
                mov.u64 %rd10, tile;
                cvta.shared.u64 %rd11, %rd10;
                ld.u64 %rd12, [%rd11+16];
                ld.shared.u64 %rd12, [tile+16];
                ld.const.u8 %rs1, [table+7];
                cvt.u64.u16 %rd13, %rs1;
                add.u64 %rd12, %rd12, %rd13;
                mov.u64 %rd14, counter;
                cvta.global.u64 %rd14, %rd14;
                ld.u64 %rd15, [%rd14];
                add.u64 %rd12, %rd12, %rd15;
                isspacep.shared %p1, %rd11;
                isspacep.global %p2, %rd11;
                @%p1 add.u64 %rd12, %rd12, 1000;
                @%p2 add.u64 %rd12, %rd12, 2000;
                cvta.to.shared.u64 %rd16, %rd11;
                setp.eq.u64 %p3, %rd16, %rd10;
                @%p3 add.u64 %rd12, %rd12, 10000;
                st.global.u64 [%rd4], %rd12;
                """;
        assertThat(run(before, body, 1, 5)).containsExactly(11000 + 5 + 255 + 40);
    }

    @Test
    void dynamicSharedMemoryIsRefused() {
        var before = ".extern .shared .align 16 .b8 rest[];\n";
        assertThatThrownBy(() -> run(before, "mov.u32 %r2, rest; st.shared.u64 [%r2], %rd4;", 1, 0))
                .hasMessage("PTX line 4: dynamic shared memory is not supported: rest");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "ld.global.u64 %rd6, [%rd5+8];| out of bounds: .*8 bytes past the end of an allocation of 16 bytes",
                "ld.global.u32 %r2, [%rd5+-4];| out of bounds",
                "ld.global.u64 %rd6, [%rd3];| never allocated",
                "ld.global.u32 %r2, [%rd5+2];| misaligned access of 4 bytes",
                "ld.global.v2.u64 {%rd6, %rd7}, [%rd5];| misaligned access of 16 bytes",
                "st.global.u64 [%rd4+8], %rd3;| out of bounds",
                "ld.shared.u32 %r2, [tile];| uninitialised",
                "st.shared.u32 [tile], %r1; ld.shared.u64 %rd6, [tile];| races",
                "st.shared.u32 [tile+16], %r1;| past the end of its variable",
                "st.shared.u32 [other+8], %r1;| out of bounds",
                "mov.u32 %r2, 0; st.shared.u32 [%r2], %r1;| out of bounds",
                "ld.local.u32 %r2, [depot];| uninitialised",
                "st.local.u32 [depot], %r1; ld.local.u64 %rd6, [depot];| uninitialised memory: byte 4 of 8",
                "st.local.u64 [depot+8], %rd3;| out of bounds",
                "add.u32 %r2, %r3, 1;| register that was never written",
                "mov.u32 %r2, %r3; add.u32 %r2, %r2, 1;| register that was never written",
                "@%p1 add.u32 %r2, %r1, 1;| predicate that was never written",
                "cvta.to.shared.u64 %rd6, %rd4;| not an address of SHARED",
                "st.global.u64 [%rd4], %rd3; ld.global.nc.u64 %rd6, [%rd4];| constant cache",
            })
    void whatIsWrongIsNamed(String body, String message) {
        var before = ".shared .align 8 .b8 tile[16];\n.shared .align 8 .b8 other[8];\n";
        var keep = ".local .align 8 .b8 depot[8];\nmov.u32 %r30, tile; mov.u32 %r31, other;\n";
        assertThatThrownBy(() -> run(before, keep + body, 2, 1, 2))
                .isInstanceOf(KernelException.class)
                .hasMessageStartingWith("kernel test, block (0, 0), thread ")
                .hasMessageContaining("PTX line ")
                .hasMessageMatching("(?s).*" + message + ".*");
    }

    @Test
    void copiesThatAreUnderWayCantBeReadYet() {
        var before = ".shared .align 16 .b8 tile[512];\n";
        var start = """
                mov.u32 %r2, tile;
                mad.lo.u32 %r3, %r1, 8, %r2;
                xor.b32 %r4, %r1, 1;
                mad.lo.u32 %r4, %r4, 8, %r2;
                cp.async.ca.shared.global [%r3], [%rd5], 8;
                cp.async.commit_group;
                """;
        var end = "ld.shared.u64 %rd6, [%r4]; st.global.u64 [%rd4], %rd6;";
        assertThat(run(before, start + "cp.async.wait_group 0; bar.sync 0;" + end, 4, 10, 11, 12, 13))
                .containsExactly(11, 10, 13, 12);
        assertThat(run(before, start + "cp.async.wait_all; bar.sync 0;" + end, 4, 10, 11, 12, 13))
                .containsExactly(11, 10, 13, 12);
        assertThatThrownBy(() -> run(before, start + "cp.async.wait_group 1; bar.sync 0;" + end, 4, 10, 11, 12, 13))
                .hasMessageContaining("uninitialised");
        assertThatThrownBy(() -> run(before, start + "bar.sync 0;" + end, 4, 10, 11, 12, 13))
                .hasMessageContaining("uninitialised");
        assertThatThrownBy(() -> run(before, start + "cp.async.wait_group 0;" + end, 4, 10, 11, 12, 13))
                .hasMessageContaining("races");
        var part = start.replace("8;\ncp.async.commit", "8, 3;\ncp.async.commit");
        assertThat(run(before, part + "cp.async.wait_all; bar.sync 0;" + end, 4, 10, 0x0102030405L, 12, 13))
                .containsExactly(0x030405, 10, 13, 12);
    }
}
