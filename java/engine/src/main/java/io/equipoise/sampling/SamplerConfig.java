package io.equipoise.sampling;

import io.equipoise.InvalidInputException;
import io.equipoise.kernels.Truncation;

/**
 * How sequences are drawn.
 *
 * @param temperature divides the logits; 1 samples the model's own distribution
 * @param maxTokens the most tokens generated a sequence, EOS included
 * @param truncation top-k and top-p; for evaluation only
 * @param fixedLength goes on through EOS until {@code maxTokens}
 * @param batchSize sequences decoded at once; changes speed and memory only
 * @param seed with a sequence's index, fixes its tokens
 */
public record SamplerConfig(
        double temperature, int maxTokens, Truncation truncation, boolean fixedLength, int batchSize, long seed) {
    public SamplerConfig {
        if (!(temperature > 0)) {
            throw new InvalidInputException("temperature must be > 0, got " + temperature
                    + "; the likeliest token each time is top-k 1, SamplerConfig.greedy");
        }
        if (maxTokens < 1) throw new InvalidInputException("maxTokens must be >= 1, got " + maxTokens);
        if (batchSize < 1) throw new InvalidInputException("batchSize must be >= 1, got " + batchSize);
    }

    /** Plain sampling at temperature 1, 256 sequences at once. */
    public static SamplerConfig of(int maxTokens, long seed) {
        return new SamplerConfig(1, maxTokens, Truncation.NONE, false, 256, seed);
    }

    /**
     * The likeliest token each time, what sampling becomes as the temperature goes to 0; a tie is decided by the seed. As with
     * any truncation, log-probabilities are those of the distribution drawn from: 0 without a tie.
     */
    public static SamplerConfig greedy(int maxTokens, long seed) {
        return new SamplerConfig(1, maxTokens, new Truncation(1, 1), false, 256, seed);
    }

    /** The same with another number of sequences decoded at once. */
    public SamplerConfig withBatchSize(int size) {
        return new SamplerConfig(temperature, maxTokens, truncation, fixedLength, size, seed);
    }

    /** The same with another seed. */
    public SamplerConfig withSeed(long other) {
        return new SamplerConfig(temperature, maxTokens, truncation, fixedLength, batchSize, other);
    }
}
