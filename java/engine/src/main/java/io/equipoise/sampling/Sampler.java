package io.equipoise.sampling;

import io.equipoise.InvalidInputException;
import io.equipoise.memory.Vector;
import io.equipoise.model.CausalLanguageModel;
import io.equipoise.model.Decoder;
import io.equipoise.model.EosTokens;
import io.equipoise.model.Workers;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
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

    private final SamplerConfig config;

    public Sampler(SamplerConfig config) {
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
            throw new InvalidInputException("a prompt of " + longest + " tokens and maxTokens " + config.maxTokens()
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

    /**
     * One sequence for each of the prompts named.
     *
     * @param prompt (B) which of {@code prompts} each sequence goes on from
     * @param first index of the first sequence
     */
    public Sequences sample(CausalLanguageModel model, Prompts prompts, int[] prompt, long first) {
        return sample(model, prompts.rows(prompt), first);
    }

    private static int ceilDiv(int dividend, int divisor) {
        return (dividend + divisor - 1) / divisor;
    }

    /** The rows from..to of a call, decoded together. */
    private final class Batch {
        private final CausalLanguageModel model;
        private final EosTokens ends;
        private final int waiting;
        private final int[][] prompts;
        private final long first;
        private final int[][] tokens;
        private final float[][] logProbs;
        private final int from;
        private final int shortestPrompt;
        /** Rows still being decoded, as indices into this batch; the decoder's rows in order. */
        private int[] live;

        Batch(CausalLanguageModel model, int[][] prompts, int from, int to, long first) {
            this.model = model;
            ends = model.config().eosTokens();
            waiting = model.config().bosToken();
            this.first = first + from;
            this.from = from;
            this.prompts = Arrays.copyOfRange(prompts, from, to);
            shortestPrompt = Arrays.stream(this.prompts)
                    .mapToInt(prompt -> prompt.length)
                    .min()
                    .orElse(0);
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
            var rows = new Rows(live.length);
            try (var decoder = model.decoder(live.length, longest)) {
                for (int position = 1; live.length > 0; position++) {
                    draw(decoder, rows, position, length);
                    if (!shrink(decoder, length)) continue;
                    rows.close();
                    rows = new Rows(live.length);
                }
            } finally {
                rows.close();
            }
            for (int i = 0; i < tokens.length; i++) {
                tokensOut[from + i] = Arrays.copyOf(tokens[i], length[i]);
                logProbsOut[from + i] = Arrays.copyOf(logProbs[i], length[i] - prompts[i].length);
            }
        }

        /** Feeds the tokens before {@code position} and draws those at it, where the prompt doesn't give them. */
        private void draw(Decoder decoder, Rows rows, int position, int[] length) {
            for (int row = 0; row < live.length; row++) {
                int i = live[row];
                // A row that has ended waits for the next shrinking with a token that nobody reads.
                rows.feeds.put(row, length[i] > 0 ? waiting : tokens[i][position - 1]);
                rows.sequences.put(row, first + i);
                rows.positions.put(row, position);
            }
            decoder.feed(rows.fed);
            if (position < shortestPrompt) return;
            decoder.sample(
                    rows.token,
                    rows.logProb,
                    rows.sequence,
                    rows.position,
                    config.temperature(),
                    config.truncation(),
                    config.seed());
            take(position, rows, length);
        }

        private void take(int position, Rows rows, int[] length) {
            for (int row = 0; row < live.length; row++) {
                int i = live[row];
                if (length[i] > 0 || position < prompts[i].length) continue;
                int drawn = rows.drawn.get(row);
                if (drawn < 0) {
                    throw new ArithmeticException("the model gave NaN for token " + position + " of sequence "
                            + (first + i) + "; its weights are damaged or its training diverged");
                }
                tokens[i][position] = drawn;
                logProbs[i][position - prompts[i].length] = rows.logProbs.get(row);
                boolean ended = ends.contains(drawn) && !config.fixedLength();
                if (ended || position + 1 == tokens[i].length) length[i] = position + 1;
            }
        }

        /** Leaves out the rows that have ended, if they are many. */
        private boolean shrink(Decoder decoder, int[] length) {
            int running = 0;
            for (int i : live) if (length[i] == 0) running++;
            if (running > 0 && running > SHRINK_BELOW * live.length) return false;
            int[] rows = IntStream.range(0, live.length)
                    .filter(row -> length[live[row]] == 0)
                    .toArray();
            if (rows.length > 0 && rows.length < live.length) decoder.keep(rows);
            live = Arrays.stream(rows).map(row -> live[row]).toArray();
            return true;
        }
    }

    /** What goes to the decoder and comes from it, allocated once for many tokens. */
    private static final class Rows implements AutoCloseable {
        private final Vector fed;
        private final Vector token;
        private final Vector logProb;
        private final Vector sequence;
        private final Vector position;
        private final IntBuffer feeds;
        private final IntBuffer drawn;
        private final FloatBuffer logProbs;
        private final LongBuffer sequences;
        private final IntBuffer positions;

        Rows(int rows) {
            fed = Vector.i32(rows);
            token = Vector.i32(rows);
            logProb = Vector.f32(rows);
            sequence = Vector.i64(rows);
            position = Vector.i32(rows);
            feeds = fed.asInts();
            drawn = token.asInts();
            logProbs = logProb.asFloats();
            sequences = sequence.asLongs();
            positions = position.asInts();
        }

        @Override
        public void close() {
            fed.close();
            token.close();
            logProb.close();
            sequence.close();
            position.close();
        }
    }
}
