package io.equipoise.cli;

import java.util.concurrent.CountDownLatch;

/**
 * One of the {@link Signals} while a run is on: the JVM, told to end, waits until the run has come to a place where it can go on
 * from another time, and then ends with the conventional code: 143 for SIGTERM, 130 for Ctrl-C, 138 for SIGUSR1.
 */
final class StopSignal implements AutoCloseable {
    private final CountDownLatch done = new CountDownLatch(1);
    private final Thread hook;
    private volatile boolean requested;

    /** Listens from now on. */
    StopSignal(Console console) {
        this(console, true);
    }

    /** @param told whether the user is told that it has come */
    StopSignal(Console console, boolean told) {
        hook = new Thread(
                () -> {
                    requested = true;
                    if (told) console.say("stopping after this step");
                    try {
                        done.await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                },
                "stop signal");
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /** Whether the run is to stop. */
    boolean isRequested() {
        return requested;
    }

    /** The run is in order: from now on the process may end at any moment. */
    @Override
    public void close() {
        done.countDown();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The process is ending already.
        }
    }
}
