package io.equipoise.kernels;

/** A kernel was called with arguments it can't take, or failed: what, got, wanted. */
public class KernelException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public KernelException(String message) {
        super(message);
    }
}
