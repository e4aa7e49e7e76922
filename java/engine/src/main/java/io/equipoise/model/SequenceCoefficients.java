package io.equipoise.model;

import java.util.Arrays;

/**
 * Gives each generated token its weight in the gradient, once its sequence's log-probability is known. Called from
 * several threads, once for each sequence.
 */
@FunctionalInterface
public interface SequenceCoefficients {
    /**
     * The weights of one sequence's tokens, Σ_t c_t · ∇ log π(x_t | x_&lt;t).
     *
     * @param sequence index in the batch
     * @param tokenLogProb (T), log-probability of each generated token under the model, nats
     * @param coefficient (T), out
     */
    void coefficients(int sequence, float[] tokenLogProb, float[] coefficient);

    /**
     * The same, remembering what it gave.
     *
     * @param given B rows, out: each sequence's coefficients
     */
    default SequenceCoefficients remembered(float[][] given) {
        return (sequence, tokenLogProb, coefficient) -> {
            coefficients(sequence, tokenLogProb, coefficient);
            given[sequence] = coefficient.clone();
        };
    }

    /** One coefficient for the whole sequence. */
    @FunctionalInterface
    interface OfSequence {
        /**
         * The weight of all tokens of one sequence.
         *
         * @param logProb of the whole generated part, nats
         */
        double coefficient(int sequence, double logProb);
    }

    /** The same weight for every token of a sequence. */
    static SequenceCoefficients of(OfSequence each) {
        return (sequence, tokenLogProb, coefficient) -> {
            double logProb = 0;
            for (float part : tokenLogProb) logProb += part;
            Arrays.fill(coefficient, (float) each.coefficient(sequence, logProb));
        };
    }
}
