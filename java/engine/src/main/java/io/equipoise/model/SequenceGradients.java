package io.equipoise.model;

import io.equipoise.memory.Vector;

/** Single sequences' own gradients, one backward pass each: slow, and right for every model. */
public final class SequenceGradients {
    private SequenceGradients() {}

    /**
     * The squared norms of sequences' gradients. The model's gradient is afterwards what it was before.
     *
     * @param model that {@link CausalLanguageModel#trainable} has been called on
     * @param tokens B ragged rows, prompt and generated tokens
     * @param promptLength (B)
     * @param coefficient B ragged rows: c of each generated token
     * @return (B) ‖Σ_t c_it · ∇ log π(x_it | x_i,&lt;t)‖² over the trained parameters
     */
    public static double[] squaredNorms(
            CausalLanguageModel model, int[][] tokens, int[] promptLength, float[][] coefficient) {
        var squares = new double[tokens.length];
        if (squares.length == 0) return squares;
        var gradient = model.parameters().gradient();
        try (var before = Vector.f32(gradient.size())) {
            before.copyFrom(gradient);
            for (int i = 0; i < squares.length; i++) {
                float[] own = coefficient[i];
                gradient.clear();
                model.accumulateGradient(
                        new int[][] {tokens[i]},
                        new int[] {promptLength[i]},
                        1,
                        (sequence, tokenLogProb, c) -> System.arraycopy(own, 0, c, 0, c.length));
                double norm = model.gradientNorm();
                squares[i] = norm * norm;
            }
            gradient.copyFrom(before);
        }
        return squares;
    }
}
