package io.equipoise.cuda.card;

import io.equipoise.kernels.Kernels;
import io.equipoise.kernels.Truncation;
import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import io.equipoise.model.CausalLanguageModel;
import io.equipoise.model.Decoder;
import io.equipoise.model.ModelConfig;
import io.equipoise.model.Parameters;
import io.equipoise.model.SequenceCoefficients;
import io.equipoise.model.TokenScores;
import io.equipoise.sampling.Sequences;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Predicate;

/**
 * A language model that needs no libtorch: a free logit for every token after each of {@value #KINDS} kinds of token, so few
 * that a batch has many of each. Weights and logits are in the
 * kernels' memory, and all that is done with them the kernels do. Token 0 begins and ends sequences.
 */
final class BigramModel implements CausalLanguageModel {
    static final int KINDS = 16;

    private final Kernels kernels;
    private final int vocabulary;
    private final int context;
    /** (K, V): row k has the logits after a token that is k modulo K. */
    private final Vector value;

    private Vector gradient = Vector.NONE;

    BigramModel(Kernels kernels, int vocabulary, int context) {
        this.kernels = kernels;
        this.vocabulary = vocabulary;
        this.context = context;
        value = Vector.allocate(kernels.memory(), DataType.F32, (long) KINDS * vocabulary);
    }

    /** Logits drawn from a normal distribution. */
    static BigramModel random(Kernels kernels, int vocabulary, int context, double deviation, long seed) {
        var random = new Random(seed);
        var model = new BigramModel(kernels, vocabulary, context);
        var row = new float[vocabulary];
        for (int kind = 0; kind < KINDS; kind++) {
            for (int next = 0; next < vocabulary; next++) row[next] = (float) (deviation * random.nextGaussian());
            model.value.slice((long) kind * vocabulary, vocabulary).put(row);
        }
        return model;
    }

    @Override
    public ModelConfig config() {
        return new ModelConfig(vocabulary, context, 0, 0);
    }

    /** Rows of logits after these tokens; the caller's to close. */
    private Matrix logits(int... tokens) {
        var table = value.asMatrix(KINDS, vocabulary);
        var logits = Matrix.allocate(kernels.memory(), DataType.F32, tokens.length, vocabulary, vocabulary);
        for (int n = 0; n < tokens.length; n++) logits.copyRows(n, table, tokens[n] % KINDS, 1);
        return logits;
    }

    @Override
    public Decoder decoder(int batch, int maxLength) {
        return new BigramDecoder();
    }

    private final class BigramDecoder implements Decoder {
        private Matrix logits = Matrix.NONE;

        @Override
        public void feed(Vector tokens) {
            logits.close();
            logits = BigramModel.this.logits(tokens.toInts());
        }

        @Override
        public Matrix logits() {
            return logits;
        }

        @Override
        public void sample(
                Vector token,
                Vector logProb,
                Vector sequence,
                Vector position,
                double temperature,
                Truncation truncation,
                long seed) {
            kernels.sample(token, logProb, logits, sequence, position, temperature, truncation, seed);
        }

        /** A row's past is its last token, which is fed next. */
        @Override
        public void keep(int[] rows) {}

        @Override
        public void close() {
            logits.close();
        }
    }

    @Override
    public TokenScores tokenScores(int[][] tokens, int[] promptLength, int microBatch, float[][] functions) {
        if (functions.length > 0) throw new IllegalArgumentException("expectations of functions aren't computed");
        var logProbs = new float[tokens.length][];
        for (int from = 0; from < tokens.length; from += microBatch) {
            try (var part = new Part(tokens, promptLength, from, Math.min(tokens.length, from + microBatch))) {
                part.read(logProbs);
            }
        }
        return TokenScores.of(logProbs);
    }

    @Override
    public double[] accumulateGradient(
            int[][] tokens, int[] promptLength, int microBatch, SequenceCoefficients coefficients) {
        var logProbs = new float[tokens.length][];
        float[] sum = gradient.toFloats();
        for (int from = 0; from < tokens.length; from += microBatch) {
            try (var part = new Part(tokens, promptLength, from, Math.min(tokens.length, from + microBatch))) {
                part.read(logProbs);
                part.addGradient(logProbs, coefficients, sum);
            }
        }
        gradient.put(sum);
        return Sequences.sum(logProbs);
    }

