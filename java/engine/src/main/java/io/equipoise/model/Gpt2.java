package io.equipoise.model;

import io.equipoise.kernels.Kernels;
import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRefOptional;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * The GPT-2 family (Radford et al., 2019) in libtorch: learned positions, layer norm before each block, a head that may
 * share the token embedding. Autograd runs from the last hidden states down; the head is ours, chunk by chunk, so its
 * log-softmax is never stored.
 */
final class Gpt2 implements CausalLanguageModel {
    private static final Map<String, UnaryOperator<Tensor>> ACTIVATION = activations();
    static final Set<String> ACTIVATIONS = ACTIVATION.keySet();
    /** Rows of logits held at once when scoring without a gradient. */
    private static final int SCORING_ROWS = 512;

    private final Gpt2Config config;
    private final FlatParameters parameters;
    private final Kernels kernels;
    private volatile boolean closed;

    Gpt2(Gpt2Config config, Kernels kernels) {
        this.config = config;
        this.kernels = kernels;
        parameters = new FlatParameters(declarations(config));
    }

    private static Map<String, UnaryOperator<Tensor>> activations() {
        var activations = new LinkedHashMap<String, UnaryOperator<Tensor>>();
        activations.put("gelu_new", x -> torch.gelu(x, "tanh"));
        activations.put("gelu_pytorch_tanh", x -> torch.gelu(x, "tanh"));
        activations.put("gelu_fast", x -> torch.gelu(x, "tanh"));
        activations.put("gelu", x -> torch.gelu(x, "none"));
        activations.put("quick_gelu", x -> x.mul(torch.sigmoid(x.mul(new Scalar(1.702)))));
        activations.put("relu", torch::relu);
        activations.put("silu", torch::silu);
        activations.put("swish", torch::silu);
        activations.put("tanh", torch::tanh);
        return activations;
    }

    private static List<FlatParameters.Declaration> declarations(Gpt2Config config) {
        long width = config.width();
        long inner = config.inner();
        var list = new ArrayList<FlatParameters.Declaration>();
        list.add(new FlatParameters.Declaration(
                "transformer.wte.weight", List.of((long) config.vocabularySize(), width)));
        list.add(new FlatParameters.Declaration(
                "transformer.wpe.weight", List.of((long) config.contextLength(), width)));
        for (int layer = 0; layer < config.layers(); layer++) {
            String block = "transformer.h." + layer + ".";
            list.add(new FlatParameters.Declaration(block + "ln_1.weight", List.of(width)));
            list.add(new FlatParameters.Declaration(block + "ln_1.bias", List.of(width)));
            list.add(new FlatParameters.Declaration(block + "attn.c_attn.weight", List.of(width, 3 * width)));
            list.add(new FlatParameters.Declaration(block + "attn.c_attn.bias", List.of(3 * width)));
            list.add(new FlatParameters.Declaration(block + "attn.c_proj.weight", List.of(width, width)));
            list.add(new FlatParameters.Declaration(block + "attn.c_proj.bias", List.of(width)));
            list.add(new FlatParameters.Declaration(block + "ln_2.weight", List.of(width)));
            list.add(new FlatParameters.Declaration(block + "ln_2.bias", List.of(width)));
            list.add(new FlatParameters.Declaration(block + "mlp.c_fc.weight", List.of(width, inner)));
            list.add(new FlatParameters.Declaration(block + "mlp.c_fc.bias", List.of(inner)));
            list.add(new FlatParameters.Declaration(block + "mlp.c_proj.weight", List.of(inner, width)));
            list.add(new FlatParameters.Declaration(block + "mlp.c_proj.bias", List.of(width)));
        }
        list.add(new FlatParameters.Declaration("transformer.ln_f.weight", List.of(width)));
        list.add(new FlatParameters.Declaration("transformer.ln_f.bias", List.of(width)));
        if (!config.tiedEmbeddings()) {
            list.add(new FlatParameters.Declaration("lm_head.weight", List.of((long) config.vocabularySize(), width)));
        }
        return list;
    }

    Gpt2Config shape() {
        return config;
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
        return new Gpt2Decoder(this, batch, maxLength);
    }

    @Override
    public float[][] tokenLogProbs(int[][] tokens, int[] promptLength, int microBatch) {
        requireOpen();
        var result = new float[tokens.length][];
        for (var batch : MicroBatches.of(tokens, promptLength, microBatch, config())) {
            try (var scope = new PointerScope();
                    var guard = new NoGradGuard()) {
                var hidden = predicting(batch);
                int count = batch.targets().length;
                var logProb = new float[count];
                for (int from = 0; from < count; from += SCORING_ROWS) {
                    int rows = Math.min(SCORING_ROWS, count - from);
                    var logits = torch.mm(hidden.narrow(0, from, rows), head().t());
                    float[] chunk = logProbs(logits, Arrays.copyOfRange(batch.targets(), from, from + rows)).logProb;
                    System.arraycopy(chunk, 0, logProb, from, rows);
                }
                for (int b = 0; b < batch.sequences().length; b++) {
                    result[batch.sequences()[b]] =
                            Arrays.copyOfRange(logProb, batch.starts()[b], batch.starts()[b + 1]);
                }
            }
        }
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
        for (var batch : MicroBatches.of(tokens, promptLength, microBatch, config())) {
            try (var scope = new PointerScope()) {
                var selected = predicting(batch);
                backward(batch, selected, coefficients, result);
            }
        }
        return result;
    }

