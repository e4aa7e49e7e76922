package io.equipoise.target;

/**
 * The boolean feature that a text has if it hasn't another.
 *
 * @param of boolean
 */
public record Negation(Feature of) implements Feature {
    public Negation {
        if (!of.isBoolean()) {
            throw new IllegalArgumentException(
                    "only a feature that a text has or hasn't can be negated, got one that is a"
                            + " number; ask for a moment of it, or make a condition of it by Feature.test");
        }
    }

    @Override
    public double score(String text) {
        return 1 - of.score(text);
    }

    @Override
    public boolean isBoolean() {
        return true;
    }

    @Override
    public boolean scoresPrefixes() {
        return of.scoresPrefixes();
    }

    @Override
    public Feature not() {
        return of;
    }
}
