package io.equipoise.model;

/**
 * How a model sees tokens that are already there, teacher-forced.
 *
 * @param logProb B ragged rows: log-probability of each generated token, nats; NaN where the model gives NaN
 * @param expected (B, T, K), ragged in T: for each generated token the expectations of K functions of the token in its
 *     place, given what comes before
 */
public record TokenScores(float[][] logProb, float[][][] expected) {
    /** Log-probabilities alone. */
    public static TokenScores of(float[][] logProb) {
        var none = new float[logProb.length][][];
        for (int i = 0; i < none.length; i++) none[i] = new float[logProb[i].length][0];
        return new TokenScores(logProb, none);
    }
}
