package io.equipoise.cuda;

import io.equipoise.kernels.Philox;
import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.util.Arrays;
import java.util.Random;

/**
 * Hidden states and an LM head's weight, bf16, and the draws from them: on a device, and by the formula in float64.
 *
 * @param hidden (B, D), what bf16 can hold
 * @param weight (V, D), what bf16 can hold
 * @param sequence (B)
 * @param position (B)
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record HeadBatch(float[][] hidden, float[][] weight, long[] sequence, int[] position, double temperature, long seed) {
    private static final int STATE_BYTES = 16;

    static HeadBatch random(int rows, int columns, int depth, double temperature, long seed) {
        var random = new Random(seed);
        var sequence = new long[rows];
        var position = new int[rows];
        for (int b = 0; b < rows; b++) {
            sequence[b] = random.nextLong();
            position[b] = random.nextInt(1000);
        }
        var hidden = gaussian(random, rows, depth, 1);
        var weight = gaussian(random, columns, depth, 3 / Math.sqrt(depth + 1));
        return new HeadBatch(hidden, weight, sequence, position, temperature, random.nextLong());
    }

    private static float[][] gaussian(Random random, int rows, int columns, double scale) {
        var matrix = new float[rows][columns];
        for (var row : matrix) {
            // Seven bits and a sign are bf16's.
            for (int i = 0; i < columns; i++) row[i] = truncated((float) (scale * random.nextGaussian()));
        }
        return matrix;
    }

    private static float truncated(float value) {
        return Float.intBitsToFloat(Float.floatToRawIntBits(value) & 0xFFFF0000);
    }

    /** Those rows alone. */
    HeadBatch rows(int... which) {
        var some = new float[which.length][];
        var sequences = new long[which.length];
        var positions = new int[which.length];
        for (int i = 0; i < which.length; i++) {
            some[i] = hidden[which[i]];
            sequences[i] = sequence[which[i]];
            positions[i] = position[which[i]];
        }
        return new HeadBatch(some, weight, sequences, positions, temperature, seed);
    }

    /** What was drawn; −1 and NaN where nothing could be. */
    @SuppressWarnings("ArrayRecordComponent") // compared element by element
    record Draws(int[] token, float[] logProb) {}

    /**
     * The draws of {@code lm_head_sample}.
     *
     * @param gap elements after each row, NaN; where depth and gap make a multiple of 8, rows can be aligned to 16 bytes
     * @param offset bytes by which the matrices start past an aligned address
     */
    Draws run(Device device, int gap, int offset) {
        int rows = hidden.length;
        int columns = weight.length;
        int depth = weight[0].length;
        var tiling = new LmHeadModel(rows, columns, Math.max(1, depth));
        long tiles = tiling.columnTiles();
        String ptx = CudaKernels.ptx("lm_head_sample", device.architecture());
        try (var token = new Buffer(device, 4L * rows);
                var logProb = new Buffer(device, 4L * rows);
                var state = new Buffer(device, STATE_BYTES * tiles * rows);
                var states = new Buffer(device, 2L * rows * (depth + gap) + offset);
                var weights = new Buffer(device, 2L * columns * (depth + gap) + offset);
                var sequences = new Buffer(device, 8L * rows);
                var positions = new Buffer(device, 4L * rows);
                var sequenceHere = Vector.of(sequence);
                var positionHere = Vector.of(position);
                var tokenHere = Vector.i32(rows);
                var logProbHere = Vector.f32(rows)) {
            copy(device, states.address + offset, hidden, gap);
            copy(device, weights.address + offset, weight, gap);
            device.copyToDevice(sequences.address, sequenceHere.address(), 8L * rows);
            device.copyToDevice(positions.address, positionHere.address(), 4L * rows);
            device.launch(
                    device.kernel(ptx, "lm_head_sample_bf16_kernel"),
                    new Device.Grid(tiles, Math.toIntExact(tiling.rowTiles()), 256),
                    state.address,
                    states.address + offset,
                    weights.address + offset,
                    sequences.address,
                    positions.address,
                    (long) rows,
                    (long) columns,
                    (long) depth,
                    (long) depth + gap,
                    (long) depth + gap,
                    Launcher.reciprocal(temperature),
                    seed);
            device.launch(
                    device.kernel(ptx, "lm_head_sample_merge_kernel"),
                    Device.Grid.of(rows, 256),
                    token.address,
                    logProb.address,
                    state.address,
                    sequences.address,
                    positions.address,
                    tiles,
                    seed);
            device.copyToHost(tokenHere.address(), token.address, 4L * rows);
            device.copyToHost(logProbHere.address(), logProb.address, 4L * rows);
            return new Draws(tokenHere.toInts(), logProbHere.toFloats());
        }
    }

    private static void copy(Device device, long address, float[][] rows, int gap) {
        int columns = rows[0].length + gap;
        try (var matrix = Matrix.allocate(DataType.BF16, rows.length, columns)) {
            for (int i = 0; i < rows.length; i++) {
                var padded = new float[columns];
                Arrays.fill(padded, Float.NaN);
                System.arraycopy(rows[i], 0, padded, 0, rows[i].length);
                matrix.putRow(i, padded);
            }
            device.copyToDevice(address, matrix.address(), 2L * rows.length * columns);
        }
    }

    /** Memory of a device. */
    private static final class Buffer implements AutoCloseable {
        private final Device device;
        final long address;

        Buffer(Device device, long bytes) {
            this.device = device;
            this.address = device.allocate(Math.max(1, bytes));
        }

        @Override
        public void close() {
            device.free(address);
        }
    }

    /**
     * A row by the formula, float64: what its draw is compared with.
     *
     * @param x (V) logits / temperature
     * @param perturbed (V) x plus the noise
     * @param rounding (V) how far f32 may be from either
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Row(double[] x, double[] perturbed, double[] rounding) {
        int best() {
            int best = 0;
            for (int v = 1; v < x.length; v++) if (perturbed[v] > perturbed[best]) best = v;
            return best;
        }

        double logSumExp() {
            double max = Double.NEGATIVE_INFINITY;
            for (double value : x) max = Math.max(max, value);
            double sum = 0;
            for (double value : x) sum += Math.exp(value - max);
            return max + Math.log(sum);
        }
    }

    Row formula(int b) {
        int columns = weight.length;
        var x = new double[columns];
        var perturbed = new double[columns];
        var rounding = new double[columns];
        for (int v = 0; v < columns; v++) {
            double absolute = 0;
            for (int d = 0; d < weight[v].length; d++) {
                double product = (double) hidden[b][d] * weight[v][d];
                x[v] += product;
                absolute += Math.abs(product);
            }
            x[v] /= temperature;
            double noise = gumbel(seed, sequence[b], position[b], 1 + v);
            perturbed[v] = x[v] + noise;
            // A rounding for each of D products' sums; temperature and noise are a few more, of what they are applied
            // to.
            rounding[v] = 0x1p-24
                    * (2 * weight[v].length * absolute / temperature
                            + 4 * (1 + Math.abs(x[v]) + Math.abs(noise) + Math.abs(perturbed[v])));
        }
        return new Row(x, perturbed, rounding);
    }

    /** −log(−log u), u = the uniform number + 2⁻⁵⁴, by the end that u is nearer to. */
    static double gumbel(long seed, long sequence, int position, int draw) {
        double uniform = Philox.uniform(seed, sequence, position, draw);
        double logarithm = uniform < 0.5 ? Math.log(uniform + 0x1p-54) : Math.log1p(-(1 - uniform - 0x1p-54));
        return -Math.log(-logarithm);
    }
}
