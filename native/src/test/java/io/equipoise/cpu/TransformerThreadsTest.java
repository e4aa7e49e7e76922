package io.equipoise.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.equipoise.kernels.Activation;
import io.equipoise.kernels.HeadScores;
import io.equipoise.kernels.Operands;
import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Bit for bit the same from the transformer's operations with any number of threads, more than rows and fewer. */
class TransformerThreadsTest {
    private static final int WIDTH = 96;
    private static final int HEADS = 3;
    private static final int VOCABULARY = 3001;

    @AfterEach
    void restore() {
        CpuOperations.setThreads(Runtime.getRuntime().availableProcessors());
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.cpu.InstructionSet#supported")
    void theirNumberChangesNothing(InstructionSet set) {
        for (var type : new DataType[] {DataType.F32, DataType.BF16}) {
            for (int rows : new int[] {1, 5, 150}) {
                CpuOperations.setThreads(1);
                var alone = run(set, type, rows);
                for (int threads : new int[] {2, 3, 8}) {
                    CpuOperations.setThreads(threads);
                    assertThat(run(set, type, rows))
                            .as("%s, %d rows, %d threads", type, rows, threads)
                            .isEqualTo(alone);
                }
            }
        }
    }

    /** The bits of everything that every operation writes. */
    private static List<String> run(InstructionSet set, DataType type, int rows) {
        var kernels = new CpuTransformerKernels(set);
        var results = new ArrayList<String>();
        try (var operands = new Operands(rows)) {
            var x = operands.gaussian(DataType.F32, rows, WIDTH, 1);
            var gain = operands.gaussian(WIDTH);
            var normal = operands.zeros(type, rows, WIDTH);
            kernels.layerNorm(normal, x, gain, gain, 1e-5);
            add(results, normal);

            var weight = operands.gaussian(DataType.F32, WIDTH, 3L * WIDTH, 0.3);
            var packed = operands.pack(kernels, type, weight, false);
            var slope = operands.zeros(type, rows, 3L * WIDTH);
            var qkv = operands.zeros(type, rows, 3L * WIDTH);
            kernels.product(qkv, slope, normal, packed, operands.gaussian(3L * WIDTH), Matrix.NONE, Activation.GELU);
            add(results, slope);
            add(results, qkv);

            var query = operands.keep(Vector.of(IntStream.range(0, rows).toArray()));
            var first = operands.keep(Vector.i32(rows));
            var attended = operands.zeros(type, rows, WIDTH);
            kernels.attention(attended, qkv, query, first, HEADS, 0.2);
            add(results, attended);
            var gradQkv = operands.zeros(type, rows, 3L * WIDTH);
            kernels.attentionBackward(gradQkv, x, qkv, operands.keep(Vector.of(0, rows)), HEADS, 0.2);
            add(results, gradQkv);

            var gradWeight = operands.zeros(DataType.F32, WIDTH, 3L * WIDTH);
            var gradBias = operands.keep(Vector.f32(3L * WIDTH));
            kernels.outer(gradWeight, gradBias, normal, gradQkv, type);
            add(results, gradWeight);
            results.add(Arrays.toString(gradBias.toFloats()));

            var gradX = operands.zeros(DataType.F32, rows, WIDTH);
            var gradGain = operands.keep(Vector.f32(WIDTH));
            kernels.layerNormBackward(gradX, gradGain, Vector.NONE, x, x, gain, 1e-5);
            add(results, gradX);
            results.add(Arrays.toString(gradGain.toFloats()));

            var table = operands.gaplessGaussian(DataType.F32, 7, WIDTH, 1);
            var index = operands.keep(
                    Vector.of(IntStream.range(0, rows).map(n -> n % 7).toArray()));
            kernels.scatterAdd(table, x, index);
            add(results, table);
            kernels.embed(gradX, table, table, index, index);
            add(results, gradX);
            addHead(results, operands, kernels, type, normal);
        }
        return results;
    }

    private static void addHead(
            List<String> results, Operands operands, CpuTransformerKernels kernels, DataType type, Matrix hidden) {
        int rows = (int) hidden.rows();
        var weight = operands.gaussian(DataType.F32, VOCABULARY, WIDTH, 0.2);
        var head = operands.pack(kernels, type, weight, true);
        var transposed = operands.pack(kernels, type, weight, false);
        var token = operands.keep(Vector.i32(rows));
        var logProb = operands.keep(Vector.f32(rows));
        var position = operands.keep(Vector.i32(rows));
        var sequence =
                operands.keep(Vector.of(IntStream.range(0, rows).asLongStream().toArray()));
        kernels.headSample(token, logProb, hidden, head, sequence, position, 0.9, 4);
        results.add(Arrays.toString(token.toInts()) + Arrays.toString(logProb.toFloats()));

        var expectations = operands.keep(HeadScores.of(rows, 2));
        var functions = operands.gaplessGaussian(DataType.F32, 2, VOCABULARY, 1);
        kernels.headLogProb(expectations, hidden, head, token, functions, 1.1);
        add(results, expectations.expected());
        results.add(Arrays.toString(expectations.entropy().toFloats()));

        var scores = operands.keep(HeadScores.forGradient(rows, head));
        kernels.headLogProb(scores, hidden, head, token, Matrix.NONE, 1);
        results.add(Arrays.toString(scores.logProb().toFloats()));
        add(results, scores.blockMax());
        var gradHidden = operands.zeros(DataType.F32, rows, WIDTH);
        var gradHead = operands.gapless(DataType.F32, VOCABULARY, WIDTH);
        kernels.headGradient(gradHidden, gradHead, scores, logProb, token, hidden, transposed);
        add(results, scores.exponentials());
        add(results, gradHidden);
        add(results, gradHead);
    }

    private static void add(List<String> results, Matrix matrix) {
        for (long row = 0; row < matrix.rows(); row++) results.add(hash(matrix.row(row)));
    }

    private static String hash(float[] values) {
        return Integer.toHexString(Arrays.hashCode(values));
    }
}
