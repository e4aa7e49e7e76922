package io.equipoise.kernels;

import static io.equipoise.kernels.Formulas.doubles;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class HeadLogProbTest {
    private static final TransformerKernels REFERENCE = new ReferenceTransformerKernels();
    private static final int[] ROWS = {0, 1, 7, 13, 14, 15, 64};
    private static final int[] WIDTHS = {1, 2, 31, 64};
    private static final int[] VOCABULARIES = {1, 31, 33, 511, 512, 513, 1271};

    /** Of exp, logarithm and the sums between, in f32 and nats. */
    private static final double SOFTMAX = 2e-6;

    @Test
    void staysWithinTheErrorOfItsSums() {
        for (var type : new DataType[] {DataType.F32, DataType.BF16}) {
            for (int rows : ROWS) {
                for (int width : WIDTHS) for (int vocabulary : VOCABULARIES) check(type, rows, width, vocabulary);
            }
            check(type, 3, 31, 50257);
        }
    }

    private static void check(DataType type, int rows, int width, int vocabulary) {
        long seed = 31 * (31 * (31L * rows + width) + vocabulary) + type.bytes();
        try (var operands = new Operands(seed)) {
            var random = operands.random();
            var hidden = operands.gaussian(operands.type(), rows, width, 1);
            boolean transposed = random.nextBoolean();
            var weight = operands.gaussian(
                    DataType.F32,
                    transposed ? vocabulary : width,
                    transposed ? width : vocabulary,
                    2 / Math.sqrt(width));
            var token = operands.tokens(rows, vocabulary);
            int count = random.nextInt(4);
            var functions = count == 0 ? Matrix.NONE : operands.gaplessGaussian(DataType.F32, count, vocabulary, 1);
            double temperature = random.nextBoolean() ? 1 : 0.7;

            var reference = operands.pack(REFERENCE, type, weight, transposed);
            var wanted = operands.keep(HeadScores.of(rows, count));
            REFERENCE.headLogProb(wanted, hidden, reference, token, functions, temperature);
            double[] of = logitErrors(operands, type, hidden, weight, transposed);
            double[] entropy = doubles(wanted.entropy().toFloats());
            double[] logProb = doubles(wanted.logProb().toFloats());
            for (var implementation : Implementations.transformers()) {
                var kernels = implementation.transformer();
                var packed = operands.pack(kernels, type, weight, transposed);
                var actual = operands.keep(HeadScores.of(rows, count));
                kernels.headLogProb(actual, hidden, packed, token, functions, temperature);
                var what = String.format(
                        "%s, %s, N %d, D %d, V %d, K %d, temperature %s, seed %d",
                        implementation, type, rows, width, vocabulary, count, temperature, seed);
                Parity.Allowed nats =
                        (row, n) -> 2 * of[n] / temperature + SOFTMAX + 0x1p-22 * (Math.abs(logProb[n]) + entropy[n]);
                Parity.assertWithin(actual.logProb(), logProb, nats, () -> "logProb of " + what);
                Parity.assertWithin(
                        actual.logSumExp(),
                        doubles(wanted.logSumExp().toFloats()),
                        (row, n) -> nats.at(row, n)
                                + 0x1p-22 * Math.abs(wanted.logSumExp().toFloats()[n]),
                        () -> "logSumExp of " + what);
                Parity.assertWithin(
                        actual.entropy(), entropy, (row, n) -> 8 * nats.at(row, n), () -> "entropy of " + what);
                if (count == 0) continue;
                // Functions are normal deviates: none is larger than 6.
                Parity.assertWithin(
                        actual.expected(),
                        doubles(wanted.expected()),
                        (n, k) -> 6 * (2 * of[n] / temperature + SOFTMAX),
                        () -> "expected of " + what);
            }
        }
    }

    /** How far from the exact one a row's logits may be. */
    private static double[] logitErrors(
            Operands operands, DataType type, Matrix hidden, Matrix weight, boolean transposed) {
        var packed = operands.pack(REFERENCE, type, operands.absolute(weight), transposed);
        var sums = operands.gapless(DataType.F32, hidden.rows(), packed.columns());
        REFERENCE.product(
                sums, Matrix.NONE, operands.absolute(hidden), packed, Vector.NONE, Matrix.NONE, Activation.IDENTITY);
        var errors = new double[(int) hidden.rows()];
        for (int n = 0; n < errors.length; n++) {
            for (float sum : sums.row(n)) errors[n] = Math.max(errors[n], Parity.ofProducts(packed.depth()) * sum);
        }
        return errors;
    }

    /** The logits that are never stored are those that product gives, bit for bit. */
    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#transformers")
    void isTokenLogProbOfTheProductInAnyBatch(Implementations.WithTransformer implementation) {
        var kernels = implementation.transformer();
        long seed = new Random().nextLong();
        for (int instance = 0; instance < 8; instance++) {
            try (var operands = new Operands(seed + instance)) {
                int rows = 1 + operands.random().nextInt(40);
                int width = 1 + operands.random().nextInt(80);
                int vocabulary = 1 + operands.random().nextInt(1500);
                double temperature = operands.random().nextBoolean() ? 1 : 1.3;
                var hidden = operands.gaussian(operands.type(), rows, width, 1);
                var packed = operands.pack(
                        kernels, operands.type(), operands.gaussian(DataType.F32, width, vocabulary, 0.5), false);
                var token = operands.tokens(rows, vocabulary);
                var logits = operands.zeros(DataType.F32, rows, vocabulary);
                kernels.product(logits, Matrix.NONE, hidden, packed, Vector.NONE, Matrix.NONE, Activation.IDENTITY);
                var wanted = operands.keep(HeadScores.of(rows, 0));
                implementation
                        .kernels()
                        .tokenLogProb(
                                wanted.logProb(), wanted.logSumExp(), wanted.entropy(), logits, token, temperature);
                var functions = operands.gaplessGaussian(DataType.F32, 2, vocabulary, 1);
                var all = operands.keep(HeadScores.of(rows, 2));
                kernels.headLogProb(all, hidden, packed, token, functions, temperature);
                var what = "seed " + seed + ", instance " + instance;
                assertThat(all.logProb().toFloats())
                        .as(what)
                        .isEqualTo(wanted.logProb().toFloats());
                assertThat(all.logSumExp().toFloats())
                        .as(what)
                        .isEqualTo(wanted.logSumExp().toFloats());
                assertThat(all.entropy().toFloats())
                        .as(what)
                        .isEqualTo(wanted.entropy().toFloats());

                int[] some = operands.someRows(rows);
                var part = operands.keep(HeadScores.of(some.length, 2));
                kernels.headLogProb(
                        part,
                        operands.rows(hidden, some),
                        packed,
                        operands.elements(token, some),
                        functions,
                        temperature);
                for (int i = 0; i < some.length; i++) {
                    assertThat(part.logProb().toFloats()[i])
                            .as(what)
                            .isEqualTo(all.logProb().toFloats()[some[i]]);
                    assertThat(part.entropy().toFloats()[i])
                            .as(what)
                            .isEqualTo(all.entropy().toFloats()[some[i]]);
                    assertThat(part.expected().row(i))
                            .as(what)
                            .isEqualTo(all.expected().row(some[i]));
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#transformers")
    void keepsTheExponentialsOfTheLogits(Implementations.WithTransformer implementation) {
        var kernels = implementation.transformer();
        for (var type : new DataType[] {DataType.F32, DataType.BF16}) {
            try (var operands = new Operands(8)) {
                int vocabulary = 1271;
                var hidden = operands.gaussian(DataType.F32, 15, 31, 1);
                var packed = operands.pack(kernels, type, operands.gaussian(DataType.F32, 31, vocabulary, 0.4), false);
                var logits = operands.zeros(DataType.F32, 15, vocabulary);
                kernels.product(logits, Matrix.NONE, hidden, packed, Vector.NONE, Matrix.NONE, Activation.IDENTITY);
                var scores = operands.keep(HeadScores.forGradient(15, packed));
                kernels.headLogProb(scores, hidden, packed, operands.tokens(15, vocabulary), Matrix.NONE, 1);
                double[][] wanted = doubles(logits);
                for (int n = 0; n < 15; n++) {
                    float[] top = scores.blockMax().row(n);
                    for (int block = 0; block < top.length; block++) {
                        float largest = Float.NEGATIVE_INFINITY;
                        int end = Math.min(vocabulary, (block + 1) * HeadScores.BLOCK);
                        for (int v = block * HeadScores.BLOCK; v < end; v++) {
                            largest = Math.max(largest, logits.row(n)[v]);
                        }
                        assertThat(top[block]).as("row %d, block %d", n, block).isEqualTo(largest);
                    }
                    for (int v = 0; v < vocabulary; v++)
                        wanted[n][v] = Math.exp(wanted[n][v] - top[v / HeadScores.BLOCK]);
                }
                Parity.assertWithin(
                        scores.exponentials(),
                        wanted,
                        (n, v) -> (2 * Parity.rounding(type) + SOFTMAX) * wanted[n][v],
                        () -> implementation + ", " + type);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#transformers")
    void nanStaysInItsRowAndPaddingGivesZero(Implementations.WithTransformer implementation) {
        var kernels = implementation.transformer();
        float nan = Float.NaN;
        for (var type : new DataType[] {DataType.F32, DataType.BF16}) {
            try (var operands = new Operands(9)) {
                var hidden = operands.gaussian(DataType.F32, 4, 3, 1);
                hidden.putRow(1, 1, nan, 2);
                hidden.putRow(3, nan, nan, nan);
                var packed = operands.pack(kernels, type, operands.gaussian(DataType.F32, 3, 600, 1), false);
                var functions = operands.gaplessGaussian(DataType.F32, 1, 600, 1);
                var scores = operands.keep(HeadScores.of(4, 1));
                kernels.headLogProb(scores, hidden, packed, operands.keep(Vector.of(5, 5, -1, -7)), functions, 1);
                for (var result : new Vector[] {scores.logProb(), scores.logSumExp(), scores.entropy()}) {
                    assertThat(result.toFloats()[0]).isFinite();
                    assertThat(result.toFloats()[1]).isNaN();
                    assertThat(result.toFloats()[2]).isZero();
                    assertThat(result.toFloats()[3]).isZero();
                }
                assertThat(scores.expected().row(0)[0]).isFinite();
                assertThat(scores.expected().row(1)).containsExactly(nan);
                assertThat(scores.expected().row(2)).containsExactly(0);
                assertThat(scores.expected().row(3)).containsExactly(0);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#transformers")
    void whatDoesNotFitIsRefusedBeforeAnythingIsWritten(Implementations.WithTransformer implementation) {
        var kernels = implementation.transformer();
        try (var operands = new Operands(10)) {
            var hidden = operands.gaussian(DataType.F32, 2, 3, 1);
            var packed = operands.pack(kernels, DataType.BF16, operands.gaussian(DataType.F32, 3, 33, 1), false);
            var none = operands.pack(kernels, DataType.F32, operands.gaussian(DataType.F32, 3, 0, 1), false);
            var scores = operands.keep(HeadScores.of(2, 1));
            var kept = operands.keep(HeadScores.forGradient(2, packed));
            var token = operands.keep(Vector.of(0, 33));
            var good = operands.keep(Vector.of(0, 32));
            var f16 = operands.zeros(DataType.F16, 2, 3);
            var bf16 = operands.gapless(DataType.BF16, 1, 33);
            var wide = operands.gapless(DataType.F32, 2, 2);
            var gapped = Matrix.borrow(DataType.F32, wide.address(), 2, 1, 2);
            var wrong = new HeadScores(
                    scores.logProb(), scores.logSumExp(), scores.entropy(), gapped, Matrix.NONE, Matrix.NONE);
            var one = operands.gapless(DataType.F32, 1, 33);
            refused(
                    () -> kernels.headLogProb(scores, hidden, packed, token, Matrix.NONE, 1),
                    "headLogProb: token 33 at position 1 is outside the vocabulary of 33");
            refused(() -> kernels.headLogProb(scores, f16, packed, good, Matrix.NONE, 1), "hidden is f16");
            refused(() -> kernels.headLogProb(scores, hidden, none, good, Matrix.NONE, 1), "vocabulary must be 1");
            refused(() -> kernels.headLogProb(scores, hidden, packed, good, bf16, 1), "functions is Matrix(BF16");
            refused(() -> kernels.headLogProb(wrong, hidden, packed, good, one, 1), "expected is");
            refused(() -> kernels.headLogProb(scores, hidden, packed, good, Matrix.NONE, Double.NaN), "temperature");
            refused(() -> kernels.headLogProb(kept, hidden, packed, good, Matrix.NONE, 0.7), "a gradient wants 1");
            assertThat(scores.logProb().toFloats()).containsOnly(0f);
            assertThat(kept.exponentials().row(1)).containsOnly(0f);
        }
    }

    private static void refused(Runnable call, String message) {
        assertThatThrownBy(call::run).isInstanceOf(KernelException.class).hasMessageContaining(message);
    }
}
