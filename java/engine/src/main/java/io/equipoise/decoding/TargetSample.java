package io.equipoise.decoding;

import java.util.List;

/**
 * Texts sampled from a target, or from what is near it.
 *
 * @param texts in the order in which they came; a Markov chain may give the same one several times
 * @param proposals how many texts of the proposal it took, up to the last that mattered
 * @param acceptanceRate the share of them that was accepted, of a Markov chain: the share of its steps that moved
 */
public record TargetSample(List<Proposal> texts, long proposals, double acceptanceRate) {
    public TargetSample {
        texts = List.copyOf(texts);
    }
}
