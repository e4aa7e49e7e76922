package io.equipoise.kernels;

import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;

/**
 * What {@link TransformerKernels#headLogProb} yields for N positions, and what it keeps for the gradient.
 *
 * @param logProb (N), f32, nats
 * @param logSumExp (N), f32, nats
 * @param entropy (N), f32, nats
 * @param expected (N, K), f32: expectations of K functions of a token under the softmax
 * @param exponentials (N, V) in the head's type: exp of the logits less their block's maximum; {@link Matrix#NONE} where
 *     no gradient will follow
 * @param blockMax (N, ⌈V / {@value #BLOCK}⌉), f32, or {@link Matrix#NONE}
 */
public record HeadScores(
        Vector logProb, Vector logSumExp, Vector entropy, Matrix expected, Matrix exponentials, Matrix blockMax)
        implements AutoCloseable {
    /** Columns of the vocabulary that share a maximum. */
    public static final int BLOCK = 512;

    /** For log-probabilities and the expectations of K functions. */
    public static HeadScores of(long rows, long functions) {
        return new HeadScores(
                Vector.f32(rows),
                Vector.f32(rows),
                Vector.f32(rows),
                Matrix.allocate(DataType.F32, rows, functions),
                Matrix.NONE,
                Matrix.NONE);
    }

    /** For log-probabilities that a gradient will follow. */
    public static HeadScores forGradient(long rows, PackedWeight head) {
        return new HeadScores(
                Vector.f32(rows),
                Vector.f32(rows),
                Vector.f32(rows),
                Matrix.NONE,
                Matrix.allocate(head.type(), rows, head.columns()),
                Matrix.allocate(DataType.F32, rows, (head.columns() + BLOCK - 1) / BLOCK));
    }

    /** The first rows, sharing memory. */
    public HeadScores first(long rows) {
        return new HeadScores(
                logProb.slice(0, rows),
                logSumExp.slice(0, rows),
                entropy.slice(0, rows),
                expected.isNone() ? expected : expected.slice(0, rows),
                exponentials.isNone() ? exponentials : exponentials.slice(0, rows),
                blockMax.isNone() ? blockMax : blockMax.slice(0, rows));
    }

    @Override
    public void close() {
        logProb.close();
        logSumExp.close();
        entropy.close();
        expected.close();
        exponentials.close();
        blockMax.close();
    }
}
