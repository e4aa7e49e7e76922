package io.equipoise.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.equipoise.cli.config.ConfigException;
import io.equipoise.cli.config.ConfigWriter;
import io.equipoise.cli.config.RunConfig;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;

/** What a run leaves behind. Nothing of another run is ever overwritten; one process at a time, which holds its lock. */
final class RunFolder implements AutoCloseable {
    private static final JsonMapper JSON = new JsonMapper();
    private static final DateTimeFormatter STAMP = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss");
    private static final String CONFIG = "config.yaml";

    private final Path path;
    /** Folders made for it, the innermost first. */
    private final List<Path> made;

    private final RunLock lock;
    private final MetricsFile metrics;

    private RunFolder(Path path, List<Path> made, RunLock lock) throws IOException {
        this.path = path;
        this.made = made;
        this.lock = lock;
        metrics = new MetricsFile(path);
    }

    /**
     * Makes a new run's folder and writes the configuration into it: the one that it names, or {@code runs/NAME-TIME}, which
     * nobody else has.
     *
     * @throws ConfigException if the folder is there and not empty, can't be written to, or another process was faster
     */
    static RunFolder create(RunConfig config) throws IOException {
        var made = new ArrayList<Path>();
        try {
            var path = config.output().isPresent()
                    ? named(config.output().get(), made)
                    : unnamed(
                            Path.of("runs").toAbsolutePath(),
                            config.name(),
                            LocalDateTime.now(ZoneId.systemDefault()),
                            made);
            return opened(path, made, () -> {
                if (Files.exists(path.resolve(CONFIG))) throw taken(path);
                replace(path.resolve(CONFIG), ConfigWriter.write(config.withOutput(path)));
            });
        } catch (IOException | RuntimeException e) {
            for (var folder : made) Folders.deleteIfEmpty(folder);
            throw e;
        }
    }

    private static Path named(Path name, List<Path> made) throws IOException {
        var path = name.toAbsolutePath().normalize();
        if (!Folders.isEmptyOrAbsent(path)) throw taken(path);
        Folders.make(path, made);
        return path;
    }

    /**
     * Makes {@code NAME-TIME}, or with {@code -2}, {@code -3}, … the first of these that is not there, whoever else is about to.
     *
     * @param made gets what has been made, the innermost first
     */
    static Path unnamed(Path parent, String name, LocalDateTime time, List<Path> made) {
        Folders.make(parent, made);
        var first = parent.resolve(name + "-" + time.format(STAMP));
        var path = first;
        for (int number = 2; !Folders.claim(path, made); number++)
            path = first.resolveSibling(first.getFileName() + "-" + number);
        return path;
    }

    private static ConfigException taken(Path path) {
        return new ConfigException(
                "the run folder " + path + " is there already and not empty; go on with it by train --resume " + path
                        + ", name another with output: or --output, or delete it");
    }

    /**
     * The configuration of a run that is to go on, for those who only read.
     *
     * @throws ConfigException if there is none
     */
    static Path config(Path folder) {
        var file = folder.toAbsolutePath().normalize().resolve(CONFIG);
        if (!Files.isRegularFile(file)) {
            throw new ConfigException(
                    "no run in " + file.getParent() + " (no " + CONFIG + "); give the folder of a run");
        }
        return file;
    }

    /**
     * Opens the folder of a run that is to go on.
     *
     * @throws ConfigException if it is none, can't be written to, or another process is at it
     */
    static RunFolder open(Path folder) throws IOException {
        var path = folder.toAbsolutePath().normalize();
        config(path);
        return opened(path, List.of(), () -> {});
    }

    @FunctionalInterface
    private interface Preparation {
        void run() throws IOException;
    }

    private static RunFolder opened(Path path, List<Path> made, Preparation preparation) throws IOException {
        var lock = RunLock.take(path);
        try {
            preparation.run();
            return new RunFolder(path, made, lock);
        } catch (IOException | RuntimeException e) {
            lock.close();
            throw e;
        }
    }

    /** Written aside, flushed and renamed: the old file or the new one, never half. */
    private static void replace(Path file, String text) throws IOException {
        var aside = file.resolveSibling("." + file.getFileName() + ".part");
        try (var channel = FileChannel.open(
                aside, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            write(channel, text);
            channel.force(true);
        } catch (IOException e) {
            Files.deleteIfExists(aside);
            throw e;
        }
        Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private static void write(FileChannel channel, String text) throws IOException {
        var bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) channel.write(bytes);
    }

    Path path() {
        return path;
    }

    Path config() {
        return path.resolve(CONFIG);
    }

    Path checkpoints() {
        return path.resolve("checkpoints");
    }

    Path log() {
        return path.resolve("run.log");
    }

    MetricsFile metrics() {
        return metrics;
    }

    /** Writes a configuration that differs from the one it began with, so that {@code config.yaml} says how the run goes on. */
    void reconfigure(RunConfig config) throws IOException {
        String text = ConfigWriter.write(config);
        if (!text.equals(Files.readString(config()))) file(CONFIG, text);
    }

    /** All of {@code samples.jsonl}. */
    void samples(List<Sample> samples) throws IOException {
        var text = new StringBuilder();
        for (var sample : samples) text.append(JSON.writeValueAsString(sample)).append('\n');
        file("samples.jsonl", text.toString());
    }

    void report(String html) throws IOException {
        file("report.html", html);
    }

    private void file(String name, String text) throws IOException {
        try {
            replace(path.resolve(name), text);
        } catch (IOException e) {
            throw new RunWriteException(path, name, e);
        }
    }

    /**
     * Leaves nothing behind of a run that has not made a step because it can't be made; one that has made any stays. The folder
     * is still to be closed.
     */
    void discard() throws IOException {
        if (metrics.written() > 0 || Files.exists(checkpoints())) return;
        for (var file : List.of(config(), log(), path.resolve("metrics.jsonl"), path.resolve(RunLock.NAME))) {
            Files.deleteIfExists(file);
        }
        for (var folder : made) Folders.deleteIfEmpty(folder);
    }

    /** λ by constraint, as the last checkpoint of a run has it. */
    static JsonNode lambda(Path run) throws IOException {
        var checkpoint = ModelFolder.lastCheckpoint(run)
                .orElseThrow(() -> new ConfigException("no checkpoint in " + run + "; give the folder of a run"));
        var file = checkpoint.resolve("state.json");
        JsonNode lambda = JSON.readTree(file.toFile()).path("lambda");
        if (!lambda.isObject()) throw new ConfigException(file + " has no lambda");
        return lambda;
    }

    @Override
    public void close() throws IOException {
        try (lock) {
            metrics.close();
        }
    }
}
