package io.equipoise.model;

import io.equipoise.kernels.Kernels;
import io.equipoise.kernels.Truncation;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.util.Arrays;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** GPT-2 decoding with keys and values kept, (B, H, T, D/H) a layer, written in place as positions go by. */
final class LibtorchGpt2Decoder implements Decoder {
    private final Gpt2 model;
    private final Gpt2Graph graph;
    private final Kernels kernels;
    private final Gpt2Config config;
    private final int maxLength;
    private final Tensor[] keys;
    private final Tensor[] values;
    private Tensor logits;
    private int batch;
    private int position;
    private final Usage.Hold use;
    private boolean closed;

    LibtorchGpt2Decoder(Gpt2 model, Gpt2Graph graph, Kernels kernels, int batch, int maxLength, Usage.Hold use) {
        if (batch < 1) throw new IllegalArgumentException("batch must be >= 1, got " + batch);
        this.model = model;
        this.use = use;
        this.graph = graph;
        this.kernels = kernels;
        this.config = graph.config();
        this.batch = batch;
        this.maxLength = maxLength;
        keys = new Tensor[config.layers()];
        values = new Tensor[config.layers()];
        for (int layer = 0; layer < keys.length; layer++) {
            keys[layer] = zeros(batch, config.heads(), maxLength, config.headWidth());
            values[layer] = zeros(batch, config.heads(), maxLength, config.headWidth());
        }
        logits = zeros(batch, config.vocabularySize());
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
        try (var scope = new PointerScope();
                var guard = new NoGradGuard()) {
            var fed = graph.device().tensor(tokens.toInts(), batch);
            var x = torch.embedding(graph.weight("transformer.wte.weight"), fed)
                    .add(graph.weight("transformer.wpe.weight").select(0, position));
            for (int layer = 0; layer < config.layers(); layer++) {
                String block = Gpt2Graph.block(layer);
                x = x.add(graph.affine(attend(graph.norm(x, block + "ln_1"), layer), block + "attn.c_proj"));
                x = x.add(graph.feedForward(x, block));
            }
            torch.mm_out(logits, graph.norm(x, "transformer.ln_f"), graph.head().t());
        }
        position++;
    }

    @Override
    public Matrix logits() {
        requireOpen();
        return graph.device().matrix(logits);
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
        kernels.sample(token, logProb, logits(), sequence, at, temperature, truncation, seed);
    }

    private Tensor attend(Tensor x, int layer) {
        var qkv = graph.affine(x, Gpt2Graph.block(layer) + "attn.c_attn")
                .view(batch, 3, config.heads(), 1, config.headWidth());
        keys[layer].narrow(2, position, 1).copy_(qkv.select(1, 1));
        values[layer].narrow(2, position, 1).copy_(qkv.select(1, 2));
        return graph.attention(
                        qkv.select(1, 0),
                        keys[layer].narrow(2, 0, position + 1),
                        values[layer].narrow(2, 0, position + 1),
                        false,
                        layer)
                .reshape(batch, config.width());
    }

    @Override
    public void keep(int[] rows) {
        requireOpen();
        for (int row : rows) {
            if (row < 0 || row >= batch) throw new IndexOutOfBoundsException("row " + row + " of " + batch);
        }
        try (var scope = new PointerScope();
                var guard = new NoGradGuard()) {
            long[] index = Arrays.stream(rows).asLongStream().toArray();
            var kept = graph.device().tensor(index, index.length);
            for (int layer = 0; layer < keys.length; layer++) {
                keys[layer] = kept(keys[layer], kept);
                values[layer] = kept(values[layer], kept);
            }
        }
        batch = rows.length;
        logits.releaseReference();
        logits = zeros(batch, config.vocabularySize());
    }

    /** The chosen rows' first positions in a new cache; the old one is freed. */
    private Tensor kept(Tensor cache, Tensor rows) {
        var smaller = zeros(rows.size(0), config.heads(), maxLength, config.headWidth());
        smaller.narrow(2, 0, position).copy_(cache.narrow(2, 0, position).index_select(0, rows));
        cache.releaseReference();
        return smaller;
    }

    /** Kept beyond the PointerScope it is made in. */
    private Tensor zeros(long... shape) {
        return graph.device().zeros(shape).retainReference();
    }

    private void requireOpen() {
        model.requireOpen();
        if (closed) throw new IllegalStateException("the decoder was used after it was closed");
    }

    @Override
    public void close() {
        if (closed) return;
        closed = true;
        for (var tensor : keys) tensor.releaseReference();
        for (var tensor : values) tensor.releaseReference();
        logits.releaseReference();
        use.close();
    }
}
