package io.equipoise.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TokenLogProbTest {
    private static final Kernels REFERENCE = new ReferenceKernels();

    /** What the operation wrote. */
    @SuppressWarnings("ArrayRecordComponent") // compared element by element, never as a whole
    private record Result(float[] logProb, float[] logSumExp, float[] entropy) {
        static Result of(Kernels kernels, Matrix logits, int[] tokens, double temperature) {
            try (var logProb = Vector.f32(tokens.length);
                    var logSumExp = Vector.f32(tokens.length);
                    var entropy = Vector.f32(tokens.length);
                    var token = Vector.of(tokens)) {
                kernels.tokenLogProb(logProb, logSumExp, entropy, logits, token, temperature);
                return new Result(logProb.toFloats(), logSumExp.toFloats(), entropy.toFloats());
            }
        }

        /** The textbook formula in f32. */
        static Result plain(Matrix logits, int[] tokens, double temperature) {
            int n = tokens.length;
            var result = new Result(new float[n], new float[n], new float[n]);
            for (int row = 0; row < n; row++) {
                if (tokens[row] < 0) continue;
                float[] x = logits.row(row);
                float max = Float.NEGATIVE_INFINITY;
                for (int v = 0; v < x.length; v++) {
                    x[v] /= (float) temperature;
                    max = Math.max(max, x[v]);
                }
                float sum = 0;
                for (float value : x) sum += (float) Math.exp(value - max);
                float logSum = max + (float) Math.log(sum);
                float entropy = 0;
                for (float value : x) {
                    float p = (float) Math.exp(value - logSum);
                    if (p > 0) entropy -= p * (value - logSum);
                }
                result.logProb[row] = x[tokens[row]] - logSum;
                result.logSumExp[row] = logSum;
                result.entropy[row] = entropy;
            }
            return result;
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void isAsExactAsThePlainFormula(Kernels kernels) {
        Case.all().forEach(c -> assertAsExactAsThePlainFormula(c, List.of(kernels)));
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Case#largest")
    void isAsExactAsThePlainFormulaAtTheLargestShape(Case c) {
        assertAsExactAsThePlainFormula(c, Implementations.list());
    }

    private static void assertAsExactAsThePlainFormula(Case c, List<Kernels> implementations) {
        try (var logits = c.logits()) {
            int[] tokens = c.tokens();
            var plain = Result.plain(logits, tokens, c.temperature());
            var reference = Result.of(REFERENCE, logits, tokens, c.temperature());
            for (var kernels : implementations) {
                var actual = Result.of(kernels, logits, tokens, c.temperature());
                var of = " of " + c + ", " + kernels.description();
                Parity.assertAsExactAs(
                        plain.logProb, actual.logProb, reference.logProb, Parity.F32, i -> "logProb" + of);
                Parity.assertAsExactAs(
                        plain.logSumExp, actual.logSumExp, reference.logSumExp, Parity.F32, i -> "logSumExp" + of);
                Parity.assertAsExactAs(
                        plain.entropy, actual.entropy, reference.entropy, Parity.F32, i -> "entropy" + of);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void addingAConstantToARowChangesNothing(Kernels kernels) {
        var random = new Random(5);
        var row = new float[1271];
        // Multiples of 1/64 below 2^10 stay exact when shifted by 2^10.
        for (int v = 0; v < row.length; v++) row[v] = random.nextInt(-640, 640) / 64f;
        var shifted = row.clone();
        for (int v = 0; v < row.length; v++) shifted[v] += 1024;
        try (var logits = Matrix.allocate(DataType.F32, 2, row.length)) {
            logits.putRow(0, row);
            logits.putRow(1, shifted);
            var result = Result.of(kernels, logits, new int[] {17, 17}, 1.3);
            assertThat(result.logProb[1]).isEqualTo(result.logProb[0]);
            assertThat(result.entropy[1]).isEqualTo(result.entropy[0]);
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void ofEqualLogitsIsMinusLogV(Kernels kernels) {
        for (int columns : new int[] {1, 2, 511, 512, 513, 1025}) {
            try (var logits = Matrix.allocate(DataType.BF16, 1, columns)) {
                var result = Result.of(kernels, logits, new int[] {columns - 1}, 2);
                assertThat(result.logProb[0]).isCloseTo((float) -Math.log(columns), within(1e-6f));
                assertThat(result.logSumExp[0]).isCloseTo((float) Math.log(columns), within(1e-6f));
                assertThat(result.entropy[0]).isCloseTo((float) Math.log(columns), within(1e-6f));
            }
        }
    }

    /** Whose reciprocal f32 doesn't hold: infinite it would make NaN of the largest logit's distance from itself. */
    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void atTheLowestTemperaturesTheLargestLogitHasAll(Kernels kernels) {
        float none = Float.NEGATIVE_INFINITY;
        try (var logits = Matrix.allocate(DataType.F32, 2, 4)) {
            for (int row = 0; row < 2; row++) logits.putRow(row, 1, -2, 3, none);
            var result = Result.of(kernels, logits, new int[] {2, 0}, 1e-40);
            assertThat(result.logProb).containsExactly(0, none);
            assertThat(result.logSumExp).containsOnly(Float.POSITIVE_INFINITY);
            assertThat(result.entropy).containsOnly(0);
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void probabilitiesOfAllTokensSumToOne(Kernels kernels) {
        var c = new Case(DataType.F16, 1, 257, 257, 1, 11);
        try (var logits = c.logits();
                var repeated = Matrix.allocate(DataType.F32, 257, 257)) {
            var tokens = new int[257];
            for (int v = 0; v < 257; v++) {
                tokens[v] = v;
                repeated.putRow(v, logits.row(0));
            }
            double sum = 0;
            for (float logProb : Result.of(kernels, repeated, tokens, 1).logProb) sum += Math.exp(logProb);
            assertThat(sum).isCloseTo(1, within(1e-6));
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void aTokenOutsideTheVocabularyIsRefusedBeforeAnythingIsWritten(Kernels kernels) {
        try (var logits = Matrix.allocate(DataType.F32, 3, 33);
                var logProb = Vector.of(5f, 5f, 5f);
                var logSumExp = Vector.of(5f, 5f, 5f);
                var entropy = Vector.of(5f, 5f, 5f);
                var token = Vector.of(0, -1, 33)) {
            assertThatThrownBy(() -> kernels.tokenLogProb(logProb, logSumExp, entropy, logits, token, 1))
                    .isInstanceOf(KernelException.class)
                    .hasMessageContaining("token 33 at position 2 is outside the vocabulary of 33");
            assertThat(logProb.toFloats()).containsOnly(5f);
            assertThat(entropy.toFloats()).containsOnly(5f);
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void wrongShapesTypesAndTemperaturesAreRefused(Kernels kernels) {
        try (var logits = Matrix.allocate(DataType.F32, 3, 33);
                var three = Vector.f32(3);
                var two = Vector.f32(2);
                var token = Vector.i32(3)) {
            assertThatThrownBy(() -> kernels.tokenLogProb(two, three, three, logits, token, 1))
                    .isInstanceOf(KernelException.class)
                    .hasMessageContaining("logProb is F32 of 2, wanted F32 of 3");
            assertThatThrownBy(() -> kernels.tokenLogProb(three, three, three, logits, three, 1))
                    .isInstanceOf(KernelException.class)
                    .hasMessageContaining("token is F32 of 3, wanted I32 of 3");
            for (double temperature : new double[] {0, -1, Double.NaN}) {
                assertThatThrownBy(() -> kernels.tokenLogProb(three, three, three, logits, token, temperature))
                        .isInstanceOf(KernelException.class)
                        .hasMessageContaining("temperature must be > 0");
            }
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void paddingIsZero(Kernels kernels) {
        var nan = new float[40];
        Arrays.fill(nan, Float.NaN);
        try (var logits = Matrix.allocate(DataType.F32, 1, 40)) {
            logits.putRow(0, nan);
            var result = Result.of(kernels, logits, new int[] {Integer.MIN_VALUE}, 1);
            assertThat(new float[] {result.logProb[0], result.logSumExp[0], result.entropy[0]})
                    .containsOnly(0f);
        }
    }
}
