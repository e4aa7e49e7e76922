package io.equipoise.model;

import io.equipoise.kernels.KernelProvider;
import io.equipoise.kernels.Truncation;
import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import io.equipoise.sampling.Sequences;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Predicate;

/**
 * A language small enough to list: letters 1 … V−1, token 0 for BOS and EOS, sequences of at most {@code length}
 * generated tokens, and a free logit for every token after every prefix. Every expectation over it is a sum.
 */
public final class TabularModel implements CausalLanguageModel {
    /** Open ones, but for copies: tests that list a language needn't look after its numbers. */
    private static final Queue<TabularModel> OF_TESTS = new ConcurrentLinkedQueue<>();

    private final int letters;
    private final int length;
    private final Vector value;
    private Vector gradient = Vector.f32(0);

    public TabularModel(int letters, int length, float[] logits) {
        OF_TESTS.add(this);
        this.letters = letters;
        this.length = length;
        value = Vector.of(logits);
        if (logits.length != prefixes(letters, length) * (letters + 1)) {
            throw new IllegalArgumentException("wrong number of logits: " + logits.length);
        }
    }

    /** Logits drawn from a normal distribution. */
    public static TabularModel random(int letters, int length, long seed) {
        var random = new Random(seed);
        var logits = new float[prefixes(letters, length) * (letters + 1)];
        for (int i = 0; i < logits.length; i++) logits[i] = (float) random.nextGaussian();
        return new TabularModel(letters, length, logits);
    }

    private static int prefixes(int letters, int length) {
        int count = 0;
        for (int t = 0, level = 1; t < length; t++, level *= letters) count += level;
        return count;
    }

    /** Text of a sequence: letters a, b, c, …; EOS is nothing. */
    public static List<String> text(List<int[]> sequences) {
        var texts = new ArrayList<String>();
        for (int[] sequence : sequences) {
            var text = new StringBuilder();
            for (int token : sequence) if (token > 0) text.append((char) ('a' + token - 1));
            texts.add(text.toString());
        }
        return texts;
    }

    /** Every sequence of the language, BOS first. */
    public int[][] sequences() {
        return sequences(new int[] {0}, length);
    }

    /**
     * Every sequence that goes on from a prompt.
     *
     * @param prompt BOS, then letters
     * @param most tokens generated
     */
    public int[][] sequences(int[] prompt, int most) {
        var all = new ArrayList<int[]>();
        extend(prompt, prompt.length + most, all);
        return all.toArray(int[][]::new);
    }

    private void extend(int[] prefix, int longest, List<int[]> all) {
        for (int token = 0; token <= letters; token++) {
            int[] longer = Arrays.copyOf(prefix, prefix.length + 1);
            longer[prefix.length] = token;
            if (token == 0 || longer.length == longest) all.add(longer);
            else extend(longer, longest, all);
        }
    }

    /** log π of every sequence, exact. */
    public double[] logProbs(int[][] sequences) {
        return logProbs(sequences, 1);
    }

    /** log π of what follows the first {@code prompt} tokens of every sequence, exact. */
    public double[] logProbs(int[][] sequences, int prompt) {
        var logProbs = new double[sequences.length];
        for (int i = 0; i < sequences.length; i++) {
            for (int t = prompt; t < sequences[i].length; t++) logProbs[i] += logProb(sequences[i], t);
        }
        return logProbs;
    }

    private int offset(int[] sequence, int position) {
        int index = 0;
        int level = 1;
        int first = 0;
        for (int t = 1; t < position; t++) {
            index = index * letters + sequence[t] - 1;
            first += level;
            level *= letters;
        }
        return (first + index) * (letters + 1);
    }

    private double logProb(int[] sequence, int position) {
        float[] logits = value.slice(offset(sequence, position), letters + 1).toFloats();
        double sum = 0;
        for (float logit : logits) sum += Math.exp(logit);
        return logits[sequence[position]] - Math.log(sum);
    }

    @Override
    public ModelConfig config() {
        return new ModelConfig(letters + 1, length + 1, 0, 0);
    }

    @Override
    public Decoder decoder(int batch, int maxLength) {
        return new TabularDecoder(batch);
    }

    private final class TabularDecoder implements Decoder {
        private int[][] rows;
        private int position = 0;
        private Matrix logits = Matrix.allocate(DataType.F32, 0, letters + 1);

        TabularDecoder(int batch) {
            rows = new int[batch][length + 1];
        }

