package io.equipoise.kernels;

import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;

/**
 * What a transformer is made of, for processors where these beat a general library: products on prepared weights, layer
 * norm, attention, embedding, and the language-model head fused with the softmax. Arguments: outputs, inputs, scalars,
 * seed. N rows, D width, V vocabulary. Matrices are f32 or bf16 with any row stride; sums are f32 or better.
 *
 * <p>A row's result is the same, bit for bit, whatever other rows come with it and however many threads run: a text has
 * the log-probability it was drawn with when it is scored. {@link Vector#NONE} and {@link Matrix#NONE} leave an argument
 * out where that is said. Shapes and types that don't fit are a {@link KernelException} before anything is written.
 */
public interface TransformerKernels {
    /** Memory for a weight (depth, columns) in f32 or bf16. */
    PackedWeight allocate(DataType type, long depth, long columns);

    /**
     * Prepares a weight, rounding it to the packed type.
     *
     * @param packed (K, M), out
     * @param weight (K, M), or (M, K) if transposed; f32
     */
    void pack(PackedWeight packed, Matrix weight, boolean transposed);

    /**
     * {@code out = f(x · W + bias) + addend}.
     *
     * @param out (N, M), out; may be the addend itself
     * @param slope (N, M) of W's type: the derivative of {@link Activation#GELU}, out; or in, for {@link Activation#SLOPE};
     *     else, or where nobody needs it, NONE
     * @param x (N, K); rounded to W's type
     * @param bias (M), f32, or NONE
     * @param addend (N, M), f32, or NONE
     */
    void product(
            Matrix out, Matrix slope, Matrix x, PackedWeight weight, Vector bias, Matrix addend, Activation activation);

    /**
     * Adds a weight's gradient xᵀ · gradOut, and a bias's, the column sums of gradOut.
     *
     * @param gradWeight (K, M), f32, in and out, or NONE
     * @param gradBias (M), f32, in and out, or NONE
     * @param x (N, K)
     * @param gradOut (N, M)
     * @param type f32 or bf16, which both are rounded to
     */
    void outer(Matrix gradWeight, Vector gradBias, Matrix x, Matrix gradOut, DataType type);

    /**
     * Each row to mean 0 and variance 1, then gain · x̂ + bias.
     *
     * @param out (N, D), out
     * @param x (N, D), f32
     * @param gain (D), f32
     * @param bias (D), f32
     */
    void layerNorm(Matrix out, Matrix x, Vector gain, Vector bias, double epsilon);

    /**
     * Adds the gradient of {@link #layerNorm}.
     *
     * @param gradX (N, D), f32, in and out
     * @param gradGain (D), f32, in and out, or NONE
     * @param gradBias (D), f32, in and out, or NONE
     * @param gradOut (N, D), f32
     */
    void layerNormBackward(
            Matrix gradX, Vector gradGain, Vector gradBias, Matrix gradOut, Matrix x, Vector gain, double epsilon);

    /**
     * Causal self-attention of single rows: row {@code query[n]} over the rows {@code first[n]} … {@code query[n]}.
     *
     * @param out (N, D), of qkv's type, out
     * @param qkv (R, 3·D): a row's queries, keys and values, each by head
     * @param query (N), i32
     * @param first (N), i32
     * @param scale multiplies q · k
     */
    void attention(Matrix out, Matrix qkv, Vector query, Vector first, int heads, double scale);

    /**
     * The gradient of {@link #attention} where every row of consecutive whole sequences is a query.
     *
     * @param gradQkv (R, 3·D), of qkv's type, out
     * @param gradOut (R, D), f32
     * @param start (S + 1), i32: where sequences begin, the first at 0, and R
     */
    void attentionBackward(Matrix gradQkv, Matrix gradOut, Matrix qkv, Vector start, int heads, double scale);

    /**
     * {@code out[n] = table[token[n]] + positions[position[n]]}, all f32.
     *
     * @param table (V, D) without gaps
     * @param positions (C, D) without gaps
     * @param token (N), i32; outside the table is an error
     * @param position (N), i32; outside its table is an error
     */
    void embed(Matrix out, Matrix table, Matrix positions, Vector token, Vector position);

    /** {@code table[index[n]] += x[n]}, f32, in the order of n. */
    void scatterAdd(Matrix table, Matrix x, Vector index);

    /**
     * {@link Kernels#tokenLogProb} of the logits hidden · W, which are never stored; and expectations of functions.
     *
     * @param scores out
     * @param hidden (N, D); rounded to W's type
     * @param head (D, V)
     * @param token (N), i32; negative is padding, whose results are 0; V or more an error
     * @param functions (K, V), f32 without gaps, or NONE
     * @param temperature > 0; 1 where a gradient will follow
     */
    void headLogProb(
            HeadScores scores, Matrix hidden, PackedWeight head, Vector token, Matrix functions, double temperature);

    /** {@link Kernels#sample}, without truncation, of the logits hidden · W, which are never stored. */
    void headSample(
            Vector token,
            Vector logProb,
            Matrix hidden,
            PackedWeight head,
            Vector sequence,
            Vector position,
            double temperature,
            long seed);

    /**
     * The gradient of Σ_n coefficient[n] · log π(token[n]) with respect to hidden states and head.
     *
     * @param gradHidden (N, D), f32, out
     * @param gradHead (V, D), f32 without gaps, added to; or NONE
     * @param scores from {@link #headLogProb} with exponentials, in whose place are then the gradients with respect to the
     *     logits, coefficient[n] · (onehot(token[n]) − softmax)
     * @param coefficient (N), f32; a row whose coefficient is 0 adds nothing, even where its hidden state is NaN
     * @param token (N), i32; negative is padding, which adds nothing either
     * @param hidden (N, D), as then
     * @param transposedHead (V, D)
     */
    void headGradient(
            Matrix gradHidden,
            Matrix gradHead,
            HeadScores scores,
            Vector coefficient,
            Vector token,
            Matrix hidden,
            PackedWeight transposedHead);
}
