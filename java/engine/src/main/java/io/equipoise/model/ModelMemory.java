package io.equipoise.model;

/** What a model takes of memory outside the JVM's heap, in bytes, by its shape; each method is of one model, or one pass. */
public interface ModelMemory {
    /**
     * Weights in f32, and what products want of them; of a model that is trained its gradient too, one for each worker.
     *
     * @param trained whether gradients are wanted
     */
    long weights(boolean trained);

    /** Adam's two moments. */
    long optimiser();

    /**
     * A decoder: keys and values of all tokens, one token's activations, the logits.
     *
     * @param rows sequences decoded at once, by all decoders together
     * @param maxLength of a sequence, prompt included
     */
    long decoding(long rows, long maxLength);

    /**
     * Passes over micro-batches, one on each worker at once: activations, and for a gradient those of all layers and a chunk of
     * the head.
     *
     * @param rows tokens of a micro-batch
     */
    long pass(long rows, boolean gradient);
}
