package io.equipoise.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.equipoise.cli.config.ConfigException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** {@code metrics.jsonl} of a run: a line a step, whole lines only. */
final class MetricsFile implements AutoCloseable {
    private static final JsonMapper JSON = new JsonMapper();
    private static final String NAME = "metrics.jsonl";

    private final Path run;
    private final FileChannel channel;

    /** Opens that of a run folder, at its end, making it if need be. */
    MetricsFile(Path run) throws IOException {
        this.run = run;
        channel = FileChannel.open(
                run.resolve(NAME), StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        channel.position(channel.size());
    }

    /** Writes a line, with the system before the next step begins. */
    void append(ObjectNode step) throws IOException {
        long whole = channel.position();
        try {
            var bytes = ByteBuffer.wrap((JSON.writeValueAsString(step) + "\n").getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) channel.write(bytes);
        } catch (IOException e) {
            channel.truncate(whole);
            throw new RunWriteException(run, NAME, e);
        }
    }

    /** Bytes so far. */
    long written() throws IOException {
        return channel.position();
    }

    /** Brings it to the disk. */
    void force() throws IOException {
        channel.force(false);
    }

    /**
     * What its beginning says; nothing is changed.
     *
     * @param bytes as {@link #written} said when the last of these steps had been made
     * @throws ConfigException if it has fewer, or a line isn't as it was written
     */
    History history(long bytes) throws IOException {
        if (channel.size() < bytes) {
            throw new ConfigException(
                    run.resolve(NAME) + " has " + channel.size() + " bytes, the checkpoint was made after " + bytes
                            + "; restore the file, go on from an earlier checkpoint, or begin a new run");
        }
        var content = ByteBuffer.allocate(Math.toIntExact(bytes));
        int read = 0;
        while (content.hasRemaining() && read >= 0) read = channel.read(content, content.position());
        var history = new History();
        int number = 0;
        for (String line : (Iterable<String>) new String(content.array(), StandardCharsets.UTF_8).lines()::iterator) {
            number++;
            try {
                read(history, JSON.readTree(line), number);
            } catch (JsonProcessingException e) {
                throw garbled(number, "not JSON: " + e.getOriginalMessage(), e);
            } catch (IllegalArgumentException e) {
                throw garbled(number, String.valueOf(e.getMessage()), e);
            }
        }
        return history;
    }

    private static void read(History history, JsonNode line, int number) {
        if (!line.path("step").isInt()) throw new IllegalArgumentException("it has no step");
        int step = line.path("step").asInt();
        if (step != number) throw new IllegalArgumentException("it is of step " + step + ", wanted " + number);
        history.add(StepJson.read(line));
        StepJson.measurement(line).ifPresent(history::add);
    }

    private ConfigException garbled(int line, String reason, Exception cause) {
        return new ConfigException(
                run.resolve(NAME) + ", line " + line + " is not as it was written (" + reason
                        + "); restore the file, go on from a checkpoint made before step " + line + " (ln -sfn step-N "
                        + run.resolve("checkpoints").resolve("latest") + "), or begin a new run",
                cause);
    }

    /** Cuts it back to so many bytes. */
    void rewind(long bytes) throws IOException {
        channel.truncate(bytes);
        channel.position(bytes);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
