package io.equipoise.sampling;

import io.equipoise.kernels.Kernels;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import io.equipoise.model.CausalLanguageModel;
import io.equipoise.model.Decoder;
import io.equipoise.model.Workers;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Draws sequences from a model, batch by batch, keeping the log-probability of every token drawn. A sequence's tokens
 * depend on the model, its prompt, the seed and its index alone: not on the batch it is decoded in. Safe for use by
 * several threads.
 */
public final class Sampler {
    /** The batch shrinks when this share of its rows has ended: copying the cache more often costs more than it saves. */
    private static final double SHRINK_BELOW = 0.8;

    private final Kernels kernels;
    private final SamplerConfig config;

    public Sampler(Kernels kernels, SamplerConfig config) {
        this.kernels = kernels;
        this.config = config;
    }

    public SamplerConfig config() {
        return config;
    }

    /**
     * Sequences without a prompt.
     *
     * @param first index of the first sequence; a run never uses an index twice
     */
    public Sequences sample(CausalLanguageModel model, int count, long first) {
        var prompts = new int[count][];
        Arrays.fill(prompts, new int[0]);
        return sample(model, prompts, first);
    }

    /**
     * One sequence a prompt; an empty prompt becomes BOS.
     *
     * @param prompts B ragged rows
     * @param first index of the first sequence
     */
    public Sequences sample(CausalLanguageModel model, int[][] prompts, long first) {
        var starts = new int[prompts.length][];
        int longest = 0;
        for (int i = 0; i < prompts.length; i++) {
            starts[i] = prompts[i].length == 0 ? new int[] {model.config().bosToken()} : prompts[i];
            longest = Math.max(longest, starts[i].length);
        }
        if (longest + config.maxTokens() > model.config().contextLength()) {
            throw new IllegalArgumentException("a prompt of " + longest + " tokens and maxTokens " + config.maxTokens()
                    + " don't fit the model's context of " + model.config().contextLength()
                    + "; lower maxTokens or shorten the prompt");
        }
        var tokens = new int[prompts.length][];
        var logProbs = new float[prompts.length][];
        int share = ceilDiv(Math.max(1, Math.min(config.batchSize(), prompts.length)), model.parallelDecoders());
        Workers.run(ceilDiv(prompts.length, share), (worker, i) -> {
            int to = Math.min((i + 1) * share, prompts.length);
            new Batch(model, starts, i * share, to, first).decode(tokens, logProbs);
        });
        return new Sequences(
                tokens, Arrays.stream(starts).mapToInt(s -> s.length).toArray(), logProbs);
    }

    private static int ceilDiv(int dividend, int divisor) {
        return (dividend + divisor - 1) / divisor;
    }

    /** The rows from..to of a call, decoded together. */
    private final class Batch {
        private final CausalLanguageModel model;
        private final int[][] prompts;
        private final long first;
        private final int[][] tokens;
        private final float[][] logProbs;
        private final int from;
        /** Rows still being decoded, as indices into this batch; the decoder's rows in order. */
        private int[] live;

        Batch(CausalLanguageModel model, int[][] prompts, int from, int to, long first) {
            this.model = model;
            this.first = first + from;
            this.from = from;
            this.prompts = Arrays.copyOfRange(prompts, from, to);
            tokens = new int[to - from][];
            logProbs = new float[to - from][];
            for (int i = 0; i < tokens.length; i++) {
                tokens[i] = Arrays.copyOf(this.prompts[i], this.prompts[i].length + config.maxTokens());
                logProbs[i] = new float[config.maxTokens()];
            }
            live = IntStream.range(0, tokens.length).toArray();
        }

        void decode(int[][] tokensOut, float[][] logProbsOut) {
            var length = new int[tokens.length];
            int longest = 0;
            for (int[] row : tokens) longest = Math.max(longest, row.length);
            try (var decoder = model.decoder(live.length, longest)) {
                for (int position = 1; live.length > 0; position++) {
                    draw(decoder, position, length);
                    shrink(decoder, length);
                }
            }
            for (int i = 0; i < tokens.length; i++) {
                tokensOut[from + i] = Arrays.copyOf(tokens[i], length[i]);
                logProbsOut[from + i] = Arrays.copyOf(logProbs[i], length[i] - prompts[i].length);
            }
        }

        /** Feeds the tokens before {@code position} and draws those at it, where the prompt doesn't give them. */
        private void draw(Decoder decoder, int position, int[] length) {
            var fed = new int[live.length];
            for (int row = 0; row < fed.length; row++) {
                // A row that has ended waits for the next shrinking with a token that nobody reads.
                fed[row] = length[live[row]] > 0 ? model.config().eosToken() : tokens[live[row]][position - 1];
            }
            Matrix logits = decoder.step(fed);
            var sequences = new long[live.length];
            for (int row = 0; row < live.length; row++) sequences[row] = first + live[row];
            var positions = new int[live.length];
            Arrays.fill(positions, position);
            try (var token = Vector.i32(live.length);
                    var logProb = Vector.f32(live.length);
                    var sequence = Vector.of(sequences);
                    var at = Vector.of(positions)) {
                kernels.sample(
                        token, logProb, logits, sequence, at, config.temperature(), config.truncation(), config.seed());
                take(position, token.toInts(), logProb.toFloats(), length);
            }
        }

        private void take(int position, int[] drawn, float[] logProb, int[] length) {
            for (int row = 0; row < live.length; row++) {
                int i = live[row];
                if (length[i] > 0 || position < prompts[i].length) continue;
                if (drawn[row] < 0) {
                    throw new ArithmeticException("the model gave NaN for token " + position + " of sequence "
                            + (first + i) + "; its weights are damaged or its training diverged");
                }
                tokens[i][position] = drawn[row];
                logProbs[i][position - prompts[i].length] = logProb[row];
                boolean ended = drawn[row] == model.config().eosToken() && !config.fixedLength();
                if (ended || position + 1 == tokens[i].length) length[i] = position + 1;
            }
        }

        private void shrink(Decoder decoder, int[] length) {
            int[] rows = IntStream.range(0, live.length)
                    .filter(row -> length[live[row]] == 0)
                    .toArray();
            if (rows.length > 0 && rows.length > SHRINK_BELOW * live.length) return;
            if (rows.length > 0 && rows.length < live.length) decoder.keep(rows);
            live = Arrays.stream(rows).map(row -> live[row]).toArray();
        }
    }
}
