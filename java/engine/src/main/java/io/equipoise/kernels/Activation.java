package io.equipoise.kernels;

/** What {@link TransformerKernels#product} does to each element before it adds the addend. */
public enum Activation {
    IDENTITY,
    /** GELU in its tanh form; the value before it is kept. */
    GELU,
    /** Times the derivative of {@link #GELU} at the value that was kept. */
    GELU_GRADIENT
}
