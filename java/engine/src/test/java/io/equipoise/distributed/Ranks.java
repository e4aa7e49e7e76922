package io.equipoise.distributed;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;

/** Ranks that are threads of this process, each with a Gloo of its own: what they exchange goes through the loopback device. */
public final class Ranks {
    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    private Ranks() {}

    /**
     * Runs the same on every rank.
     *
     * @return what came of it, by rank
     */
    public static <T> List<T> run(int size, Function<Collective, T> task) throws InterruptedException, IOException {
        var results = new ArrayList<T>();
        for (var each : start(size, TIMEOUT, task)) {
            try {
                results.add(each.get());
            } catch (ExecutionException e) {
                throw new AssertionError("rank " + results.size() + " failed: " + e.getCause(), e.getCause());
            }
        }
        return results;
    }

    /** The same without waiting; nothing may be left running when the test ends. */
    static <T> List<Future<T>> start(int size, Duration timeout, Function<Collective, T> task) throws IOException {
        var folder = Files.createTempDirectory("ranks");
        var file = folder.resolve("meeting");
        var threads = Executors.newFixedThreadPool(size);
        var futures = new ArrayList<Future<T>>();
        for (int r = 0; r < size; r++) {
            var rendezvous = new Rendezvous(r, size, r, size, new Rendezvous.File(file));
            futures.add(threads.submit(() -> {
                try (var collective = Collectives.join(rendezvous, timeout, false)) {
                    return task.apply(collective);
                }
            }));
        }
        threads.execute(() -> delete(futures, file, folder));
        threads.shutdown();
        return futures;
    }

    private static <T> void delete(List<Future<T>> futures, Path file, Path folder) {
        for (var each : futures) {
            try {
                each.get();
            } catch (ExecutionException | InterruptedException e) {
                // Whoever runs the ranks hears of it.
            }
        }
        try {
            Files.deleteIfExists(file);
            Files.deleteIfExists(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