    /** The head's forward and backward on one micro-batch of whole sequences: both products once, nothing recomputed. */
    private void backward(
            MicroBatches batch, Tensor selected, SequenceCoefficients coefficients, double[] logProbOfSequence) {
        Tensor gradHidden;
        try (var guard = new NoGradGuard()) {
            var hidden = selected.detach();
            var logits = torch.mm(hidden, head().t());
            var scores = logProbs(logits, batch.targets());
            var coefficient = new float[batch.targets().length];
            boolean any = false;
            for (int b = 0; b < batch.sequences().length; b++) {
                double sum = 0;
                for (int n = batch.starts()[b]; n < batch.starts()[b + 1]; n++) sum += scores.logProb[n];
                int sequence = batch.sequences()[b];
                logProbOfSequence[sequence] = sum;
                float c = (float) coefficients.coefficient(sequence, sum);
                any |= c != 0;
                Arrays.fill(coefficient, batch.starts()[b], batch.starts()[b + 1], c);
            }
            if (!any) return;
            try (var logSumExp = Vector.of(scores.logSumExp);
                    var target = Vector.of(batch.targets());
                    var weight = Vector.of(coefficient)) {
                kernels.gradient(matrix(logits), logSumExp, target, weight);
            }
            gradHidden = torch.mm(logits, head());
            if (parameters.isTrainable(headName())) {
                parameters.gradient(headName()).addmm_(logits.t(), hidden);
            }
        }
        if (selected.requires_grad()) {
            selected.backward(gradHidden, new BoolOptional(), false, new TensorArrayRefOptional());
        }
    }

    private record Scores(float[] logProb, float[] logSumExp) {}

    private Scores logProbs(Tensor logits, int[] targets) {
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

    /** Hidden states (N, D) at the positions that predict a generated token. */
    private Tensor predicting(MicroBatches batch) {
        int rows = batch.sequences().length;
        var hidden = hidden(Tensor.create(batch.inputs(), rows, batch.length()), rows, batch.length());
        return hidden.index_select(0, Tensor.create(batch.rows(), batch.rows().length));
    }

    /** Hidden states (b·T, D) after the last norm, for tokens (b, T). */
    private Tensor hidden(Tensor tokens, long rows, long length) {
        long width = config.width();
        var x = torch.embedding(weight("transformer.wte.weight"), tokens)
                .add(weight("transformer.wpe.weight").narrow(0, 0, length))
                .view(rows * length, width);
        for (int layer = 0; layer < config.layers(); layer++) {
            String block = "transformer.h." + layer + ".";
            var qkv = affine(norm(x, block + "ln_1"), block + "attn.c_attn")
                    .view(rows, length, 3, config.heads(), config.headWidth())
                    .permute(2, 0, 3, 1, 4);
            var attended = torch.scaled_dot_product_attention(
                    qkv.select(0, 0),
                    qkv.select(0, 1),
                    qkv.select(0, 2),
                    new TensorOptional(),
                    0,
                    true,
                    new DoubleOptional(config.attentionScale(layer)),
                    false);
            x = x.add(affine(attended.transpose(1, 2).reshape(rows * length, width), block + "attn.c_proj"));
            x = x.add(feedForward(x, block));
        }
        return norm(x, "transformer.ln_f");
    }

    Tensor feedForward(Tensor x, String block) {
        var inner = affine(norm(x, block + "ln_2"), block + "mlp.c_fc");
        var activation = ACTIVATION.get(config.activation());
        if (activation == null) throw new IllegalStateException("activation " + config.activation());
        return affine(activation.apply(inner), block + "mlp.c_proj");
    }

    Tensor norm(Tensor x, String name) {
        return torch.layer_norm(
                x,
                new long[] {config.width()},
                new TensorOptional(weight(name + ".weight")),
                new TensorOptional(weight(name + ".bias")),
                config.layerNormEpsilon(),
                false);
    }

    Tensor affine(Tensor x, String name) {
        return torch.addmm(weight(name + ".bias"), x, weight(name + ".weight"));
    }

    Tensor weight(String name) {
        return parameters.tensor(name);
    }

    Tensor head() {
        return weight(headName());
    }

    private String headName() {
        return config.tiedEmbeddings() ? "transformer.wte.weight" : "lm_head.weight";
    }

    @Override
    public Parameters parameters() {
        requireOpen();
        return parameters.all();
    }

    @Override
    public void trainable(Predicate<String> name) {
        requireOpen();
        parameters.trainable(name);
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
        parameters.close();
    }
}
