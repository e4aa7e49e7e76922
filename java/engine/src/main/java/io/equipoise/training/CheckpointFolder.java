package io.equipoise.training;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.equipoise.InvalidInputException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A run's checkpoints: {@code step-N} of the last few steps, the links {@code latest} and {@code best}. Each is written aside,
 * flushed to the disk and renamed, the link after it, so that whatever has a name is whole at every moment. For one process.
 */
public final class CheckpointFolder {
    private static final String LATEST = "latest";
    private static final String BEST = "best";

    private final Path folder;
    private final int keepLast;
    private final boolean keepBest;
    private final Checkpoint.PolicyWriter policy;

    /**
     * Opens it, making it if need be, and clears away what a run that was killed has left half done.
     *
     * @param keepLast how many of the last checkpoints stay, at least 1
     * @param keepBest whether that of the least {@link Checkpoint#klTargetPolicy} stays too
     */
    public CheckpointFolder(Path folder, int keepLast, boolean keepBest, Checkpoint.PolicyWriter policy)
            throws IOException {
        if (keepLast < 1) throw new InvalidInputException("keepLast must be >= 1, got " + keepLast);
        this.folder = folder;
        this.keepLast = keepLast;
        this.keepBest = keepBest;
        this.policy = policy;
        Files.createDirectories(folder);
        try (var entries = Files.list(folder)) {
            for (var entry : entries.toList()) if (name(entry).startsWith(".")) delete(entry);
        }
    }

    /** The last whole checkpoint of a folder: what {@code latest} points to, without such a link that of the highest step. */
    public static Optional<Path> latest(Path folder) throws IOException {
        var link = folder.resolve(LATEST);
        if (Files.isDirectory(link)) return Optional.of(link.toRealPath());
        return steps(folder).stream().findFirst();
    }

    /** {@code step-N}, highest first. */
    private static List<Path> steps(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) return List.of();
        try (var entries = Files.list(folder)) {
            return entries.filter(path -> name(path).matches("step-\\d{1,9}"))
                    .sorted(Comparator.comparingInt(CheckpointFolder::step).reversed())
                    .toList();
        }
    }

    private static int step(Path path) {
        return Integer.parseInt(name(path).substring("step-".length()));
    }

    private static String name(Path path) {
        return String.valueOf(path.getFileName());
    }

    /**
     * Writes a checkpoint.
     *
     * @param others more files by name and content
     * @return its folder
     * @throws IOException if it could not be written; those that were there still are
     */
    public Path write(Checkpoint checkpoint, Map<String, String> others) throws IOException {
        String name = "step-" + checkpoint.step();
        var destination = folder.resolve(name);
        // A run that went on from a step that it then made no other after has it already.
        if (latest(folder).map(CheckpointFolder::name).equals(Optional.of(name))) return destination;
        var aside = folder.resolve("." + name + ".part");
        try {
            delete(aside);
            Files.createDirectory(aside);
            checkpoint.write(aside, policy);
            for (var other : others.entrySet()) Files.writeString(aside.resolve(other.getKey()), other.getValue());
            CheckpointManifest.write(aside);
            force(aside);
            // There where a run was killed between this and its link.
            remove(destination);
            Files.move(aside, destination, StandardCopyOption.ATOMIC_MOVE);
            forceFolder(folder);
        } catch (IOException | RuntimeException e) {
            try {
                delete(aside);
            } catch (IOException suppressed) {
                e.addSuppressed(suppressed);
            }
            throw e;
        }
        link(LATEST, name);
        if (keepBest && !(klOfBest() <= checkpoint.klTargetPolicy())) link(BEST, name);
        prune();
        return destination;
    }

    /** NaN without a best one, or where its state can't be read. */
    private double klOfBest() {
        var state = folder.resolve(BEST).resolve("state.json");
        if (!Files.isRegularFile(state)) return Double.NaN;
        try {
            var average = new JsonMapper().readTree(state.toFile()).path("klAverage");
            return new KlAverage(
                            average.path("sum").asDouble(),
                            average.path("weight").asDouble())
                    .value();
        } catch (IOException e) {
            return Double.NaN;
        }
    }

    /** Makes a link by renaming another over it: never absent, never half. */
    private void link(String link, String name) throws IOException {
        var aside = folder.resolve("." + link);
        delete(aside);
        try {
            Files.createSymbolicLink(aside, Path.of(name));
        } catch (UnsupportedOperationException e) {
            return; // latest() then goes by the names
        }
        Files.move(aside, folder.resolve(link), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        forceFolder(folder);
    }

    private void prune() throws IOException {
        var best = folder.resolve(BEST);
        String kept = keepBest && Files.isDirectory(best) ? name(best.toRealPath()) : "";
        for (var old : steps(folder).stream().skip(keepLast).toList())
            if (!name(old).equals(kept)) remove(old);
    }

    /** Renames before it deletes, so that a folder called step-N is whole to the last. */
    private void remove(Path step) throws IOException {
        if (!Files.exists(step)) return;
        var aside = folder.resolve("." + name(step) + ".old");
        delete(aside);
        Files.move(step, aside, StandardCopyOption.ATOMIC_MOVE);
        delete(aside);
    }

    private static void delete(Path path) throws IOException {
        if (!Files.isDirectory(path) || Files.isSymbolicLink(path)) {
            Files.deleteIfExists(path);
            return;
        }
        try (var paths = Files.walk(path)) {
            for (var each : paths.sorted(Comparator.reverseOrder()).toList()) Files.delete(each);
        }
    }

    /** Brings every file and folder to the disk, so that a rename after it can't be seen before it. */
    private static void force(Path root) throws IOException {
        try (var paths = Files.walk(root)) {
            for (var path : paths.sorted(Comparator.reverseOrder()).toList()) {
                if (Files.isDirectory(path)) {
                    forceFolder(path);
                    continue;
                }
                try (var channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
                    channel.force(true);
                }
            }
        }
    }

    private static void forceFolder(Path path) throws IOException {
        FileChannel channel;
        try {
            channel = FileChannel.open(path, StandardOpenOption.READ);
        } catch (IOException e) {
            return; // Windows opens no folders
        }
        try (channel) {
            channel.force(true);
        }
    }
}
