package io.equipoise.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;

/** GPT-2's shape, from {@code config.json}; names as there. */
record Gpt2Config(
        int vocabularySize,
        int contextLength,
        int width,
        int layers,
        int heads,
        int inner,
        String activation,
        double layerNormEpsilon,
        boolean scaleAttention,
        boolean scaleAttentionByLayer,
        boolean tiedEmbeddings,
        int bosToken,
        EosTokens eosTokens) {
    /** Of any size; sizes are then multiplied without overflow. */
    private static final int LARGEST = 1 << 24;

    static int vocabularySize(JsonNode json, Path file) {
        return positive(json, "vocab_size", file);
    }

    static Gpt2Config of(JsonNode json, Path file, SpecialTokens tokens) {
        int width = positive(json, "n_embd", file);
        int heads = positive(json, "n_head", file);
        if (width % heads != 0) {
            throw new ModelFormatException(file + ": n_embd " + width + " is not a multiple of n_head " + heads);
        }
        String activation = json.path("activation_function").asText("gelu_new");
        if (!Gpt2Graph.ACTIVATIONS.contains(activation)) {
            throw new ModelFormatException(file + ": activation_function '" + activation + "' is not one of "
                    + String.join(", ", Gpt2Graph.ACTIVATIONS));
        }
        return new Gpt2Config(
                vocabularySize(json, file),
                positive(json, "n_positions", file),
                width,
                positive(json, "n_layer", file),
                heads,
                json.path("n_inner").isInt() ? positive(json, "n_inner", file) : 4 * width,
                activation,
                epsilon(json, file),
                json.path("scale_attn_weights").asBoolean(true),
                json.path("scale_attn_by_inverse_layer_idx").asBoolean(false),
                json.path("tie_word_embeddings").asBoolean(true),
                tokens.bos(),
                tokens.eos());
    }

    ModelConfig modelConfig() {
        return new ModelConfig(vocabularySize, contextLength, bosToken, eosTokens);
    }

    /** The parameter that gives the logits. */
    String headName() {
        return tiedEmbeddings ? "transformer.wte.weight" : "lm_head.weight";
    }

    int headWidth() {
        return width / heads;
    }

    /** What the product of query and key is multiplied by in a layer. */
    double attentionScale(int layer) {
        double scale = scaleAttention ? 1 / Math.sqrt(headWidth()) : 1;
        return scaleAttentionByLayer ? scale / (layer + 1) : scale;
    }

    private static int positive(JsonNode json, String key, Path file) {
        var node = json.path(key);
        if (!node.isInt() || node.asInt() < 1 || node.asInt() > LARGEST) {
            throw new ModelFormatException(file + ": " + key + " must be a positive whole number of at most " + LARGEST
                    + ", got " + (node.isMissingNode() ? "none" : node));
        }
        return node.asInt();
    }

    private static double epsilon(JsonNode json, Path file) {
        var node = json.path("layer_norm_epsilon");
        if (node.isMissingNode()) return 1e-5;
        if (!node.isNumber() || !(node.asDouble() > 0) || !(node.asDouble() < 1)) {
            throw new ModelFormatException(file + ": layer_norm_epsilon must be a number between 0 and 1, got " + node);
        }
        return node.asDouble();
    }
}