        @Override
        public void feed(Vector tokens) {
            int[] fed = tokens.toInts();
            logits.close();
            logits = Matrix.allocate(DataType.F32, rows.length, letters + 1);
            for (int i = 0; i < rows.length; i++) {
                rows[i][position] = fed[i];
                boolean ended = false;
                for (int t = 1; t <= position; t++) ended |= rows[i][t] == 0;
                if (ended) continue;
                int offset = offset(rows[i], position + 1);
                logits.putRow(i, value.slice(offset, letters + 1).toFloats());
            }
            position++;
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
                Vector at,
                double temperature,
                Truncation truncation,
                long seed) {
            KernelProvider.kernels().sample(token, logProb, logits, sequence, at, temperature, truncation, seed);
        }

        @Override
        public void keep(int[] kept) {
            rows = Arrays.stream(kept).mapToObj(i -> rows[i]).toArray(int[][]::new);
        }

        @Override
        public void close() {
            logits.close();
        }
    }

    @Override
    public TokenScores tokenScores(int[][] tokens, int[] promptLength, int microBatch, float[][] functions) {
        var result = new TokenScores(new float[tokens.length][], new float[tokens.length][][]);
        for (int i = 0; i < tokens.length; i++) {
            int generated = tokens[i].length - promptLength[i];
            result.logProb()[i] = new float[generated];
            result.expected()[i] = new float[generated][functions.length];
            for (int t = 0; t < generated; t++) {
                int position = t + promptLength[i];
                result.logProb()[i][t] = (float) logProb(tokens[i], position);
                for (int k = 0; k < functions.length; k++) {
                    result.expected()[i][t][k] = expected(tokens[i], position, functions[k]);
                }
            }
        }
        return result;
    }

    private float expected(int[] sequence, int position, float[] function) {
        int[] other = sequence.clone();
        double sum = 0;
        for (int v = 0; v <= letters; v++) {
            other[position] = v;
            sum += Math.exp(logProb(other, position)) * function[v];
        }
        return (float) sum;
    }

    @Override
    public int width() {
        return (int) value.size() / (letters + 1);
    }

    /** Which prefix it is, as 0s and a 1: the logits' table is the head. */
    @Override
    public float[][][] hiddenStates(int[][] tokens, int[] promptLength, int microBatch) {
        var result = new float[tokens.length][][];
        for (int i = 0; i < tokens.length; i++) {
            result[i] = new float[tokens[i].length - promptLength[i]][width()];
            for (int t = 0; t < result[i].length; t++) {
                result[i][t][offset(tokens[i], t + promptLength[i]) / (letters + 1)] = 1;
            }
        }
        return result;
    }

    @Override
    public double[] accumulateGradient(
            int[][] tokens, int[] promptLength, int microBatch, SequenceCoefficients coefficients) {
        float[][] logProbs = tokenLogProbs(tokens, promptLength, microBatch);
        float[] sum = gradient.toFloats();
        for (int i = 0; i < tokens.length; i++) {
            var c = new float[logProbs[i].length];
            coefficients.coefficients(i, logProbs[i], c);
            for (int t = promptLength[i]; t < tokens[i].length; t++) {
                int offset = offset(tokens[i], t);
                int[] other = tokens[i].clone();
                for (int v = 0; v <= letters; v++) {
                    other[t] = v;
                    double onehot = v == tokens[i][t] ? 1 : 0;
                    sum[offset + v] += (float) (c[t - promptLength[i]] * (onehot - Math.exp(logProb(other, t))));
                }
            }
        }
        gradient.put(sum);
        return Sequences.sum(logProbs);
    }

    @Override
    public Parameters parameters() {
        return new Parameters(value, gradient, List.of(new Parameters.Parameter("logits", 0, value.size(), true)));
    }

    @Override
    public void changed() {}

    @Override
    public void trainable(Predicate<String> name) {
        gradient = Vector.f32(value.size());
    }

    @Override
    public double gradientNorm() {
        double squares = 0;
        for (double g : gradient.toFloats()) squares += g * g;
        return Math.sqrt(squares);
    }

    @Override
    public CausalLanguageModel copy() {
        var copy = new TabularModel(letters, length, value.toFloats());
        // The engine's to close, who asked for it.
        OF_TESTS.remove(copy);
        return copy;
    }

    /** Closes the models that tests have made since this was last called. */
    public static void closeAll() {
        for (var model = OF_TESTS.poll(); model != null; model = OF_TESTS.poll()) model.close();
    }

    /** Leaves those that are there to whoever made them. */
    public static void forgetAll() {
        OF_TESTS.clear();
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
