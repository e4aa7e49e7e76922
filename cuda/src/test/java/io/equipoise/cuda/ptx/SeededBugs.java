package io.equipoise.cuda.ptx;

import static io.equipoise.cuda.ptx.Edits.all;
import static io.equipoise.cuda.ptx.Edits.before;
import static io.equipoise.cuda.ptx.Edits.first;
import static io.equipoise.cuda.ptx.Edits.nth;
import static io.equipoise.cuda.ptx.Edits.parameter;

import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** Bugs that the shipped kernels could have had, as changes of their PTX. */
final class SeededBugs {
    /** What is noticed is only that results are others. */
    static final String DIFFERS = "differs";

    private SeededBugs() {}

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
    static final String BARRIER = "bar\\.sync\\s+0;";
    private static final String SHUFFLE = "(shfl\\.sync\\.\\w+\\.b32\\s+[^;]*, )([^,;]+), ([^,;]+), ([^,;]+);";

    /** All of them. */
    static Stream<Bug> list() {
        return Stream.of(
                        tokenLogProb(),
                        sample(),
                        lmHead(),
                        energy(),
                        matchWords(),
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
                                        "out of bounds|differs")))
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

    private static Stream<Bug> energy() {
        var work = SeededWork.ENERGY;
        return Stream.of(
                new Bug("no barrier before the sums are merged", work, first(BARRIER, ""), "races|uninitialised"),
                new Bug(
                        "swapped operands of a difference",
                        work,
                        nth(1, "sub\\.f64\\s+(%fd\\d+), (%fd\\d+), (%fd\\d+);", "sub.f64 $1, $3, $2;"),
                        DIFFERS));
    }

    private static Stream<Bug> matchWords() {
        var work = SeededWork.MATCH_WORDS;
        return Stream.of(
                new Bug(
                        "a start before the tokens",
                        work,
                        first("max\\.s64(\\s+%rd\\d+, %rd\\d+), 0;", "mov.u64$1;"),
                        "out of bounds"),
                new Bug(
                        "an end after the tokens",
                        work,
                        first("min\\.s64(\\s+%rd\\d+, %rd\\d+), %rd\\d+;", "mov.u64$1;"),
                        "out of bounds"));
    }
}
