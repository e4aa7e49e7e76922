package io.equipoise.decoding;

/**
 * A text x that the proposal q wrote, weighed under the target P.
 *
 * @param index of its sequence in the run, which with the seed fixes its tokens and what becomes of it
 * @param generated its tokens without the prompt, EOS included
 * @param text what they say
 * @param phi (F) features
 * @param logProb log q(x), nats
 * @param logWeight log w = log P(x) − log q(x), nats; −∞ where P = 0
 */
public record Proposal(long index, int[] generated, String text, double[] phi, double logProb, double logWeight) {}
