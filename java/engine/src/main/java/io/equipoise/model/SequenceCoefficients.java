package io.equipoise.model;

/**
 * Gives each sequence of a micro-batch its weight in the gradient, once its log-probability is known. Called
 * from several threads, once for each sequence.
 */
@FunctionalInterface
public interface SequenceCoefficients {
    /**
     * The weight of one sequence.
     *
     * @param sequence index in the batch
     * @param logProb of the whole generated part under the model, nats
     * @return c in Σ c · ∇ log π(x)
     */
    double coefficient(int sequence, double logProb);
}
