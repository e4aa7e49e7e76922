package io.equipoise.training;

import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/** Finds out an object that is used by two threads at once before anything of it is damaged. */
final class OneAtATime {
    private final String object;
    private final AtomicReference<String> inside = new AtomicReference<>("");

    /** @param object what the message calls it */
    OneAtATime(String object) {
        this.object = object;
    }

    /**
     * Does what only one thread may do at a time.
     *
     * @throws IllegalStateException if a thread is at it already
     */
    <T> T enter(String method, Supplier<T> work) {
        String other = inside.compareAndExchange("", method);
        if (!other.isEmpty()) {
            throw new IllegalStateException(method + "() was called while " + other + "() of the same " + object
                    + " was running; it is for one thread at a time: wait for that one, or create another " + object);
        }
        try {
            return work.get();
        } finally {
            inside.set("");
        }
    }

    /** The same for what returns nothing. */
    void enter(String method, Runnable work) {
        enter(method, () -> {
            work.run();
            return "";
        });
    }
}
