package io.equipoise.model;

import io.equipoise.memory.Matrix;

/**
 * Is shown what the backward pass of one micro-batch computes with, weight by weight, while it is there; it changes
 * nothing. R fed rows, N rows that predict a generated token.
 */
interface GradientObserver {
    /** Looks away. */
    GradientObserver NONE = new GradientObserver() {
        @Override
        public boolean looks() {
            return false;
        }

        @Override
        public void head(int from, float[] coefficient, Matrix gradLogits, Matrix hidden) {}

        @Override
        public void lastNorm(Matrix gradient, Matrix input) {}

        @Override
        public void norm(String name, Matrix gradient, Matrix input, Gpt2Weights.Norm norm) {}

        @Override
        public void affine(String name, Matrix x, Matrix gradient) {}

        @Override
        public void embeddings(Matrix gradient) {}
    };

    /** Whether anything need be kept for it. */
    boolean looks();

    /**
     * The head, of whole sequences; those without a coefficient other than 0 may be left out.
     *
     * @param from the first of the micro-batch's N rows that are shown
     * @param coefficient (n) of these rows
     * @param gradLogits (n, V)
     * @param hidden (n, D); there until the end
     */
    void head(int from, float[] coefficient, Matrix gradLogits, Matrix hidden);

    /**
     * The layer norm before the head.
     *
     * @param gradient (N, D), f32, of what comes out
     * @param input (N, D), f32
     */
    void lastNorm(Matrix gradient, Matrix input);

    /**
     * A block's layer norm.
     *
     * @param gradient (R, D), f32, of what comes out
     * @param input (R, D), f32
     */
    void norm(String name, Matrix gradient, Matrix input, Gpt2Weights.Norm norm);

    /**
     * A product and its bias.
     *
     * @param x (R, K)
     * @param gradient (R, M), of what comes out
     */
    void affine(String name, Matrix x, Matrix gradient);

    /**
     * Token and position embeddings: the last call.
     *
     * @param gradient (R, D), f32, of the first block's input
     */
    void embeddings(Matrix gradient);
}
