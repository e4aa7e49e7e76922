package io.equipoise.kernels;

import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.util.Arrays;
import java.util.Random;

/** What the energy kernel reads: ragged rows of token log-probabilities, and the target. */
@SuppressWarnings("ArrayRecordComponent") // never compared as a whole
record EnergyCase(float[][] base, float[][] proposal, float[][] policy, double[][] phi, double[] lambda, int[] filter) {

    /** A batch of one token a sequence, without features. */
    static EnergyCase of(float[] base, float[] proposal, float[] policy) {
        var filter = new int[base.length];
        Arrays.fill(filter, 1);
        return new EnergyCase(
                single(base), single(proposal), single(policy), new double[base.length][0], new double[0], filter);
    }

    private static float[][] single(float[] values) {
        var rows = new float[values.length][];
        for (int i = 0; i < rows.length; i++) rows[i] = new float[] {values[i]};
        return rows;
    }

    static EnergyCase random(int sequences, int tokens, int features, long seed) {
        var random = new Random(seed);
        var base = new float[sequences][];
        var proposal = new float[sequences][];
        var policy = new float[sequences][];
        var phi = new double[sequences][features];
        var filter = new int[sequences];
        for (int i = 0; i < sequences; i++) {
            int length = random.nextInt(tokens + 1);
            base[i] = new float[length];
            proposal[i] = new float[length];
            policy[i] = new float[length];
            for (int t = 0; t < length; t++) {
                base[i][t] = (float) -Math.abs(2 * random.nextGaussian());
                proposal[i][t] = base[i][t] + (float) (0.2 * random.nextGaussian());
                policy[i][t] = base[i][t] + (float) (0.2 * random.nextGaussian());
            }
            for (int f = 0; f < features; f++) phi[i][f] = random.nextGaussian();
            filter[i] = random.nextInt(4) == 0 ? 0 : 1;
        }
        var lambda = random.doubles(features, -2, 2).toArray();
        return new EnergyCase(base, proposal, policy, phi, lambda, filter);
    }

    int longest() {
        return Arrays.stream(base).mapToInt(row -> row.length).max().orElse(0);
    }

    @SuppressWarnings("ArrayRecordComponent") // compared element by element
    record Result(double[] logTarget, double[] logWeight, double[] logRatio, double[] statistics) {
        EnergyStatistics sums() {
            try (var vector = Vector.of(statistics)) {
                return EnergyStatistics.read(vector);
            }
        }
    }

    Result run(Kernels kernels, double logZ) {
        return run(kernels, logZ, longest(), 0);
    }

    /** With rows padded to {@code columns}, and a gap of NaN after each. */
    Result run(Kernels kernels, double logZ, int columns, int gap) {
        int sequences = base.length;
        var stale = new double[sequences];
        Arrays.fill(stale, Double.NaN);
        try (var logTarget = Vector.of(stale);
                var logWeight = Vector.of(stale);
                var logRatio = Vector.of(stale);
                var statistics = Vector.f64(EnergyStatistics.SIZE);
                var base = padded(this.base, columns, gap);
                var proposal = padded(this.proposal, columns, 2 * gap);
                var policy = padded(this.policy, columns, 3 * gap);
                var phi = features(this.phi, this.lambda.length, gap);
                var lambda = Vector.of(this.lambda);
                var filter = Vector.of(this.filter)) {
            kernels.energy(
                    logTarget, logWeight, logRatio, statistics, base, proposal, policy, phi, lambda, filter, logZ);
            return new Result(
                    logTarget.toDoubles(), logWeight.toDoubles(), logRatio.toDoubles(), statistics.toDoubles());
        }
    }

    /** Rows padded with zeros to {@code columns}, and the gap after them with NaN. */
    private static Matrix padded(float[][] rows, int columns, int gap) {
        var matrix = Matrix.allocate(DataType.F32, rows.length, columns, columns + gap);
        var whole = Matrix.borrow(DataType.F32, matrix.address(), rows.length, columns + gap, columns + gap);
        for (int i = 0; i < rows.length; i++) {
            float[] row = Arrays.copyOf(rows[i], columns + gap);
            Arrays.fill(row, columns, columns + gap, Float.NaN);
            whole.putRow(i, row);
        }
        return matrix;
    }

    private static Matrix features(double[][] rows, int columns, int gap) {
        var matrix = Matrix.allocate(DataType.F64, rows.length, columns, columns + gap);
        var whole = Matrix.borrow(DataType.F64, matrix.address(), rows.length, columns + gap, columns + gap);
        for (int i = 0; i < rows.length; i++) {
            double[] row = Arrays.copyOf(rows[i], columns + gap);
            Arrays.fill(row, columns, columns + gap, Double.NaN);
            whole.putRow(i, row);
        }
        return matrix;
    }
}
