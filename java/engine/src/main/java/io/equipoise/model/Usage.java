package io.equipoise.model;

/** Who is using a model: what it owns is freed when it is closed and nobody uses it any more, on whatever thread that is. */
final class Usage {
    private final Runnable free;
    private int users;
    private boolean closed;

    /** @param free called once */
    Usage(Runnable free) {
        this.free = free;
    }

    /** A use, until it is closed. */
    interface Hold extends AutoCloseable {
        @Override
        void close();
    }

    /** @throws IllegalStateException after {@link #close} */
    synchronized Hold begin() {
        requireOpen();
        users++;
        return this::end;
    }

    private synchronized void end() {
        users--;
        if (closed && users == 0) free.run();
    }

    /** @throws IllegalStateException after {@link #close} */
    synchronized void requireOpen() {
        if (closed) throw new IllegalStateException("the model was used after it was closed");
    }

    /** No use begins from here on. */
    synchronized void close() {
        if (closed) return;
        closed = true;
        if (users == 0) free.run();
    }
}
