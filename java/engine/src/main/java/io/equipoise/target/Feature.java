package io.equipoise.target;

import java.util.function.Predicate;

/**
 * A number φ(x) measured on a decoded text; constraints ask for its mean over the population, or, of a boolean one, that
 * every text has it. Called from several threads at once, once a text, so it keeps no state; a cheap one may be called on
 * the beginnings of texts too, see {@link #scoresPrefixes()}.
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

    /**
     * Whether it may be scored on the beginnings of texts, cut off after any token: some 40 times as often as on texts alone.
     * Training's control variates then know how much a text's beginning says of it, which takes noise out of the gradient.
     * False unless a feature says otherwise, for it may cost much, or have no meaning for half a text; the features of
     * {@link Features} say so. Either way the expected gradient is the same.
     */
    default boolean scoresPrefixes() {
        return false;
    }

    /** This feature, which {@linkplain #scoresPrefixes() may be scored on the beginnings of texts}: it costs little there. */
    default Feature onPrefixes() {
        return scoresPrefixes() ? this : new PrefixFeature(this);
    }

    /**
     * The boolean feature that a text has if it hasn't this one: pointwise, for "in no text".
     *
     * @throws IllegalArgumentException unless this is boolean
     */
    default Feature not() {
        return new Negation(this);
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
