package io.equipoise.cuda.ptx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ParserTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "frobnicate.b32 %r1, %r2; unknown instruction frobnicate",
                "add.wrong.s32 %r1, %r2, 1; unknown modifier .wrong",
                "add.s32 %r1, %r2; expected 3 operands",
                "add.s32 %r1, %x, 1; unknown operand %x",
                "add.s32 %r40, %r2, 1; unknown register %r40",
                "add.s64 %rd1, %r2, 1; %r2 is not of 64 bits",
                "add.s32 %rd1, %r2, 1; is not of 32 bits",
                "mov.u32 %r1, %clock; unknown operand %clock",
                "mov.u32 %r1, 0d3FF0000000000000; constant of another width",
                "ld.global.made_up.u32 %r1, [%rd1]; unknown modifier .made_up",
                "ld.global.v4.u32 {%r1, %r2}, [%rd1]; not 4 registers",
                "st.const.u32 [%rd1], %r1; can't be written",
                "bra $nowhere; no label $nowhere",
                "@%r1 bra $nowhere; is not a predicate",
                "shfl.bfly.b32 %r1, %r2, 1, 31; only .sync",
                "cvt.rn.f32.f128 %f1, %f2; no type",
                "mov.b32 {%rs1, %rs2, %rs3}, %r1; can't be cut into 3",
                "wmma.load.a.sync.aligned.row.m16n16k16.f16 {%r1, %r2, %r3, %r4}, [%rd1]; bf16 with sums in f32",
                "mma.sync.aligned.m16n8k32.row.col.f32.bf16.bf16.f32 {%f1}, {%r1}, {%r1}, {%f1}; unknown shape",
            })
    void whatIsUnknownIsRefusedWithItsLine(String statement, String message) {
        assertThatThrownBy(() -> Snippet.run(Snippet.kernel("\n" + statement + ";\nret;"), 1, 1))
                .isInstanceOf(Fault.class)
                .hasMessageMatching("PTX line \\d+: .*")
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            value = {
                ".mystery 3~unknown directive .mystery",
                ".shared .align 4 .quad tile[4]~unknown type .quad",
                ".version nine~a number",
                "?~unknown character '?'",
                ".func f() .magic { ret; }~unknown directive .magic"
            })
    void directivesToo(String directive, String message) {
        assertThatThrownBy(
                        () -> Module.parse(".version 9.0\n" + directive + (directive.startsWith(".shared") ? ";" : "")))
                .isInstanceOf(Fault.class)
                .hasMessageMatching("PTX line 2: .*")
                .hasMessageContaining(message);
    }

    @Test
    void commentsAndSourceLinesSayNothing() {
        assertThat(Snippet.run(Snippet.kernel("""
                                // begin inline asm
                                .loc 1 20 3
                                ld.param.u64 %rd1, /* where
                                it goes */ [p0];
                                .pragma "nounroll";
                                mov.u64 %rd2, 0x10U;
                                { .reg .b64 %inner; mov.u64 %inner, 5; add.u64 %rd2, %rd2, %inner; }
                                st.global.u64 [%rd1+0], %rd2; ret;
                                """), 1, 1)).containsExactly(21);
    }

    @Test
    void everyInstructionIsTried() throws IOException {
        var tried = new HashSet<String>();
        try (var files = Files.list(Path.of("src/test/java/io/equipoise/cuda/ptx"))) {
            for (var file :
                    files.filter(path -> path.toString().endsWith("Test.java")).toList()) {
                for (var opcode : Opcodes.all()) {
                    if (Files.readString(file).matches("(?s).*[\\s\";}]" + opcode + "(?:[.;]|\\s[%$]).*"))
                        tried.add(opcode);
                }
            }
        }
        assertThat(Opcodes.all()).allMatch(tried::contains);
    }
}
