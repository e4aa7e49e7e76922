package io.equipoise.model;

/** Is told, while a gradient is being added up, which part of it won't change any more. */
@FunctionalInterface
public interface GradientProgress {
    /** Doesn't care. */
    GradientProgress NONE = new GradientProgress() {
        @Override
        public boolean cares() {
            return false;
        }

        @Override
        public void finalFrom(long element) {}
    };

    /** Whether to hear of parts is of any use to it. */
    default boolean cares() {
        return true;
    }

    /**
     * All of {@link Parameters#gradient()} from an element on is final. Called on any thread, with an ever smaller element, at
     * last with 0.
     */
    void finalFrom(long element);
}
