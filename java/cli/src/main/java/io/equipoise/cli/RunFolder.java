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
import java.util.List;

/** What a run leaves behind. Nothing of another run is ever overwritten; one process at a time, which holds its lock. */
final class RunFolder implements AutoCloseable {
    private static final JsonMapper JSON = new JsonMapper();
    private static final DateTimeFormatter STAMP = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss");
    private static final String CONFIG = "config.yaml";

    private final Path path;
    private final RunLock lock;
    private final MetricsFile metrics;

    private RunFolder(Path path, RunLock lock) throws IOException {
        this.path = path;
        this.lock = lock;
        metrics = new MetricsFile(path);
    }

    /**
     * The configuration with its run folder settled: {@code runs/NAME-TIME} where it names none.
     *
     * @throws ConfigException if the folder is there and not empty
     */
    static RunConfig settle(RunConfig config) throws IOException {
        var path = config.output()
                .orElseGet(() -> Path.of(
                        "runs",
                        config.name() + "-"
                                + LocalDateTime.now(ZoneId.systemDefault()).format(STAMP)))
                .toAbsolutePath()
                .normalize();
        if (!Folders.isEmptyOrAbsent(path)) throw taken(path);
        return config.withOutput(path);
    }

    private static ConfigException taken(Path path) {
        return new ConfigException(
                "the run folder " + path + " is there already and not empty; go on with it by train --resume " + path
                        + ", name another with output: or --output, or delete it");
    }

    /**
     * Makes the folder that {@link #settle} chose and writes the configuration into it.
     *
     * @throws ConfigException if it can't be written to, or another process was faster
     */
    static RunFolder create(RunConfig config) throws IOException {
        var path = config.output().orElseThrow();
        try {
            Files.createDirectories(path);
        } catch (IOException e) {
            throw RunLock.notWritable(path, e);
        }
        return opened(path, () -> {
            if (Files.exists(path.resolve(CONFIG))) throw taken(path);
            replace(path.resolve(CONFIG), ConfigWriter.write(config));
        });
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
        return opened(path, () -> {});
    }

    @FunctionalInterface
    private interface Preparation {
        void run() throws IOException;
    }

    private static RunFolder opened(Path path, Preparation preparation) throws IOException {
        var lock = RunLock.take(path);
        try {
            preparation.run();
            return new RunFolder(path, lock);
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
