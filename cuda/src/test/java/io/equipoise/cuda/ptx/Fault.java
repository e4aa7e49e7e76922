package io.equipoise.cuda.ptx;

import io.equipoise.kernels.KernelException;

/** A kernel did what no kernel may, or PTX says what the interpreter doesn't know. */
final class Fault extends KernelException {
    private static final long serialVersionUID = 1;

    Fault(String message) {
        super(message);
    }

    /** PTX that can't be read. */
    static Fault unreadable(int line, String what) {
        return new Fault("PTX line " + line + ": " + what);
    }
}
