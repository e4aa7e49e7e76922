package io.equipoise.objective;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * A language small enough to list, in float64: letters 1 … L, 0 ends a sequence, at most {@code length} tokens, and a free
 * logit for every token after every prefix. Gradients of log-probabilities are in closed form.
 */
final class ToyLanguage {
    private final int letters;
    private final int length;
    private final List<int[]> sequences = new ArrayList<>();

    ToyLanguage(int letters, int length) {
        this.letters = letters;
        this.length = length;
        extend(new int[0]);
    }

    private void extend(int[] prefix) {
        for (int token = 0; token <= letters; token++) {
            int[] longer = Arrays.copyOf(prefix, prefix.length + 1);
            longer[prefix.length] = token;
            if (token == 0 || longer.length == length) sequences.add(longer);
            else extend(longer);
        }
    }

    /** How many sequences there are. */
    int size() {
        return sequences.size();
    }

    double[] randomLogits(long seed) {
        int prefixes = 0;
        for (int t = 0, level = 1; t < length; t++, level *= letters) prefixes += level;
        return new Random(seed).doubles(prefixes * (letters + 1L), -1.5, 1.5).toArray();
    }

    /**
     * Logits with which the language has a given distribution: of every token, how likely what goes on with it is.
     *
     * @param logProb of every sequence, nats
     */
    double[] logits(double[] logProb) {
        var mass = new double[randomLogits(0).length];
        for (int i = 0; i < sequences.size(); i++) {
            int[] sequence = sequences.get(i);
            for (int t = 0; t < sequence.length; t++) mass[offset(sequence, t) + sequence[t]] += Math.exp(logProb[i]);
        }
        return Arrays.stream(mass).map(Math::log).toArray();
    }

    /** log π of every sequence, nats. */
    double[] logProbs(double[] logits) {
        return IntStream.range(0, sequences.size())
                .mapToDouble(i -> Arrays.stream(tokenLogProbs(logits, i)).sum())
                .toArray();
    }

    /** log π of every token of one sequence, nats. */
    double[] tokenLogProbs(double[] logits, int index) {
        int[] sequence = sequences.get(index);
        return IntStream.range(0, sequence.length)
                .mapToDouble(t -> Math.log(softmax(logits, offset(sequence, t))[sequence[t]]))
                .toArray();
    }

    /** Of a number for every prefix, held where its logits begin, those of one sequence's prefixes, token by token. */
    double[] ofPrefixes(double[] numbers, int index) {
        int[] sequence = sequences.get(index);
        return IntStream.range(0, sequence.length)
                .mapToDouble(t -> numbers[offset(sequence, t)])
                .toArray();
    }

    /** Adds to a number for every prefix, held where its logits begin, one for each of one sequence's prefixes. */
    void addToPrefixes(double[] numbers, int index, double[] addends) {
        int[] sequence = sequences.get(index);
        for (int t = 0; t < sequence.length; t++) numbers[offset(sequence, t)] += addends[t];
    }

    /** Adds scale·∇ log π of one sequence. */
    void addGradient(double[] gradient, double[] logits, int index, double scale) {
        var scales = new double[sequences.get(index).length];
        Arrays.fill(scales, scale);
        addGradient(gradient, logits, index, scales);
    }

    /** Adds Σ_t scale_t·∇ log π(x_t | x_&lt;t) of one sequence. */
    void addGradient(double[] gradient, double[] logits, int index, double[] scale) {
        int[] sequence = sequences.get(index);
        for (int t = 0; t < sequence.length; t++) {
            int offset = offset(sequence, t);
            double[] probability = softmax(logits, offset);
            for (int v = 0; v <= letters; v++) {
                gradient[offset + v] += scale[t] * ((v == sequence[t] ? 1 : 0) - probability[v]);
            }
        }
    }

    private double[] softmax(double[] logits, int offset) {
        double[] exp = Arrays.stream(logits, offset, offset + letters + 1)
                .map(Math::exp)
                .toArray();
        double sum = Arrays.stream(exp).sum();
        return Arrays.stream(exp).map(each -> each / sum).toArray();
    }

    private int offset(int[] sequence, int position) {
        int index = 0;
        int level = 1;
        int first = 0;
        for (int t = 0; t < position; t++) {
            index = index * letters + sequence[t] - 1;
            first += level;
            level *= letters;
        }
        return (first + index) * (letters + 1);
    }
}
