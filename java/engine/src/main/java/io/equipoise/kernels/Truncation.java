package io.equipoise.kernels;

import io.equipoise.InvalidInputException;

/**
 * What part of the vocabulary a draw may come from. For evaluation only: importance weights of truncated samples are
 * wrong, so training refuses it.
 *
 * @param topK keep the k largest logits (all that tie with the k-th too); 0 keeps all
 * @param topP then keep the shortest prefix, by decreasing probability, whose mass reaches p (all that tie with its last
 *     too); 1 keeps all
 */
public record Truncation(int topK, double topP) {
    /** The whole vocabulary. */
    public static final Truncation NONE = new Truncation(0, 1);

    public Truncation {
        if (topK < 0) throw new InvalidInputException("topK must be >= 0 (0 keeps all), got " + topK);
        if (!(topP > 0 && topP <= 1)) throw new InvalidInputException("topP must be in (0, 1], got " + topP);
    }

    /** Whether every token stays possible. */
    public boolean isNone() {
        return topK == 0 && topP == 1;
    }
}
