package io.equipoise.decoding;

/**
 * A number estimated from a sample.
 *
 * @param error its standard error, to first order in 1/√B; as little aware as the value of what the sample doesn't have
 */
public record Estimate(double value, double error) {}
