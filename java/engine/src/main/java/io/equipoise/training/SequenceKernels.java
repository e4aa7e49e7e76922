package io.equipoise.training;

import io.equipoise.kernels.EnergyStatistics;
import io.equipoise.kernels.Kernels;
import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import io.equipoise.target.EnergyBasedTarget;
import java.util.Arrays;

/** The kernels that work on whole sequences, from Java arrays to Java arrays. */
final class SequenceKernels {
    private final Kernels kernels;

    SequenceKernels(Kernels kernels) {
        this.kernels = kernels;
    }

    /**
     * What {@link Kernels#energy} says of B sequences.
     *
     * @param logTarget (B) log P, nats
     * @param logRatio (B) log ρ = log π − log q, nats
     * @param statistics the sums over all of them
     */
    record Energies(double[] logTarget, double[] logRatio, EnergyStatistics statistics) {}

    /** {@link #energies} of P itself. */
    Energies energies(
            EnergyBasedTarget target,
            double[][] phi,
            float[][] base,
            float[][] proposal,
            float[][] policy,
            double logZ) {
        return energies(target, phi, base, proposal, policy, new double[phi.length], logZ);
    }

    /**
     * Weighs B sequences under a target.
     *
     * @param phi (B, F)
     * @param base B ragged rows: log a of each generated token, nats
     * @param proposal log q in the same form
     * @param policy log π in the same form
     * @param logDivisor (B) log of what P is divided by, nats; zeros for P itself
     * @param logZ that the statistics are made with, nats
     * @throws ArithmeticException if a model gave a token NaN or the proposal gave one no probability; names the sequence
     */
    Energies energies(
            EnergyBasedTarget target,
            double[][] phi,
            float[][] base,
            float[][] proposal,
            float[][] policy,
            double[] logDivisor,
            double logZ) {
        int longest = Arrays.stream(base).mapToInt(row -> row.length).max().orElse(0);
        // What P is divided by is one more feature, whose λ is −1.
        double[] lambda = Arrays.copyOf(target.lambda(), target.lambda().length + 1);
        lambda[lambda.length - 1] = -1;
        try (var logTarget = Vector.f64(base.length);
                var logWeight = Vector.f64(base.length);
                var logRatio = Vector.f64(base.length);
                var statistics = Vector.f64(EnergyStatistics.SIZE);
                var ofBase = padded(base, longest);
                var ofProposal = padded(proposal, longest);
                var ofPolicy = padded(policy, longest);
                var features = Matrix.allocate(DataType.F64, phi.length, lambda.length);
                var parameters = Vector.of(lambda);
                var filter = Vector.of(target.filter(phi))) {
            for (int i = 0; i < phi.length; i++) {
                double[] row = Arrays.copyOf(phi[i], lambda.length);
                row[lambda.length - 1] = logDivisor[i];
                features.putRow(i, row);
            }
            kernels.energy(
                    logTarget,
                    logWeight,
                    logRatio,
                    statistics,
                    ofBase,
                    ofProposal,
                    ofPolicy,
                    features,
                    parameters,
                    filter,
                    logZ);
            check("log w", logWeight.toDoubles());
            check("log π − log q", logRatio.toDoubles());
            return new Energies(logTarget.toDoubles(), logRatio.toDoubles(), EnergyStatistics.read(statistics));
        }
    }

    /**
     * (B) coefficients.
     *
     * @param logPolicy (B) log π, nats
     */
    double[] coefficients(BatchCoefficients batch, double[] logPolicy) {
        try (var coefficient = Vector.f64(logPolicy.length);
                var value = Vector.of(batch.value());
                var proposal = Vector.of(batch.logProposal());
                var policy = Vector.of(logPolicy)) {
            kernels.coefficient(coefficient, value, proposal, policy, batch.rule());
            return coefficient.toDoubles();
        }
    }

    private static Matrix padded(float[][] rows, int columns) {
        var matrix = Matrix.allocate(DataType.F32, rows.length, columns);
        for (int i = 0; i < rows.length; i++) matrix.putRow(i, Arrays.copyOf(rows[i], columns));
        return matrix;
    }

    private static void check(String name, double[] values) {
        for (int i = 0; i < values.length; i++) {
            if (values[i] < Double.POSITIVE_INFINITY) continue;
            throw new ArithmeticException(name + " of sequence " + i + " is " + values[i]
                    + ", wanted a finite number or -Infinity; check the models' weights");
        }
    }
}
