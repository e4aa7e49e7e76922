package io.equipoise.cuda.ptx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TensorCoreTest {
    private static final String PROLOGUE = """
            ld.param.u64 %rd1, [p0];
            ld.param.u64 %rd2, [p1];
            ld.param.u64 %rd3, [p2];
            ld.param.u64 %rd4, [p3];
            mov.u32 %r30, %tid.x;
            """;

    /** Bits of bf16 in [−1, 1), packed as memory has them. */
    private static long[] halves(Random random, int count, float[] values) {
        var packed = new long[count / 4];
        for (int i = 0; i < count; i++) {
            long bits = Format.BF16.encode(random.nextDouble() * 2 - 1, Rounding.NEAREST);
            values[i] = (float) Format.BF16.decode(bits);
            packed[i / 4] |= bits << (16 * (i % 4));
        }
        return packed;
    }

    private static float[] unpacked(long[] values) {
        var floats = new float[2 * values.length];
        for (int i = 0; i < floats.length; i++)
            floats[i] = Float.intBitsToFloat((int) (values[i / 2] >>> (32 * (i % 2))));
        return floats;
    }

    private static void checkProduct(float[] actual, float[] a, float[] b, float[] c, int n, boolean columns) {
        int m = actual.length / n;
        int depth = a.length / m;
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                double sum = c[i * n + j];
                for (int k = 0; k < depth; k++) sum += a[i * depth + k] * b[columns ? j * depth + k : k * n + j];
                assertThat((double) actual[i * n + j]).as("%d, %d", i, j).isCloseTo(sum, within(1e-6));
            }
        }
    }

    @Test
    void matricesAreMultipliedWhateverTheFragments() {
        for (var layout : new String[] {"row", "col"}) {
            var body = PROLOGUE + """
                    wmma.load.a.sync.aligned.row.m16n16k16.global.bf16 {%r1, %r2, %r3, %r4}, [%rd2], 16;
                    wmma.load.b.sync.aligned.LAYOUT.m16n16k16.global.bf16 {%r5, %r6, %r7, %r8}, [%rd3], 16;
                    wmma.load.c.sync.aligned.row.m16n16k16.global.f32 {%f1, %f2, %f3, %f4, %f5, %f6, %f7, %f8}, [%rd4], 16;
                    wmma.mma.sync.aligned.row.LAYOUT.m16n16k16.f32.bf16.bf16.f32
                        {%f1, %f2, %f3, %f4, %f5, %f6, %f7, %f8}, {%r1, %r2, %r3, %r4}, {%r5, %r6, %r7, %r8},
                        {%f1, %f2, %f3, %f4, %f5, %f6, %f7, %f8};
                    mov.u32 %r9, 16;
                    wmma.store.d.sync.aligned.row.m16n16k16.f32 [%rd1], {%f1, %f2, %f3, %f4, %f5, %f6, %f7, %f8}, %r9;
                    ret;
                    """.replace("LAYOUT", layout);
            var random = new Random(11);
            var a = new float[256];
            var b = new float[256];
            var c = new float[256];
            long[] left = halves(random, 256, a);
            long[] right = halves(random, 256, b);
            var add = new long[128];
            for (int i = 0; i < 256; i++) {
                c[i] = random.nextFloat();
                add[i / 2] |= (Float.floatToRawIntBits(c[i]) & 0xffffffffL) << (32 * (i % 2));
            }
            long[] result = Snippet.run(Snippet.kernel(body), 32, 128, left, right, add);
            checkProduct(unpacked(result), a, b, c, 16, layout.equals("col"));
            assertThatThrownBy(() -> Snippet.run(
                            Snippet.kernel(body.replace("[%rd2], 16", "[%rd2+8], 16")), 32, 128, left, right, add))
                    .hasMessageContaining("misaligned matrix");
            assertThatThrownBy(() -> Snippet.run(
                            Snippet.kernel(body.replace("[%rd2], 16", "[%rd2], 24")), 32, 128, left, right, add))
                    .hasMessageContaining("out of bounds");
        }
    }

    @Test
    void fragmentsOfMmaAreTheDocumentedOnes() {
        // Each lane loads its elements where the manual puts them: rows g and g + 8, columns 2t and 2t + 8.
        var body = PROLOGUE + """
                shr.u32 %r1, %r30, 2;
                and.b32 %r2, %r30, 3;
                mad.lo.u32 %r3, %r1, 8, %r2;
                mul.wide.u32 %rd5, %r3, 4;
                add.s64 %rd6, %rd2, %rd5;
                add.s64 %rd7, %rd3, %rd5;
                ld.global.u32 %r4, [%rd6];
                ld.global.u32 %r5, [%rd6+256];
                ld.global.u32 %r6, [%rd6+16];
                ld.global.u32 %r7, [%rd6+272];
                ld.global.u32 %r8, [%rd7];
                ld.global.u32 %r9, [%rd7+16];
                mov.f32 %f1, 0f00000000;
                mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
                    {%f2, %f3, %f4, %f5}, {%r4, %r5, %r6, %r7}, {%r8, %r9}, {%f1, %f1, %f1, %f1};
                mad.lo.u32 %r3, %r1, 4, %r2;
                mul.wide.u32 %rd5, %r3, 8;
                add.s64 %rd8, %rd1, %rd5;
                st.global.v2.f32 [%rd8], {%f2, %f3};
                st.global.v2.f32 [%rd8+256], {%f4, %f5};
                ret;
                """;
        var random = new Random(12);
        var a = new float[256];
        var b = new float[128];
        long[] result = Snippet.run(Snippet.kernel(body), 32, 64, halves(random, 256, a), halves(random, 128, b));
        checkProduct(unpacked(result), a, b, new float[128], 8, true);
        assertThatThrownBy(() -> Snippet.run(Snippet.kernel(body), 16, 64, new long[64], new long[32]))
                .hasMessageContaining("not there");
    }

    @Test
    void rowsOfMatricesGoToTheLanesThatMmaExpects() {
        var body = PROLOGUE + """
                mov.u32 %r1, tile;
                mad.lo.u32 %r2, %r30, 16, %r1;
                mul.wide.u32 %rd5, %r30, 16;
                add.s64 %rd6, %rd2, %rd5;
                ld.global.v2.u64 {%rd7, %rd8}, [%rd6];
                st.shared.v2.u64 [%r2], {%rd7, %rd8};
                bar.warp.sync -1;
                ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r3, %r4, %r5, %r6}, [%r2];
                ldmatrix.sync.aligned.m8n8.x1.trans.shared.b16 {%r7}, [%r2];
                add.s64 %rd6, %rd1, %rd5;
                st.global.v2.u32 [%rd6], {%r3, %r6};
                st.global.v2.u32 [%rd6+8], {%r7, %r4};
                ret;
                """;
        // Element e of the four matrices has the value e.
        var input = new long[64];
        Arrays.setAll(input, i -> 4L * i | (4L * i + 1) << 16 | (4L * i + 2) << 32 | (4L * i + 3) << 48);
        long[] result = Snippet.run(Snippet.kernel(".shared .align 16 .b8 tile[512];\n", body), 32, 64, input);
        for (int lane = 0; lane < 32; lane++) {
            int at = lane / 4 * 8 + lane % 4 * 2;
            assertThat((int) result[2 * lane]).isEqualTo(at | (at + 1) << 16);
            assertThat((int) (result[2 * lane] >>> 32)).isEqualTo((at + 192) | (at + 193) << 16);
            int across = lane % 4 * 16 + lane / 4;
            assertThat((int) result[2 * lane + 1]).isEqualTo(across | (across + 8) << 16);
        }
    }
}
