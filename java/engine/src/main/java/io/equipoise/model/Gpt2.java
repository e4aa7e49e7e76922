package io.equipoise.model;

import io.equipoise.kernels.Kernels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import org.bytedeco.javacpp.PointerScope;

/**
 * The GPT-2 family (Radford et al., 2019) in libtorch: learned positions, layer norm before each block, a head that may
 * share the token embedding. Autograd runs from the last hidden states down; the head above is ours, {@link Gpt2Head}.
 */
final class Gpt2 implements CausalLanguageModel {
    /** Weights that stay in the cores' shared cache are best read by one decoder a core, larger ones by one in all. */
    private static final long CACHED_PARAMETERS = 8L << 20;

    private final Gpt2Config config;
    private final FlatParameters parameters;
    private final Gpt2Graph graph;
    private final Kernels kernels;
    /** Graphs on the same weights with gradients of their own, one a worker; the first is {@link #graph}. */
    private final List<Gpt2Graph> graphs = new ArrayList<>();

    private volatile boolean closed;

    Gpt2(Gpt2Config config, Kernels kernels) {
        this.config = config;
        this.kernels = kernels;
        parameters = FlatParameters.zeros(declarations(config));
        graph = new Gpt2Graph(config, parameters);
        graphs.add(graph);
    }

    private static List<FlatParameters.Declaration> declarations(Gpt2Config config) {
        long width = config.width();
        long inner = config.inner();
        var list = new ArrayList<FlatParameters.Declaration>();
        declare(list, "transformer.wte.weight", config.vocabularySize(), width);
        declare(list, "transformer.wpe.weight", config.contextLength(), width);
        for (int layer = 0; layer < config.layers(); layer++) {
            String block = Gpt2Graph.block(layer);
            declare(list, block + "ln_1.weight", width);
            declare(list, block + "ln_1.bias", width);
            declare(list, block + "attn.c_attn.weight", width, 3 * width);
            declare(list, block + "attn.c_attn.bias", 3 * width);
            declare(list, block + "attn.c_proj.weight", width, width);
            declare(list, block + "attn.c_proj.bias", width);
            declare(list, block + "ln_2.weight", width);
            declare(list, block + "ln_2.bias", width);
            declare(list, block + "mlp.c_fc.weight", width, inner);
            declare(list, block + "mlp.c_fc.bias", inner);
            declare(list, block + "mlp.c_proj.weight", inner, width);
            declare(list, block + "mlp.c_proj.bias", width);
        }
        declare(list, "transformer.ln_f.weight", width);
        declare(list, "transformer.ln_f.bias", width);
        if (!config.tiedEmbeddings()) declare(list, "lm_head.weight", config.vocabularySize(), width);
        return list;
    }

    private static void declare(List<FlatParameters.Declaration> list, String name, long... shape) {
        list.add(new FlatParameters.Declaration(
                name, Arrays.stream(shape).boxed().toList()));
    }

    FlatParameters flatParameters() {
        return parameters;
    }

    @Override
    public ModelConfig config() {
        return config.modelConfig();
    }

    @Override
    public Decoder decoder(int batch, int maxLength) {
        requireOpen();
        if (maxLength > config.contextLength()) {
            throw new IllegalArgumentException("sequences of up to " + maxLength
                    + " tokens don't fit the model's context of " + config.contextLength());
        }
        return new Gpt2Decoder(this, graph, batch, maxLength);
    }

    @Override
    public int parallelDecoders() {
        return parameters.size() <= CACHED_PARAMETERS ? Workers.count() : 1;
    }

    @Override
    public TokenScores tokenScores(int[][] tokens, int[] promptLength, int microBatch, float[][] functions) {
        requireOpen();
        for (float[] function : functions) {
            if (function.length != config.vocabularySize()) {
                throw new IllegalArgumentException("a function has " + function.length + " values, the vocabulary "
                        + config.vocabularySize() + " tokens");
            }
        }
        var result = new TokenScores(new float[tokens.length][], new float[tokens.length][][]);
        var batches = MicroBatches.of(tokens, promptLength, microBatch, config());
        var head = new Gpt2Head(graph, kernels);
        Workers.run(batches.size(), (worker, i) -> head.score(batches.get(i), functions, result));
        return result;
    }

    @Override
    public double[] accumulateGradient(
            int[][] tokens, int[] promptLength, int microBatch, SequenceCoefficients coefficients) {
        requireOpen();
        if (parameters.all().gradient().size() == 0) {
            throw new IllegalStateException(
                    "call trainable(…) before accumulateGradient(…): this model has no gradient");
        }
        var result = new double[tokens.length];
        var batches = MicroBatches.of(tokens, promptLength, microBatch, config());
        for (int i = graphs.size(); i < Math.min(Workers.count(), batches.size()); i++) {
            graphs.add(new Gpt2Graph(config, parameters.replica()));
        }
        for (var other : graphs.subList(1, graphs.size())) other.parameters().clearGradient();
        Workers.run(batches.size(), (worker, i) -> {
            try (var scope = new PointerScope()) {
                var own = graphs.get(worker);
                var selected = own.predicting(batches.get(i));
                new Gpt2Head(own, kernels).backward(batches.get(i), selected, coefficients, result);
            }
        });
        for (var other : graphs.subList(1, graphs.size())) parameters.addGradient(other.parameters());
        return result;
    }

    @Override
    public Parameters parameters() {
        requireOpen();
        return parameters.all();
    }

    @Override
    public void trainable(Predicate<String> name) {
        requireOpen();
        for (var each : graphs) each.parameters().trainable(name);
    }

    @Override
    public double gradientNorm() {
        requireOpen();
        return parameters.gradientNorm();
    }

    @Override
    public CausalLanguageModel copy() {
        requireOpen();
        var copy = new Gpt2(config, kernels);
        copy.parameters.copyFrom(parameters);
        return copy;
    }

    @Override
    public void copyFrom(CausalLanguageModel other) {
        requireOpen();
        if (!(other instanceof Gpt2 gpt2) || !gpt2.config.equals(config)) {
            throw new IllegalArgumentException("weights can only be copied between models of the same shape");
        }
        parameters.copyFrom(gpt2.parameters);
    }

    void requireOpen() {
        if (closed) throw new IllegalStateException("the model was used after it was closed");
    }

    @Override
    public synchronized void close() {
        if (closed) return;
        closed = true;
        for (var each : graphs) each.parameters().close();
    }
}
