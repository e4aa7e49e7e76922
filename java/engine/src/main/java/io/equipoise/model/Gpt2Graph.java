package io.equipoise.model;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/** GPT-2's operations in libtorch on one set of parameters. Callers hold a PointerScope. */
record Gpt2Graph(Gpt2Config config, FlatParameters parameters) {
    private static final Map<String, UnaryOperator<Tensor>> ACTIVATION = activations();
    static final Set<String> ACTIVATIONS = ACTIVATION.keySet();

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

    /** Hidden states (N, D) at the positions that predict a generated token. */
    Tensor predicting(MicroBatches batch) {
        int rows = batch.sequences().length;
        var hidden = hidden(device().tensor(batch.inputs(), rows, batch.length()), rows, batch.length());
        return hidden.index_select(0, device().tensor(batch.rows(), batch.rows().length));
    }

    /** Hidden states (b·T, D) after the last norm, for tokens (b, T). */
    private Tensor hidden(Tensor tokens, long rows, long length) {
        long width = config.width();
        var x = torch.embedding(weight("transformer.wte.weight"), tokens)
                .add(weight("transformer.wpe.weight").narrow(0, 0, length))
                .view(rows * length, width);
        for (int layer = 0; layer < config.layers(); layer++) {
            String block = block(layer);
            var qkv = affine(norm(x, block + "ln_1"), block + "attn.c_attn")
                    .view(rows, length, 3, config.heads(), config.headWidth())
                    .permute(2, 0, 3, 1, 4);
            var attended = attention(qkv.select(0, 0), qkv.select(0, 1), qkv.select(0, 2), true, layer);
            x = x.add(affine(attended.transpose(1, 2).reshape(rows * length, width), block + "attn.c_proj"));
            x = x.add(feedForward(x, block));
        }
        return norm(x, "transformer.ln_f");
    }

    static String block(int layer) {
        return "transformer.h." + layer + ".";
    }

    Tensor attention(Tensor query, Tensor key, Tensor value, boolean causal, int layer) {
        var scale = new DoubleOptional(config.attentionScale(layer));
        return torch.scaled_dot_product_attention(query, key, value, new TensorOptional(), 0, causal, scale, false);
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

    LibtorchDevice device() {
        return parameters.device();
    }

    Tensor weight(String name) {
        return parameters.tensor(name);
    }

    Tensor head() {
        return weight(headName());
    }

    String headName() {
        return config.headName();
    }
}
