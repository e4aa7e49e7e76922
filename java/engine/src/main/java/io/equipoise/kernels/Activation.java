package io.equipoise.kernels;

/** What {@link TransformerKernels#product} does to each element before it adds the addend. */
public enum Activation {
    IDENTITY,
    /** GELU in its tanh form; its derivative is kept. */
    GELU,
    /** Times the derivative that was kept. */
    SLOPE
}
