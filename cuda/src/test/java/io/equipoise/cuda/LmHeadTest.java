package io.equipoise.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.equipoise.kernels.KernelException;
import io.equipoise.kernels.Philox;
import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class LmHeadTest {
    private static final long SEED = 0xFEDCBA9876543210L;

    /** Two perturbed logits this close may come in either order. */
    private static final double ROUNDING = 1e-4;

    private static Matrix random(long rows, int columns, int gap, double scale, long seed) {
        var random = new Random(seed);
        var matrix = Matrix.allocate(DataType.BF16, rows, columns, columns + gap);
        for (long row = 0; row < rows; row++) {
            var values = new float[columns];
            for (int d = 0; d < columns; d++) values[d] = (float) (scale * random.nextGaussian());
            matrix.putRow(row, values);
        }
        return matrix;
    }

    private static double[] logits(float[] hidden, Matrix weight, double temperature) {
        var x = new double[(int) weight.rows()];
        for (int v = 0; v < x.length; v++) {
            float[] w = weight.row(v);
            for (int d = 0; d < w.length; d++) x[v] += (double) hidden[d] * w[d] / temperature;
        }
        return x;
    }

    private static double logSumExp(double[] x) {
        double max = IntStream.range(0, x.length).mapToDouble(v -> x[v]).max().orElseThrow();
        double sum = 0;
        for (double value : x) sum += Math.exp(value - max);
        return max + Math.log(sum);
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.cuda.Devices#all")
    void drawsTheLargestPerturbedLogit(Device device) {
        assertDrawsTheLargest(device, 1, 1, 1, 0);
        assertDrawsTheLargest(device, 7, 300, 40, 3);
        assertDrawsTheLargest(device, 65, 128, 32, 0);
        assertDrawsTheLargest(device, 70, 129, 33, 0);
        assertDrawsTheLargest(device, 3, 1271, 48, 8);
    }

    private static void assertDrawsTheLargest(Device device, int rows, int vocabulary, int depth, int gap) {
        double temperature = 0.7;
        long[] sequences = LongStream.range(0, rows).map(b -> b * 0x9E3779B97L).toArray();
        int[] positions = IntStream.range(0, rows).map(b -> b % 5).toArray();
        try (var hidden = random(rows, depth, gap, 1, 3);
                var weight = random(vocabulary, depth, gap, 0.5, 4);
                var token = Vector.i32(rows);
                var logProb = Vector.f32(rows);
                var sequence = Vector.of(sequences);
                var position = Vector.of(positions)) {
            new CudaKernels(device).lmHeadSample(token, logProb, hidden, weight, sequence, position, temperature, SEED);
            int[] tokens = token.toInts();
            float[] logProbs = logProb.toFloats();
            for (int b = 0; b < rows; b++) {
                double[] x = logits(hidden.row(b), weight, temperature);
                double best = Double.NEGATIVE_INFINITY;
                for (int v = 0; v < vocabulary; v++)
                    best = Math.max(best, perturbed(x[v], sequences[b], positions[b], v));
                int drawn = tokens[b];
                assertThat(drawn).isBetween(0, vocabulary - 1);
                assertThat(perturbed(x[drawn], sequences[b], positions[b], drawn))
                        .as("row %d drew %d", b, drawn)
                        .isCloseTo(best, within(ROUNDING));
                assertThat((double) logProbs[b]).isCloseTo(x[drawn] - logSumExp(x), within(ROUNDING));
            }
        }
    }

    private static double perturbed(double logit, long sequence, int position, int token) {
        double uniform = Philox.uniform(SEED, sequence, position, 1 + token);
        return logit - Math.log(-Math.log(uniform == 0 ? 0x1p-54 : uniform));
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.cuda.Devices#any")
    void aRowThatIsNoDistributionGivesNoToken(Device device) {
        float nan = Float.NaN;
        float infinity = Float.POSITIVE_INFINITY;
        try (var hidden = Matrix.allocate(DataType.BF16, 3, 2);
                var weight = random(200, 2, 0, 1, 5);
                var token = Vector.i32(3);
                var logProb = Vector.f32(3);
                var sequence = Vector.i64(3);
                var position = Vector.i32(3)) {
            hidden.putRow(0, nan, 1);
            hidden.putRow(1, 1, 1);
            hidden.putRow(2, infinity, 1);
            new CudaKernels(device).lmHeadSample(token, logProb, hidden, weight, sequence, position, 1, SEED);
            assertThat(token.toInts()[0]).isEqualTo(-1);
            assertThat(token.toInts()[1]).isBetween(0, 199);
            assertThat(token.toInts()[2]).isEqualTo(-1);
            assertThat(logProb.toFloats()[0]).isNaN();
            assertThat(logProb.toFloats()[2]).isNaN();
        }
    }

    @Test
    void otherTypesAndWidthsAreRefused() {
        try (var device = new RecordingDevice(80);
                var two = Matrix.allocate(DataType.BF16, 2, 4);
                var narrow = Matrix.allocate(DataType.BF16, 9, 3);
                var floats = Matrix.allocate(DataType.F32, 2, 4);
                var token = Vector.i32(2);
                var logProb = Vector.f32(2);
                var sequence = Vector.i64(2)) {
            var kernels = new CudaKernels(device);
            assertThatThrownBy(() -> kernels.lmHeadSample(token, logProb, two, narrow, sequence, token, 1, SEED))
                    .isInstanceOf(KernelException.class)
                    .hasMessage("lmHeadSample: weight is BF16 of width 3, wanted BF16 of width 4");
            assertThatThrownBy(() -> kernels.lmHeadSample(token, logProb, floats, two, sequence, token, 1, SEED))
                    .hasMessage("lmHeadSample: hidden is F32 of width 4, wanted BF16 of width 4");
        }
    }
}
