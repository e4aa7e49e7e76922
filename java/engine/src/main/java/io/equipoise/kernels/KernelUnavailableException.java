package io.equipoise.kernels;

/** Kernels or a device that were asked for are not there or can't run here; the message says why. Not a fault of the kernels. */
public final class KernelUnavailableException extends KernelException {
    private static final long serialVersionUID = 1;

    public KernelUnavailableException(String message) {
        super(message);
    }
}
