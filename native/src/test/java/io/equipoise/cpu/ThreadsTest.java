package io.equipoise.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.equipoise.kernels.AdamRule;
import io.equipoise.kernels.CoefficientRule;
import io.equipoise.kernels.EnergyStatistics;
import io.equipoise.kernels.Truncation;
import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Bit for bit the same results with any number of threads, with fewer rows than threads and with more. */
class ThreadsTest {
    private static final int COLUMNS = 20_011;

    @AfterEach
    void restore() {
        CpuOperations.setThreads(Runtime.getRuntime().availableProcessors());
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.cpu.InstructionSet#supported")
    void theirNumberChangesNothing(InstructionSet set) {
        var kernels = new CpuKernels(set);
        for (int rows : new int[] {1, 3, 13}) {
            CpuOperations.setThreads(1);
            var alone = run(kernels, rows);
            for (int threads : new int[] {2, 3, 8}) {
                CpuOperations.setThreads(threads);
                assertThat(run(kernels, rows))
                        .as("%d rows, %d threads", rows, threads)
                        .isEqualTo(alone);
            }
        }
    }

    /** Any number of threads, any order of the rows, any distance between them. */
    @ParameterizedTest
    @MethodSource("io.equipoise.cpu.InstructionSet#supported")
    void aRowsResultsDependOnNothingButTheRow(InstructionSet set) {
        var kernels = new CpuKernels(set);
        long seed = new Random().nextLong();
        var random = new Random(seed);
        for (int instance = 0; instance < 25; instance++) {
            var types = new DataType[] {DataType.F32, DataType.BF16, DataType.F16};
            var type = types[random.nextInt(types.length)];
            int columns = 1 + random.nextInt(random.nextBoolean() ? 600 : COLUMNS);
            int rows = 1 + random.nextInt(12);
            var order = new ArrayList<>(IntStream.range(0, rows).boxed().toList());
            Collections.shuffle(order, random);
            int[] inOrder = IntStream.range(0, rows).toArray();
            int[] shuffled = order.stream().mapToInt(row -> row).toArray();
            try (var logits = Matrix.allocate(type, rows, columns)) {
                for (int row = 0; row < rows; row++) logits.putRow(row, gaussian(columns, random));
                CpuOperations.setThreads(1 + random.nextInt(8));
                var wanted = rowResults(kernels, logits, inOrder, columns);
                CpuOperations.setThreads(1 + random.nextInt(8));
                var actual = rowResults(kernels, logits, shuffled, columns + random.nextInt(40));
                for (int i = 0; i < rows; i++) {
                    assertThat(actual.get(i))
                            .as("seed %d, instance %d, row %d", seed, instance, shuffled[i])
                            .isEqualTo(wanted.get(shuffled[i]));
                }
            }
        }
    }

    private static float[] gaussian(int columns, Random random) {
        var x = new float[columns];
        for (int v = 0; v < columns; v++) x[v] = (float) (2 * random.nextGaussian());
        return x;
    }

    /** What sample, tokenLogProb and gradient write for each of the rows, laid out in that order with that stride. */
    private static List<String> rowResults(CpuKernels kernels, Matrix source, int[] order, int stride) {
        int rows = order.length;
        try (var logits = Matrix.allocate(source.type(), rows, source.columns(), stride);
                var token = Vector.i32(rows);
                var drawn = Vector.f32(rows);
                var logProb = Vector.f32(rows);
                var logSumExp = Vector.f32(rows);
                var entropy = Vector.f32(rows);
                var sequence = Vector.i64(rows);
                var position = Vector.of(order)) {
            for (int i = 0; i < rows; i++) logits.putRow(i, source.row(order[i]));
            sequence.put(
                    Arrays.stream(order).asLongStream().map(row -> row << 33).toArray());
            kernels.sample(token, drawn, logits, sequence, position, 0.9, Truncation.NONE, 6);
            kernels.tokenLogProb(logProb, logSumExp, entropy, logits, token, 1);
            kernels.gradient(logits, logSumExp, token, logProb);
            var results = new ArrayList<String>();
            for (int i = 0; i < rows; i++) {
                results.add(token.toInts()[i] + " " + drawn.toFloats()[i] + " " + logProb.toFloats()[i] + " "
                        + logSumExp.toFloats()[i] + " " + entropy.toFloats()[i] + Arrays.toString(logits.row(i)));
            }
            return results;
        }
    }

    /** The bits of everything that every operation writes. */
    private static List<String> run(CpuKernels kernels, int rows) {
        var results = new ArrayList<String>();
        var random = new Random(rows);
        try (var logits = Matrix.allocate(DataType.F32, rows, COLUMNS);
                var token = Vector.i32(rows);
                var logProb = Vector.f32(rows);
                var logSumExp = Vector.f32(rows);
                var entropy = Vector.f32(rows);
                var sequence = Vector.i64(rows);
                var position = Vector.i32(rows)) {
            for (int row = 0; row < rows; row++) {
                logits.putRow(row, gaussian(COLUMNS, random));
            }
            sequence.put(random.longs(rows).toArray());
            kernels.sample(token, logProb, logits, sequence, position, 0.9, new Truncation(0, 0.7), 5);
            results.add(Arrays.toString(token.toInts()) + Arrays.toString(logProb.toFloats()));
            kernels.sample(token, logProb, logits, sequence, position, 0.9, Truncation.NONE, 5);
            results.add(Arrays.toString(token.toInts()) + Arrays.toString(logProb.toFloats()));
            kernels.tokenLogProb(logProb, logSumExp, entropy, logits, token, 1);
            results.add(Arrays.toString(logProb.toFloats()) + Arrays.toString(logSumExp.toFloats()));
            results.add(Arrays.toString(entropy.toFloats()));
            kernels.gradient(logits, logSumExp, token, logProb);
            for (int row = 0; row < rows; row++) results.add(Arrays.toString(logits.row(row)));
        }
        results.add(adam(kernels, rows * COLUMNS, random));
        // As many sequences as make work for several threads, and a last block that isn't full.
        results.add(energy(kernels, 1000 * rows + 7, random));
        results.add(coefficient(kernels, 1000 * rows + 7, random));
        return results;
    }

    private static String energy(CpuKernels kernels, int sequences, Random random) {
        int tokens = 20;
        try (var logTarget = Vector.f64(sequences);
                var logWeight = Vector.f64(sequences);
                var logRatio = Vector.f64(sequences);
                var statistics = Vector.f64(EnergyStatistics.SIZE);
                var base = Matrix.allocate(DataType.F32, sequences, tokens);
                var proposal = Matrix.allocate(DataType.F32, sequences, tokens);
                var policy = Matrix.allocate(DataType.F32, sequences, tokens);
                var phi = Matrix.allocate(DataType.F64, sequences, 1);
                var lambda = Vector.of(0.7);
                var filter = Vector.of(random.ints(sequences, 0, 2).toArray())) {
            for (int i = 0; i < sequences; i++) {
                for (var matrix : List.of(base, proposal, policy)) {
                    var row = new float[tokens];
                    for (int t = 0; t < tokens; t++) row[t] = (float) -random.nextDouble();
                    matrix.putRow(i, row);
                }
                phi.putRow(i, random.nextGaussian());
            }
            kernels.energy(
                    logTarget, logWeight, logRatio, statistics, base, proposal, policy, phi, lambda, filter, 0.1);
            return Arrays.toString(logTarget.toDoubles())
                    + Arrays.toString(logWeight.toDoubles())
                    + Arrays.toString(logRatio.toDoubles())
                    + Arrays.toString(statistics.toDoubles());
        }
    }

    private static String coefficient(CpuKernels kernels, int sequences, Random random) {
        try (var coefficient = Vector.f64(sequences);
                var target = Vector.of(random.doubles(sequences, -9, 0).toArray());
                var proposal = Vector.of(random.doubles(sequences, -9, 0).toArray());
                var policy = Vector.of(random.doubles(sequences, -9, 0).toArray())) {
            kernels.coefficient(
                    coefficient,
                    target,
                    proposal,
                    policy,
                    new CoefficientRule(CoefficientRule.Form.GDC_PLUS_PLUS, -0.4, true));
            return Arrays.toString(coefficient.toDoubles());
        }
    }

    private static String adam(CpuKernels kernels, int size, Random random) {
        var gradients = new float[size];
        for (int i = 0; i < size; i++) gradients[i] = (float) random.nextGaussian();
        try (var parameter = Vector.f32(size);
                var first = Vector.f32(size);
                var second = Vector.f32(size);
                var gradient = Vector.of(gradients)) {
            var rule = new AdamRule(1e-3, 0.9, 0.999, 1e-8, 0.1, 3);
            for (int repeat = 0; repeat < 2; repeat++) {
                kernels.adam(parameter, first, second, gradient, rule, 0.3);
            }
            return Arrays.toString(parameter.toFloats());
        }
    }
}
