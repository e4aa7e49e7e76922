package io.equipoise.training;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;

/** Writes checkpoints while training goes on, one at a time: the next waits for the one before. For one training thread. */
public final class CheckpointWriter implements AutoCloseable {
    private final CheckpointFolder folder;
    private final Consumer<Path> written;
    private final ExecutorService thread =
            Executors.newSingleThreadExecutor(task -> new Thread(task, "checkpoint writer"));
    private Optional<Future<Path>> outstanding = Optional.empty();

    public CheckpointWriter(CheckpointFolder folder) {
        this(folder, path -> {});
    }

    /** @param written is told of each checkpoint as soon as it is whole, on the writer's thread */
    public CheckpointWriter(CheckpointFolder folder, Consumer<Path> written) {
        this.folder = folder;
        this.written = written;
    }

    /** What goes into a checkpoint besides: files by name and content. */
    @FunctionalInterface
    public interface Companions {
        /** Called on the writer's thread. */
        Map<String, String> files() throws IOException;
    }

    /**
     * Hands a checkpoint over, after the one before has been written.
     *
     * @param checkpoint from now on the writer's, which closes it
     * @throws IOException if the one before could not be written
     */
    public void write(Checkpoint checkpoint, Companions companions) throws IOException {
        try {
            await();
        } catch (IOException | RuntimeException e) {
            checkpoint.close();
            throw e;
        }
        outstanding = Optional.of(thread.submit(() -> {
            try (checkpoint) {
                var path = folder.write(checkpoint, companions.files());
                written.accept(path);
                return path;
            }
        }));
    }

    /**
     * Waits until nothing is to be written.
     *
     * @return the folder of the last checkpoint written since the last call, if any
     * @throws IOException if it could not be written
     */
    public Optional<Path> await() throws IOException {
        if (outstanding.isEmpty()) return Optional.empty();
        var future = outstanding.get();
        outstanding = Optional.empty();
        try {
            return Optional.of(future.get());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while a checkpoint was being written", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException failure) throw failure;
            throw new IOException("a checkpoint could not be written: " + e.getCause(), e.getCause());
        }
    }

    /** Waits for what is being written; whether it succeeded, {@link #await} says. */
    @Override
    public void close() {
        thread.shutdown();
        try {
            if (outstanding.isPresent()) outstanding.get().get();
        } catch (ExecutionException e) {
            // Nobody has asked.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
