package io.equipoise.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.equipoise.kernels.ReferenceKernels;
import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Chunk by chunk as in one go, wherever the vocabulary is cut. */
class ChunkedLogProbTest {
    private static final int ROWS = 7;
    private static final int VOCABULARY = 1271;

    private static float[][] logits(long seed) {
        var random = new Random(seed);
        var rows = new float[ROWS][VOCABULARY];
        for (var row : rows) {
            for (int v = 0; v < VOCABULARY; v++) row[v] = (float) (3 * random.nextGaussian());
        }
        rows[1][300] = Float.NaN;
        Arrays.fill(rows[2], 0, 700, Float.NEGATIVE_INFINITY);
        Arrays.fill(rows[3], Float.NEGATIVE_INFINITY);
        rows[3][1270] = 5;
        rows[4][0] = Float.POSITIVE_INFINITY;
        for (int v = 600; v < VOCABULARY; v++) rows[6][v] += 9000;
        return rows;
    }

    private static float[][] results(Vector... vectors) {
        return Arrays.stream(vectors).map(Vector::toFloats).toArray(float[][]::new);
    }

    private static void fill(Matrix matrix, float[][] rows, int from) {
        for (int n = 0; n < ROWS; n++) {
            matrix.putRow(n, Arrays.copyOfRange(rows[n], from, from + (int) matrix.columns()));
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.cuda.Devices#all")
    void isTheWholes(Device device) {
        long seed = 19;
        float[][] rows = logits(seed);
        var kernels = new CudaKernels(device);
        for (var type : new DataType[] {DataType.F32, DataType.BF16, DataType.F16}) {
            try (var whole = Matrix.allocate(type, ROWS, VOCABULARY);
                    var token = Vector.of(0, 5, 800, 1270, 77, -1, 699);
                    var logProb = Vector.f32(ROWS);
                    var logSumExp = Vector.f32(ROWS);
                    var entropy = Vector.f32(ROWS)) {
                fill(whole, rows, 0);
                new ReferenceKernels().tokenLogProb(logProb, logSumExp, entropy, whole, token, 1);
                float[][] wanted = results(logProb, logSumExp, entropy);
                for (int width : new int[] {VOCABULARY, 1270, 635, 256, 97}) {
                    var chunks = new ArrayList<Matrix>();
                    for (int from = 0; from < VOCABULARY; from += width) {
                        int columns = Math.min(width, VOCABULARY - from);
                        var chunk = Matrix.allocate(type, ROWS, columns, columns + from % 4);
                        fill(chunk, rows, from);
                        chunks.add(chunk);
                    }
                    kernels.tokenLogProb(logProb, logSumExp, entropy, chunks, token, VOCABULARY);
                    assertSame(results(logProb, logSumExp, entropy), wanted, type + " by " + width + ", seed " + seed);
                    chunks.forEach(Matrix::close);
                }
            }
        }
    }

    private static void assertSame(float[][] actual, float[][] wanted, String of) {
        for (int k = 0; k < wanted.length; k++) {
            for (int n = 0; n < ROWS; n++) {
                String what = List.of("logProb", "logSumExp", "entropy").get(k) + " of row " + n + ", " + of;
                if (!Float.isFinite(wanted[k][n])) {
                    assertThat((Float) actual[k][n]).as(what).isEqualTo((Float) wanted[k][n]);
                } else {
                    double tolerance = 2 * Math.ulp(wanted[k][n]) + 5e-6;
                    assertThat((double) actual[k][n]).as(what).isCloseTo(wanted[k][n], within(tolerance));
                }
            }
        }
    }
}
