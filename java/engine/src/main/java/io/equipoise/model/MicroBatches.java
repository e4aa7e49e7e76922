package io.equipoise.model;

import io.equipoise.InvalidInputException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Splits a ragged batch into micro-batches of sequences of similar length, so that padding costs little, and lays each
 * out as the rectangle that a forward pass takes. The last token of a sequence is predicted, never fed.
 *
 * @param sequences indices into the batch
 * @param length T, fed tokens of the longest sequence
 * @param inputs (b·T), row-major, right-padded with token 0: causal attention never looks there
 * @param rows (N), where in the rectangle each generated token is predicted, sequence by sequence
 * @param targets (N), the generated tokens
 * @param starts (b + 1), where each sequence's tokens begin in {@code rows}
 */
record MicroBatches(int[] sequences, int length, long[] inputs, long[] rows, int[] targets, int[] starts) {

    static List<MicroBatches> of(int[][] tokens, int[] promptLength, int microBatch, ModelConfig config) {
        if (microBatch < 1) throw new IllegalArgumentException("microBatch must be >= 1, got " + microBatch);
        if (promptLength.length != tokens.length) {
            throw new IllegalArgumentException(
                    tokens.length + " sequences but " + promptLength.length + " prompt lengths");
        }
        for (int i = 0; i < tokens.length; i++) check(i, tokens[i], promptLength[i], config);
        int[] byLength = IntStream.range(0, tokens.length)
                .boxed()
                .sorted(Comparator.comparingInt(i -> tokens[i].length))
                .mapToInt(Integer::intValue)
                .toArray();
        var batches = new ArrayList<MicroBatches>();
        for (int from = 0; from < byLength.length; from += microBatch) {
            int[] sequences = IntStream.range(from, Math.min(from + microBatch, byLength.length))
                    .map(i -> byLength[i])
                    .toArray();
            batches.add(layOut(tokens, promptLength, sequences));
        }
        return batches;
    }

    private static void check(int i, int[] sequence, int prompt, ModelConfig config) {
        if (prompt < 1 || prompt > sequence.length) {
            throw new IllegalArgumentException("sequence " + i + " has " + sequence.length + " tokens and a prompt of "
                    + prompt + "; a prompt has at least one token (BOS when it is empty)");
        }
        if (sequence.length > config.contextLength()) {
            throw new InvalidInputException("sequence " + i + " has " + sequence.length
                    + " tokens, more than the model's context of " + config.contextLength());
        }
        for (int token : sequence) {
            if (token < 0 || token >= config.vocabularySize()) {
                throw new IllegalArgumentException("sequence " + i + " has token " + token
                        + ", outside the vocabulary of " + config.vocabularySize());
            }
        }
    }

    /**
     * Asks for the coefficients of the sequences first … end − 1.
     *
     * @param logProb of their tokens, sequence by sequence
     * @param coefficient of their tokens, out
     * @param logProbOfSequence (B), added to
     */
    void coefficients(
            int first,
            int end,
            float[] logProb,
            SequenceCoefficients coefficients,
            float[] coefficient,
            double[] logProbOfSequence) {
        int offset = starts[first];
        for (int b = first; b < end; b++) {
            int from = starts[b] - offset;
            float[] own = Arrays.copyOfRange(logProb, from, starts[b + 1] - offset);
            for (float part : own) logProbOfSequence[sequences[b]] += part;
            var weights = new float[own.length];
            coefficients.coefficients(sequences[b], own, weights);
            System.arraycopy(weights, 0, coefficient, from, weights.length);
        }
    }

    private static MicroBatches layOut(int[][] tokens, int[] promptLength, int[] sequences) {
        int length = 1;
        var starts = new int[sequences.length + 1];
        for (int b = 0; b < sequences.length; b++) {
            int[] sequence = tokens[sequences[b]];
            length = Math.max(length, sequence.length - 1);
            starts[b + 1] = starts[b] + sequence.length - promptLength[sequences[b]];
        }
        var inputs = new long[sequences.length * length];
        var rows = new long[starts[sequences.length]];
        var targets = new int[rows.length];
        for (int b = 0; b < sequences.length; b++) {
            int[] sequence = tokens[sequences[b]];
            int prompt = promptLength[sequences[b]];
            for (int t = 0; t + 1 < sequence.length; t++) inputs[b * length + t] = sequence[t];
            for (int t = prompt; t < sequence.length; t++) {
                int n = starts[b] + t - prompt;
                rows[n] = (long) b * length + t - 1;
                targets[n] = sequence[t];
            }
        }
        return new MicroBatches(sequences, length, inputs, rows, targets, starts);
    }
}