    /** Some sequences' positions, one after the other: their logits and what the kernels make of them. */
    private final class Part implements AutoCloseable {
        private final int from;
        /** Where each sequence's positions begin. */
        private final int[] start;

        private final int[] before;
        private final Matrix logits;
        private final Vector token;
        private final Vector logProb;
        private final Vector logSumExp;
        private final Vector entropy;

        Part(int[][] tokens, int[] promptLength, int from, int to) {
            this.from = from;
            start = new int[to - from + 1];
            for (int i = 0; i < to - from; i++)
                start[i + 1] = start[i] + tokens[from + i].length - promptLength[from + i];
            int positions = start[to - from];
            before = new int[positions];
            var next = new int[positions];
            for (int i = 0; i < to - from; i++) {
                int first = promptLength[from + i];
                System.arraycopy(tokens[from + i], first - 1, before, start[i], start[i + 1] - start[i]);
                System.arraycopy(tokens[from + i], first, next, start[i], start[i + 1] - start[i]);
            }
            logits = BigramModel.this.logits(before);
            token = Vector.of(next);
            logProb = Vector.f32(positions);
            logSumExp = Vector.f32(positions);
            entropy = Vector.f32(positions);
            kernels.tokenLogProb(logProb, logSumExp, entropy, logits, token, 1);
        }

        void read(float[][] logProbs) {
            float[] all = logProb.toFloats();
            for (int i = 0; i + 1 < start.length; i++) {
                logProbs[from + i] = Arrays.copyOfRange(all, start[i], start[i + 1]);
            }
        }

        /** To (K, V), rows of which the sequences' positions share. */
        void addGradient(float[][] logProbs, SequenceCoefficients coefficients, float[] sum) {
            var c = new float[before.length];
            for (int i = 0; i + 1 < start.length; i++) {
                var own = new float[start[i + 1] - start[i]];
                coefficients.coefficients(from + i, logProbs[from + i], own);
                System.arraycopy(own, 0, c, start[i], own.length);
            }
            try (var coefficient = Vector.of(c)) {
                kernels.gradient(logits, logSumExp, token, coefficient);
            }
            // One copy to the host rather than one a row.
            try (var rows = Matrix.allocate(DataType.F32, before.length, vocabulary)) {
                rows.copyRows(0, logits, 0, before.length);
                for (int n = 0; n < before.length; n++) {
                    float[] row = rows.row(n);
                    int offset = before[n] % KINDS * vocabulary;
                    for (int v = 0; v < vocabulary; v++) sum[offset + v] += row[v];
                }
            }
        }

        @Override
        public void close() {
            logits.close();
            token.close();
            logProb.close();
            logSumExp.close();
            entropy.close();
        }
    }

    @Override
    public int width() {
        throw new UnsupportedOperationException("a table has no hidden states");
    }

    @Override
    public float[][][] hiddenStates(int[][] tokens, int[] promptLength, int microBatch) {
        throw new UnsupportedOperationException("a table has no hidden states");
    }

    @Override
    public Parameters parameters() {
        return new Parameters(value, gradient, List.of(new Parameters.Parameter("logits", 0, value.size(), true)));
    }

    @Override
    public void changed() {}

    @Override
    public void trainable(Predicate<String> name) {
        gradient.close();
        gradient = Vector.allocate(kernels.memory(), DataType.F32, value.size());
    }

    @Override
    public double gradientNorm() {
        double squares = 0;
        for (double each : gradient.toFloats()) squares += each * each;
        return Math.sqrt(squares);
    }

    @Override
    public CausalLanguageModel copy() {
        var copy = new BigramModel(kernels, vocabulary, context);
        copy.copyFrom(this);
        return copy;
    }

    @Override
    public void copyFrom(CausalLanguageModel other) {
        value.copyFrom(other.parameters().value());
    }

    @Override
    public void close() {
        value.close();
        gradient.close();
    }
}
