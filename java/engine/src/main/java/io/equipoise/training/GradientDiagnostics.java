package io.equipoise.training;

/** How the norms of single sequences' gradients are found. */
public enum GradientDiagnostics {
    /** From the batch's own backward pass where the model's engine sees them there, else as {@link #EXACT}. */
    FAST,
    /** By a backward pass for each sequence: what {@link #FAST} is checked with. */
    EXACT
}
