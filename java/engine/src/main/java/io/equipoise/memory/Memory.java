package io.equipoise.memory;

import java.util.OptionalLong;
import org.bytedeco.javacpp.Pointer;

/**
 * What vectors and matrices lie in: the host's memory, or a device's, whose addresses mean nothing to the host. A copy is
 * made after everything that was queued on the device before it, and has been made when it returns.
 */
public interface Memory {
    /** That of the process. */
    Memory HOST = new HostMemory();

    /** What it is, for messages. */
    String description();

    /** A pointer to so many bytes, all 0. */
    Pointer allocate(long bytes);

    /** Gives back what {@link #allocate} gave. */
    void free(Pointer pointer);

    /** Sets bytes to 0. */
    void clear(Pointer pointer, long bytes);

    /** Copies bytes from here to here. */
    void copy(Pointer to, Pointer from, long bytes);

    /** How many bytes can still be allocated, where that is known; of the host's it isn't. */
    OptionalLong freeBytes();

    /** Copies bytes of the process to here. */
    void copyFromHost(Pointer to, Pointer host, long bytes);

    /** Copies bytes from here to the process. */
    void copyToHost(Pointer host, Pointer from, long bytes);
}
