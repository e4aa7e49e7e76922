package io.equipoise.model;

import io.equipoise.kernels.Kernels;
import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRefOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * The GPT-2 family (Radford et al., 2019) in libtorch: learned positions, layer norm before each block, a head that may
 * share the token embedding. Autograd runs from the last hidden states down; the head is ours, micro-batch by micro-batch,
 * so its log-softmax is never stored.
 */
final class Gpt2 implements CausalLanguageModel {
    /** Rows of logits held at once, but for a longer sequence's gradient, which needs all of its own. */
    private static final int HEAD_ROWS = 512;
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
        Workers.run(batches.size(), (worker, i) -> score(batches.get(i), functions, result));
        return result;
    }

    private void score(MicroBatches batch, float[][] functions, TokenScores result) {
        int count = batch.targets().length;
        var logProb = new float[count];
        var expected = new float[count][functions.length];
        try (var scope = new PointerScope();
                var guard = new NoGradGuard()) {
            var hidden = graph.predicting(batch);
            for (int from = 0; from < count; from += HEAD_ROWS) {
                int rows = Math.min(HEAD_ROWS, count - from);
                var logits = torch.mm(hidden.narrow(0, from, rows), graph.head().t());
                var scores = scores(logits, Arrays.copyOfRange(batch.targets(), from, from + rows));
                System.arraycopy(scores.logProb, 0, logProb, from, rows);
                if (functions.length > 0) expect(logits, scores.logSumExp, functions, expected, from);
            }
        }
        for (int b = 0; b < batch.sequences().length; b++) {
            int sequence = batch.sequences()[b];
            result.logProb()[sequence] = Arrays.copyOfRange(logProb, batch.starts()[b], batch.starts()[b + 1]);
            result.expected()[sequence] = Arrays.copyOfRange(expected, batch.starts()[b], batch.starts()[b + 1]);
        }
    }

    /** Expectations of functions of a token under the softmax of each row of logits, which is written over. */
    private static void expect(Tensor logits, float[] logSumExp, float[][] functions, float[][] expected, int from) {
        var probability =
                logits.sub_(Tensor.create(logSumExp, logSumExp.length, 1)).exp_();
        for (int k = 0; k < functions.length; k++) {
            var means = new float[logSumExp.length];
            torch.mv(probability, Tensor.create(functions[k], functions[k].length))
                    .data_ptr_float()
                    .get(means);
            for (int n = 0; n < means.length; n++) expected[from + n][k] = means[n];
        }
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
                var selected = graphs.get(worker).predicting(batches.get(i));
                backward(graphs.get(worker), batches.get(i), selected, coefficients, result);
            }
        });
        for (var other : graphs.subList(1, graphs.size())) parameters.addGradient(other.parameters());
        return result;
    }

    /** The head's forward and backward on one micro-batch: the products once, chunk by chunk of whole sequences. */
    private void backward(
            Gpt2Graph graph,
            MicroBatches batch,
            Tensor selected,
            SequenceCoefficients coefficients,
            double[] logProbOfSequence) {
        boolean any = false;
        Tensor gradHidden;
        try (var guard = new NoGradGuard()) {
            var hidden = selected.detach();
            gradHidden = torch.zeros_like(hidden);
            int sequences = batch.sequences().length;
            for (int first = 0, end; first < sequences; first = end) {
                end = first + 1;
                while (end < sequences && batch.starts()[end + 1] - batch.starts()[first] <= HEAD_ROWS) end++;
                try (var scope = new PointerScope()) {
                    any |= backward(graph, batch, first, end, hidden, gradHidden, coefficients, logProbOfSequence);
                }
            }
        }
        if (any && selected.requires_grad()) {
            selected.backward(gradHidden, new BoolOptional(), false, new TensorArrayRefOptional());
        }
    }

    /**
     * The same on the sequences first … end − 1 of a micro-batch.
     *
     * @param gradHidden (N, D), their rows are written
     * @return whether any coefficient isn't 0
     */
    private boolean backward(
            Gpt2Graph graph,
            MicroBatches batch,
            int first,
            int end,
            Tensor hidden,
            Tensor gradHidden,
            SequenceCoefficients coefficients,
            double[] logProbOfSequence) {
        int offset = batch.starts()[first];
        int rows = batch.starts()[end] - offset;
        var input = hidden.narrow(0, offset, rows);
        var logits = torch.mm(input, graph.head().t());
        int[] targets = Arrays.copyOfRange(batch.targets(), offset, offset + rows);
        var scores = scores(logits, targets);
        var coefficient = new float[rows];
        boolean any = false;
        for (int b = first; b < end; b++) {
            int sequence = batch.sequences()[b];
            int from = batch.starts()[b] - offset;
            float[] logProb = Arrays.copyOfRange(scores.logProb, from, batch.starts()[b + 1] - offset);
            for (float part : logProb) logProbOfSequence[sequence] += part;
            var weights = new float[logProb.length];
            coefficients.coefficients(sequence, logProb, weights);
            System.arraycopy(weights, 0, coefficient, from, weights.length);
            for (float weight : weights) any |= weight != 0;
        }
        if (!any) return false;
        try (var logSumExp = Vector.of(scores.logSumExp);
                var target = Vector.of(targets);
                var weight = Vector.of(coefficient)) {
            kernels.gradient(matrix(logits), logSumExp, target, weight);
        }
        torch.mm_out(gradHidden.narrow(0, offset, rows), logits, graph.head());
        if (graph.parameters().isTrainable(graph.headName())) {
            graph.parameters().gradient(graph.headName()).addmm_(logits.t(), input);
        }
        return true;
    }

    private record Scores(float[] logProb, float[] logSumExp) {}

    private Scores scores(Tensor logits, int[] targets) {
        try (var logProb = Vector.f32(targets.length);
                var logSumExp = Vector.f32(targets.length);
                var entropy = Vector.f32(targets.length);
                var target = Vector.of(targets)) {
            kernels.tokenLogProb(logProb, logSumExp, entropy, matrix(logits), target, 1);
            return new Scores(logProb.toFloats(), logSumExp.toFloats());
        }
    }

    static Matrix matrix(Tensor tensor) {
        return Matrix.borrow(DataType.F32, tensor.data_ptr(), tensor.size(0), tensor.size(1), tensor.stride(0));
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
