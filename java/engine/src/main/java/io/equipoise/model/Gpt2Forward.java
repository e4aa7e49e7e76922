package io.equipoise.model;

import io.equipoise.kernels.Activation;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;

/** GPT-2's blocks forward, row by row independent but for attention: scoring and decoding are the same arithmetic. */
record Gpt2Forward(Gpt2Config config, Gpt2Weights weights) {
    /**
     * From tokens to the last block's output.
     *
     * @param tokens (R), i32
     * @param positions (R), i32
     * @param query (R), i32: the row of the context that a row is
     * @param first (R), i32: the first row of the context that it sees
     */
    void run(Gpt2Activations activations, Vector tokens, Vector positions, Vector query, Vector first) {
        weights.kernels()
                .embed(
                        activations.layers().get(0).input(),
                        weights.tokenEmbedding(),
                        weights.positionEmbedding(),
                        tokens,
                        positions);
        for (int i = 0; i < config.layers(); i++) {
            block(i, activations.layers().get(i), activations.outputOf(i), query, first);
        }
    }

    private void block(int index, Gpt2Activations.Layer a, Matrix output, Vector query, Vector first) {
        var block = weights.blocks().get(index);
        norm(a.normal1(), a.input(), block.norm1());
        product(a.qkv(), Matrix.NONE, a.normal1(), block.qkv(), Matrix.NONE, Activation.IDENTITY);
        weights.kernels()
                .attention(a.attended(), a.context(), query, first, config.heads(), config.attentionScale(index));
        product(a.middle(), Matrix.NONE, a.attended(), block.projection(), a.input(), Activation.IDENTITY);
        norm(a.normal2(), a.middle(), block.norm2());
        product(a.activated(), a.slope(), a.normal2(), block.up(), Matrix.NONE, Activation.GELU);
        product(output, Matrix.NONE, a.activated(), block.down(), a.middle(), Activation.IDENTITY);
    }

    void norm(Matrix out, Matrix x, Gpt2Weights.Norm norm) {
        weights.kernels().layerNorm(out, x, norm.gain(), norm.bias(), config.layerNormEpsilon());
    }

    private void product(
            Matrix out, Matrix slope, Matrix x, PackedAffine affine, Matrix addend, Activation activation) {
        weights.kernels().product(out, slope, x, affine.packed(), affine.bias(), addend, activation);
    }
}
