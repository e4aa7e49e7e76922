package io.equipoise.cuda.ptx;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class BitsTest {
    @Test
    void logic() {
        Table.binary("and.b32 %d, %a, %b;", "b32 b32 b32", (a, b) -> a & b);
        Table.binary("or.b64 %d, %a, %b;", "b64 b64 b64", (a, b) -> a | b);
        Table.binary("xor.b16 %d, %a, %b;", "b16 b16 b16", (a, b) -> a ^ b);
        Table.unary("not.b64 %d, %a;", "b64 b64", a -> ~a);
        Table.unary("not.b32 %d, %a;", "b32 b32", a -> ~a);
        Table.unary("cnot.b32 %d, %a;", "b32 b32", a -> a == 0 ? 1 : 0);
        Table.ternary("lop3.b32 %d, %a, %b, %c, 0xca;", "b32 b32 b32 b32", (a, b, c) -> (a & b) | (~a & c));
        Table.ternary("lop3.b32 %d, %a, %b, %c, 0x96;", "b32 b32 b32 b32", (a, b, c) -> a ^ b ^ c);
    }

    @Test
    void predicateLogic() {
        Table.binary(
                """
                setp.ne.u32 %p1, %a, 0; setp.ne.u32 %p2, %b, 0;
                and.pred %p3, %p1, %p2; or.pred %p4, %p1, %p2; xor.pred %p5, %p1, %p2; not.pred %p6, %p1;
                selp.u32 %d, 1, 0, %p3; selp.u32 %r1, 2, 0, %p4; selp.u32 %r2, 4, 0, %p5; selp.u32 %r3, 8, 0, %p6;
                mov.pred %p7, !%p2; selp.u32 %r4, 16, 0, %p7; mov.pred %p7, -1; selp.u32 %r5, 32, 0, %p7;
                or.b32 %d, %d, %r1; or.b32 %d, %d, %r2; or.b32 %d, %d, %r3; or.b32 %d, %d, %r4; or.b32 %d, %d, %r5;
                """,
                "u32 u32 u32",
                (a, b) -> (a != 0 && b != 0 ? 1 : 0)
                        | (a != 0 || b != 0 ? 2 : 0)
                        | (a != 0 ^ b != 0 ? 4 : 0)
                        | (a == 0 ? 8 : 0)
                        | (b == 0 ? 16 : 0)
                        | 32);
    }

    @Test
    void shiftsPastTheWidthGiveZerosOrSigns() {
        Table.binary("shl.b32 %d, %a, %b;", "b32 b32 u32", (a, b) -> b > 31 ? 0 : a << b);
        Table.binary("shl.b64 %d, %a, %b;", "b64 b64 u32", (a, b) -> b > 63 ? 0 : a << b);
        Table.binary("shl.b16 %d, %a, %b;", "b16 b16 u32", (a, b) -> b > 15 ? 0 : a << b);
        Table.binary("shr.u32 %d, %a, %b;", "u32 u32 u32", (a, b) -> b > 31 ? 0 : a >>> b);
        Table.binary("shr.b64 %d, %a, %b;", "b64 b64 u32", (a, b) -> b > 63 ? 0 : a >>> b);
        Table.binary("shr.s32 %d, %a, %b;", "s32 s32 u32", (a, b) -> (int) a >> Math.min(b, 31));
        Table.binary("shr.s64 %d, %a, %b;", "s64 s64 u32", (a, b) -> a >> Math.min(b, 63));
        Table.binary("shr.s16 %d, %a, %b;", "s16 s16 u32", (a, b) -> (short) a >> Math.min(b, 31));
    }

    @Test
    void funnelShifts() {
        Table.ternary(
                "shf.l.wrap.b32 %d, %a, %b, %c;",
                "b32 b32 b32 u32", (a, b, c) -> (b << (c & 31)) | ((c & 31) == 0 ? 0 : a >>> (32 - (c & 31))));
        Table.ternary(
                "shf.r.wrap.b32 %d, %a, %b, %c;",
                "b32 b32 b32 u32", (a, b, c) -> (a >>> (c & 31)) | ((c & 31) == 0 ? 0 : b << (32 - (c & 31))));
        Table.ternary(
                "shf.r.clamp.b32 %d, %a, %b, %c;",
                "b32 b32 b32 u32", (a, b, c) -> c > 31 ? b : (a >>> c) | (c == 0 ? 0 : b << (32 - c)));
        Table.ternary(
                "shf.l.clamp.b32 %d, %a, %b, %c;",
                "b32 b32 b32 u32", (a, b, c) -> c > 31 ? a : (b << c) | (c == 0 ? 0 : a >>> (32 - c)));
    }

    @Test
    void bytesArePicked() {
        assertThat(Snippet.evaluate(
                        "prmt.b32 %d, %a, %b, %c;",
                        "b32 b32 b32 b32",
                        new long[] {0x33221100L, 0x33221100L, 0x83828180L, 0x7fL},
                        new long[] {0x77665544L, 0x77665544L, 0L, 0x80L},
                        new long[] {0x7654, 0x0246, 0xba98, 0x4c88}))
                .containsExactly(0x77665544L, 0x00224466L, 0xffffffffL, 0x80ff0000L);
    }

    @Test
    void fieldsOfBits() {
        Table.ternary(
                "bfe.u32 %d, %a, %b, %c;",
                "u32 u32 u32 u32", (a, b, c) -> {
                    long p = b & 255;
                    long n = c & 255;
                    return p > 31 ? 0 : (a >>> p) & (n > 31 ? 0xffffffffL : (1L << n) - 1);
                });
        Table.ternary("bfe.s32 %d, %a, %b, %c;", "s32 s32 u32 u32", (a, b, c) -> extracted(a, b, c, 32));
        Table.ternary("bfe.s64 %d, %a, %b, %c;", "s64 s64 u32 u32", (a, b, c) -> extracted(a, b, c, 64));
        Table.ternary("bfi.b32 %d, %a, %b, %c, 5;", "b32 b32 b32 u32", (a, b, c) -> inserted(a, b, c, 5, 32));
        Table.ternary("bfi.b64 %d, %a, %b, %c, 40;", "b64 b64 b64 u32", (a, b, c) -> inserted(a, b, c, 40, 64));
    }

    /** As the PTX manual has it, bit by bit. */
    private static long extracted(long a, long b, long c, int width) {
        int p = (int) (b & 255);
        int n = (int) (c & 255);
        long sign = n == 0 ? 0 : a >>> Math.min(p + n - 1, width - 1) & 1;
        long result = 0;
        for (int i = 0; i < width; i++) result |= (i < n && p + i < width ? a >>> (p + i) & 1 : sign) << i;
        return result;
    }

    private static long inserted(long a, long b, long c, int n, int width) {
        int p = (int) (c & 255);
        long result = b;
        for (int i = 0; i < n && p + i < width; i++) result = (result & ~(1L << (p + i))) | (a >>> i & 1) << (p + i);
        return result;
    }

    @Test
    void bitsAreCounted() {
        Table.unary("popc.b32 %d, %a;", "u32 b32", Long::bitCount);
        Table.unary("popc.b64 %d, %a;", "u32 b64", Long::bitCount);
        Table.unary("clz.b32 %d, %a;", "u32 b32", a -> Integer.numberOfLeadingZeros((int) a));
        Table.unary("clz.b64 %d, %a;", "u32 b64", Long::numberOfLeadingZeros);
        Table.unary("brev.b32 %d, %a;", "b32 b32", a -> Integer.reverse((int) a));
        Table.unary("brev.b64 %d, %a;", "b64 b64", Long::reverse);
        Table.unary("bfind.u32 %d, %a;", "u32 u32", a -> 31 - Integer.numberOfLeadingZeros((int) a));
        Table.unary(
                "bfind.s32 %d, %a;",
                "u32 s32", a -> 31 - Integer.numberOfLeadingZeros((int) a < 0 ? ~(int) a : (int) a));
        Table.unary("bfind.shiftamt.u32 %d, %a;", "u32 u32", a -> a == 0 ? -1 : Integer.numberOfLeadingZeros((int) a));
    }
}
