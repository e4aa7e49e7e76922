package io.equipoise.target;

import java.util.function.Predicate;

/**
 * A number φ(x) measured on a decoded text; constraints ask for its mean over the population, or, of a boolean one, that
 * every text has it. Called from several threads at once, thousands of times a step, so it keeps no state.
 */
@FunctionalInterface
public interface Feature {
    /**
     * φ(text).
     *
     * @return a finite number; 0 or 1 of a boolean feature
     */
    double score(String text);

    /** Whether every score is 0 or 1. */
    default boolean isBoolean() {
        return false;
    }

    /** The boolean feature that is 1 where {@code condition} holds, else 0. */
    static Feature test(Predicate<String> condition) {
        return new Feature() {
            @Override
            public double score(String text) {
                return condition.test(text) ? 1 : 0;
            }

            @Override
            public boolean isBoolean() {
                return true;
            }
        };
    }
}
