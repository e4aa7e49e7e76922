package io.equipoise.cuda.ptx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.function.IntUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WarpTest {
    private static final String PROLOGUE = """
            ld.param.u64 %rd1, [p0];
            mov.u32 %r1, %tid.x;
            mul.wide.u32 %rd3, %r1, 8;
            add.s64 %rd4, %rd1, %rd3;
            mul.lo.u32 %r2, %r1, 100;
            mov.u32 %r9, 0;
            """;

    private static final String EPILOGUE = "\ncvt.u64.u32 %rd5, %r9;\nst.global.u64 [%rd4], %rd5;\nret;";

    /** What every thread leaves in {@code %r9}; {@code %r1} is its number, {@code %r2} a hundred times that. */
    private static int[] run(String body, int threads) {
        long[] values = Snippet.run(
                Snippet.kernel(PROLOGUE + body + EPILOGUE), io.equipoise.cuda.Device.Grid.of(1, threads), 4, threads);
        return Arrays.stream(values).mapToInt(value -> (int) value).toArray();
    }

    private static void check(String body, IntUnaryOperator expected) {
        int[] all = new int[64];
        Arrays.setAll(all, expected);
        assertThat(run(body, 64)).as(body).containsExactly(all);
    }

    @Test
    void shufflesTakeFromWithinTheirSegment() {
        check("shfl.sync.bfly.b32 %r9|%p1, %r2, 1, 31, -1;", t -> (t ^ 1) * 100);
        check("shfl.sync.idx.b32 %r9, %r2, 5, 31, -1;", t -> (t / 32 * 32 + 5) * 100);
        check(
                "shfl.sync.up.b32 %r9|%p1, %r2, 3, 0, -1; @!%p1 add.u32 %r9, %r9, 1;",
                t -> t % 32 >= 3 ? (t - 3) * 100 : t * 100 + 1);
        check(
                "shfl.sync.down.b32 %r9|%p1, %r2, 3, 31, -1; @!%p1 add.u32 %r9, %r9, 1;",
                t -> t % 32 < 29 ? (t + 3) * 100 : t * 100 + 1);
        // Segments of 8: 24 << 8, and the last lane of a segment is 7.
        check(
                "shfl.sync.down.b32 %r9|%p1, %r2, 3, 6151, -1; @!%p1 add.u32 %r9, %r9, 1;",
                t -> t % 8 < 5 ? (t + 3) * 100 : t * 100 + 1);
        check(
                "shfl.sync.up.b32 %r9|%p1, %r2, 3, 6144, -1; @!%p1 add.u32 %r9, %r9, 1;",
                t -> t % 8 >= 3 ? (t - 3) * 100 : t * 100 + 1);
        check("shfl.sync.idx.b32 %r9|%p1, %r2, 9, 6151, -1;", t -> (t / 8 * 8 + 1) * 100);
        check(
                "shfl.sync.bfly.b32 %r9|%p1, %r2, 12, 6151, -1; @!%p1 add.u32 %r9, %r9, 1;",
                t -> t % 16 >= 8 ? (t ^ 12) * 100 : t * 100 + 1);
    }

    @Test
    void halvesOfAWarpShuffleAlone() {
        check("""
                and.b32 %r3, %r1, 31;
                setp.lt.u32 %p1, %r3, 16;
                selp.b32 %r4, 0x0000ffff, 0xffff0000, %p1;
                shfl.sync.bfly.b32 %r9|%p2, %r2, 8, 31, %r4;
                """, t -> (t ^ 8) * 100);
        check("""
                and.b32 %r3, %r1, 31;
                setp.lt.u32 %p1, %r3, 16;
                @%p1 bra $lower;
                shfl.sync.bfly.b32 %r9|%p2, %r2, 1, 31, 0xffff0000;
                bra $end;
                $lower:
                shfl.sync.bfly.b32 %r9|%p2, %r2, 2, 31, 0xffff;
                $end:
                """, t -> (t % 32 < 16 ? t ^ 2 : t ^ 1) * 100);
    }

    @Test
    void lanesVote() {
        var odd = "and.b32 %r3, %r1, 1; setp.ne.u32 %p1, %r3, 0; ";
        check(odd + "vote.sync.ballot.b32 %r9, %p1, -1;", t -> 0xaaaaaaaa);
        check(odd + "vote.sync.ballot.b32 %r9, !%p1, -1;", t -> 0x55555555);
        check(odd + "vote.sync.any.pred %p2, %p1, -1; selp.u32 %r9, 1, 0, %p2;", t -> 1);
        check(odd + "vote.sync.all.pred %p2, %p1, -1; selp.u32 %r9, 1, 0, %p2;", t -> 0);
        check(odd + "vote.sync.uni.pred %p2, %p1, -1; selp.u32 %r9, 1, 0, %p2;", t -> 0);
        check("setp.lt.u32 %p1, %r1, 32; vote.sync.uni.pred %p2, %p1, -1; selp.u32 %r9, 1, 0, %p2;", t -> 1);
        check("shr.u32 %r3, %r1, 4; match.any.sync.b32 %r9, %r3, -1;", t -> t % 32 < 16 ? 0xffff : 0xffff0000);
        check("shr.u32 %r3, %r1, 5; match.all.sync.b32 %r9|%p1, %r3, -1; @!%p1 mov.u32 %r9, 7;", t -> -1);
        check("cvt.u64.u32 %rd6, %r1; match.all.sync.b64 %r9|%p1, %rd6, -1; @!%p1 add.u32 %r9, %r9, 7;", t -> 7);
    }

    @Test
    void lanesReduce() {
        check("redux.sync.add.s32 %r9, %r1, -1;", t -> 31 * 16 + t / 32 * 32 * 32);
        check("sub.u32 %r3, %r1, 40; redux.sync.min.s32 %r9, %r3, -1;", t -> t / 32 * 32 - 40);
        check("sub.u32 %r3, %r1, 40; redux.sync.max.u32 %r9, %r3, -1;", t -> t < 32 ? -9 : -1);
        check("redux.sync.max.s32 %r9, %r1, -1;", t -> t / 32 * 32 + 31);
        check("redux.sync.or.b32 %r9, %r1, -1;", t -> t / 32 * 32 + 31);
        check("redux.sync.and.b32 %r9, %r1, -1;", t -> t / 32 * 32);
        check("redux.sync.xor.b32 %r9, %r1, -1;", t -> 0);
    }

    @Test
    void divergedLanesComeTogetherAgain() {
        check("""
                and.b32 %r3, %r1, 31;
                $loop:
                setp.eq.u32 %p1, %r3, 0;
                @%p1 bra $done;
                add.u32 %r9, %r9, %r3;
                sub.u32 %r3, %r3, 1;
                bra $loop;
                $done:
                shfl.sync.bfly.b32 %r9, %r9, 1, 31, -1;
                """, t -> (t % 32 ^ 1) * ((t % 32 ^ 1) + 1) / 2);
        check("""
                and.b32 %r3, %r1, 3;
                $targets: .branchtargets $zero, $one, $two, $three;
                brx.idx %r3, $targets;
                $zero: add.u32 %r9, %r9, 1;
                $one: add.u32 %r9, %r9, 10;
                $two: add.u32 %r9, %r9, 100;
                $three: activemask.b32 %r4; setp.eq.u32 %p1, %r4, 0; @%p1 mov.u32 %r9, 0;
                """, t -> new int[] {111, 110, 100, 0}[t % 4]);
    }

    @Test
    void specialRegistersSayWhereAThreadIs() {
        check("mov.u32 %r9, %laneid;", t -> t % 32);
        check("mov.u32 %r3, %tid.x; mov.u32 %r4, %ntid.x; mad.lo.u32 %r9, %r3, 1000, %r4;", t -> t * 1000 + 64);
        check("mov.u32 %r9, %lanemask_lt;", t -> (1 << t % 32) - 1);
        check("mov.u32 %r9, %lanemask_ge;", t -> -1 << t % 32);
        check("mov.u32 %r9, %lanemask_gt;", t -> t % 32 == 31 ? 0 : -2 << t % 32);
        check("mov.u32 %r9, %lanemask_le;", t -> t % 32 == 31 ? -1 : (2 << t % 32) - 1);
        check("mov.u32 %r9, %lanemask_eq;", t -> 1 << t % 32);
        check("mov.u32 %r3, %tid.y; mov.u32 %r4, %nctaid.y; add.u32 %r9, %r3, %r4;", t -> 1);
    }

    @Test
    void functionsAreCalled() {
        var function = """
                .func (.param .b32 result) sum(.param .b32 a, .param .b32 b)
                {
                    .reg .b32 %r<4>;
                    .reg .pred %p<2>;
                    ld.param.u32 %r1, [a];
                    ld.param.u32 %r2, [b];
                    setp.lt.u32 %p1, %r1, 3;
                    @%p1 bra $small;
                    add.u32 %r3, %r1, %r2;
                    st.param.b32 [result], %r3;
                    ret;
                    $small:
                    st.param.b32 [result], %r2;
                    ret;
                }
                """;
        var call = """
                {
                    .param .b32 x;
                    st.param.b32 [x], %r1;
                    .param .b32 y;
                    st.param.b32 [y], %r2;
                    .param .b32 z;
                    call.uni (z), sum, (x, y);
                    ld.param.b32 %r9, [z];
                }
                """;
        long[] values = Snippet.run(Snippet.kernel(function, PROLOGUE + call + call + EPILOGUE), 64, 64);
        for (int t = 0; t < 64; t++) assertThat(values[t]).isEqualTo(t < 3 ? t * 100 : t * 101);
        assertThatThrownBy(() -> Snippet.run(Snippet.kernel(PROLOGUE + call + EPILOGUE), 64, 64))
                .hasMessageContaining("unknown function sum");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "setp.lt.u32 %p1, %r1, 16; @%p1 exit; shfl.sync.bfly.b32 %r9, %r2, 1, 31, -1;| have exited: 0xffff",
                "setp.lt.u32 %p1, %r1, 16; @%p1 bra $end; shfl.sync.bfly.b32 %r9, %r2, 1, 31, -1; $end:| diverged",
                "setp.lt.u32 %p1, %r1, 16; @%p1 shfl.sync.bfly.b32 %r9, %r2, 1, 31, -1;| don't come",
                "shfl.sync.bfly.b32 %r9, %r2, 1, 31, 0x7fffffff;| not among the lanes of its own mask",
                "setp.lt.u32 %p1, %r1, 16; @%p1 shfl.sync.bfly.b32 %r9, %r2, 16, 31, 0xffff;| takes from lane 16, which takes no part",
                "setp.eq.u32 %p1, %r1, 7; vote.sync.ballot.b32 %r9, %p1, %r1;| not among the lanes of its own mask",
                "setp.lt.u32 %p1, %r1, 16; @%p1 exit; bar.warp.sync -1;| have exited",
                "setp.lt.u32 %p1, %r1, 16; @%p1 bra $end; redux.sync.add.s32 %r9, %r1, -1; $end:| don't come",
                "trap;| trap",
                "add.u32 %r3, %r1, 1; $t: .branchtargets $end; brx.idx %r3, $t; $end:| branches to target 1",
            })
    void lanesThatDontComeAreNamed(String body, String message) {
        assertThatThrownBy(() -> run(body.replace("$end:", "$end:\n"), 32))
                .isInstanceOf(Fault.class)
                .hasMessageContaining("kernel test, block (0, 0), thread ")
                .hasMessageContaining(message);
    }

    @Test
    void partOfAWarpIsNoFullWarp() {
        assertThat(run("shfl.sync.bfly.b32 %r9, %r2, 1, 31, 0xff;", 8))
                .containsExactly(100, 0, 300, 200, 500, 400, 700, 600);
        assertThatThrownBy(() -> run("shfl.sync.bfly.b32 %r9, %r2, 1, 31, -1;", 8))
                .hasMessageContaining("not there");
    }
}
