package io.equipoise.model;

import io.equipoise.kernels.Activation;
import io.equipoise.kernels.Kernels;
import io.equipoise.kernels.Truncation;
import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * GPT-2 decoding on our kernels. A layer's cache is (B·T, 3·D): the row of every token fed, as scoring would have it.
 * What a step needs is allocated before the first, and again only when rows leave.
 */
final class NativeGpt2Decoder implements Decoder {
    private final Gpt2 model;
    private final Gpt2Forward forward;
    private final Kernels kernels;
    private final Gpt2Config config;
    private final DataType type;
    private final int maxLength;
    private final List<Matrix> caches = new ArrayList<>();
    private final Gpt2Activations whole;
    private final Matrix hiddenOfAll;
    private final Vector first;
    private final Vector query;
    private final Vector positions;
    private final IntBuffer queryRows;
    private final IntBuffer queryPositions;
    private Rows rows;
    private Matrix logits = Matrix.NONE;
    private int batch;
    private int position;
    private final Usage.Hold use;
    private boolean closed;

    /** Views for the rows that are left, and for each position of theirs the blocks' activations. */
    private record Rows(Gpt2Activations[] byPosition, Matrix hidden, Vector first, Vector query, Vector positions) {}

    NativeGpt2Decoder(Gpt2 model, Gpt2Forward forward, Kernels kernels, int batch, int maxLength, Usage.Hold use) {
        if (batch < 1) throw new IllegalArgumentException("batch must be >= 1, got " + batch);
        this.model = model;
        this.use = use;
        this.forward = forward;
        this.kernels = kernels;
        this.batch = batch;
        this.maxLength = maxLength;
        config = forward.config();
        type = forward.weights().type();
        for (int layer = 0; layer < config.layers(); layer++) {
            caches.add(Matrix.allocate(type, (long) batch * maxLength, 3L * config.width()));
        }
        whole = Gpt2Activations.shared(config, type, batch);
        hiddenOfAll = Matrix.allocate(type, batch, config.width());
        var begins = new int[batch];
        for (int row = 0; row < batch; row++) begins[row] = row * maxLength;
        first = Vector.of(begins);
        query = Vector.i32(batch);
        positions = Vector.i32(batch);
        queryRows = query.asInts();
        queryPositions = positions.asInts();
        rows = rows();
    }

    private Rows rows() {
        var byPosition = new Gpt2Activations[maxLength];
        var part = whole.first(batch);
        for (int at = position; at < maxLength; at++) {
            var layers = new ArrayList<Gpt2Activations.Layer>();
            for (int layer = 0; layer < config.layers(); layer++) {
                var cache = caches.get(layer);
                layers.add(part.layers().get(layer).with(everyRow(cache, at), cache));
            }
            byPosition[at] = new Gpt2Activations(layers, part.output());
        }
        return new Rows(
                byPosition,
                hiddenOfAll.slice(0, batch),
                first.slice(0, batch),
                query.slice(0, batch),
                positions.slice(0, batch));
    }

    /** Position {@code at} of every sequence, (B, 3·D). */
    private Matrix everyRow(Matrix cache, int at) {
        long width = cache.columns();
        return Matrix.borrow(type, cache.slice(at, 1).address(), batch, width, maxLength * width);
    }

    @Override
    public void feed(Vector tokens) {
        requireOpen();
        if (tokens.size() != batch) {
            throw new IllegalArgumentException("decoder has " + batch + " rows, got " + tokens.size() + " tokens");
        }
        if (position >= maxLength) {
            throw new IllegalStateException("decoder was made for " + maxLength + " tokens a row");
        }
        for (int row = 0; row < batch; row++) {
            queryRows.put(row, row * maxLength + position);
            queryPositions.put(row, position);
        }
        var activations = rows.byPosition[position];
        forward.run(activations, tokens, rows.positions, rows.query, rows.first);
        forward.norm(rows.hidden, activations.output(), forward.weights().lastNorm());
        position++;
    }

    @Override
    public Matrix logits() {
        requireOpen();
        if (logits.rows() != batch) {
            logits.close();
            logits = Matrix.allocate(DataType.F32, batch, config.vocabularySize());
        }
        forward.weights()
                .kernels()
                .product(
                        logits,
                        Matrix.NONE,
                        rows.hidden,
                        forward.weights().head().packed(),
                        Vector.NONE,
                        Matrix.NONE,
                        Activation.IDENTITY);
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
        if (!truncation.isNone()) {
            kernels.sample(token, logProb, logits(), sequence, at, temperature, truncation, seed);
            return;
        }
        requireOpen();
        forward.weights()
                .kernels()
                .headSample(
                        token,
                        logProb,
                        rows.hidden,
                        forward.weights().head().packed(),
                        sequence,
                        at,
                        temperature,
                        seed);
    }

    @Override
    public void keep(int[] kept) {
        requireOpen();
        for (int row : kept) {
            if (row < 0 || row >= batch) throw new IndexOutOfBoundsException("row " + row + " of " + batch);
        }
        boolean ascending = true;
        for (int i = 1; i < kept.length; i++) ascending &= kept[i] > kept[i - 1];
        for (int layer = 0; layer < caches.size(); layer++) {
            var old = caches.get(layer);
            // In place where no row is overwritten before it has moved.
            var moved = ascending ? old : Matrix.allocate(type, (long) kept.length * maxLength, old.columns());
            for (int i = 0; i < kept.length; i++) {
                if (moved == old && kept[i] == i) continue;
                moved.copyRows((long) i * maxLength, old, (long) kept[i] * maxLength, position);
            }
            if (moved != old) {
                old.close();
                caches.set(layer, moved);
            }
        }
        batch = kept.length;
        rows = rows();
    }

    private void requireOpen() {
        model.requireOpen();
        if (closed) throw new IllegalStateException("the decoder was used after it was closed");
    }

    @Override
    public void close() {
        if (closed) return;
        closed = true;
        caches.forEach(Matrix::close);
        whole.close();
        hiddenOfAll.close();
        logits.close();
        for (var vector : Arrays.asList(first, query, positions)) vector.close();
        use.close();
    }
}
