package io.equipoise.target;

/** A feature that may be scored on the beginnings of texts too, whatever it says of itself. */
record PrefixFeature(Feature of) implements Feature {
    @Override
    public double score(String text) {
        return of.score(text);
    }

    @Override
    public boolean isBoolean() {
        return of.isBoolean();
    }

    @Override
    public boolean scoresPrefixes() {
        return true;
    }
}
