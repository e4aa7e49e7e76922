package io.equipoise.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.equipoise.cli.config.ConfigException;
import io.equipoise.cli.config.ConfigWriter;
import io.equipoise.cli.config.RunConfig;
import io.equipoise.kernels.KernelProvider;
import io.equipoise.model.ModelDigest;
import io.equipoise.model.ModelHub;
import io.equipoise.training.CheckpointFolder;
import io.equipoise.training.CheckpointWriter;
import io.equipoise.training.Trainer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.function.DoubleSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A run's checkpoints, with what only the command line knows in {@code run.json} and {@code config.yaml}. */
final class Checkpoints implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Checkpoints.class);
    private static final JsonMapper JSON = new JsonMapper();
    private static final String RUN = "run.json";

    private final RunFolder folder;
    private final Trainer trainer;
    private final CheckpointWriter writer;
    private final String config;
    private final String baseDigest;
    private final DoubleSupplier seconds;
    /** The step of the last one begun, or gone on from; −1 without. */
    private int last;

    private Optional<String> writing = Optional.empty();

    /**
     * For a run that begins or goes on.
     *
     * @param origin the base model's folder
     * @param resumed whether the trainer is as a checkpoint of this folder has it
     * @param seconds that the run has taken so far, all sessions together
     */
    Checkpoints(
            RunFolder folder, Trainer trainer, RunConfig settled, Path origin, boolean resumed, DoubleSupplier seconds)
            throws IOException {
        last = resumed ? trainer.steps() : -1;
        this.seconds = seconds;
        this.folder = folder;
        this.trainer = trainer;
        config = ConfigWriter.write(settled);
        baseDigest = ModelDigest.of(origin);
        try {
            writer = new CheckpointWriter(
                    new CheckpointFolder(
                            folder.checkpoints(),
                            settled.keepLast(),
                            settled.keepBest(),
                            (where, values) -> ModelHub.save(trainer.policy(), values, origin, where)),
                    checkpoint -> LOG.info("checkpoint {}", checkpoint));
        } catch (IOException e) {
            throw new RunWriteException(folder.path(), "checkpoints", e);
        }
    }

    /**
     * What a checkpoint says of the run.
     *
     * @param metrics bytes of {@code metrics.jsonl} when it was made
     * @param kernels that made it; empty: it was written by a version that didn't say
     * @param seconds that the run had taken; empty likewise
     */
    record RunState(long metrics, Optional<String> kernels, Optional<Double> seconds) {}

    /**
     * Reads that of a checkpoint whose files have been checked.
     *
     * @throws ConfigException if the base model is not the one that the run began with
     */
    static RunState read(Path checkpoint, Path origin) throws IOException {
        JsonNode run = JSON.readTree(checkpoint.resolve(RUN).toFile());
        String wanted = run.path("baseDigest").asText();
        String digest = ModelDigest.of(origin);
        if (!digest.equals(wanted)) {
            throw new ConfigException(
                    "the base model " + origin + " is not the one that the run began with: its SHA-256 is " + digest
                            + ", was " + wanted + "; a run can only go on with the same files");
        }
        return new RunState(
                run.path("metricsBytes").asLong(),
                run.path("kernels").isTextual()
                        ? Optional.of(run.path("kernels").asText())
                        : Optional.empty(),
                run.path("seconds").isNumber() ? Optional.of(run.path("seconds").asDouble()) : Optional.empty());
    }

    /**
     * Copies the trainer's state and has it written while training goes on, once the checkpoint before it is.
     *
     * @throws RunWriteException if that one could not be written
     */
    void begin() throws IOException {
        finish();
        var run = JSON.createObjectNode();
        run.put("metricsBytes", folder.metrics().written());
        run.put("baseDigest", baseDigest);
        run.put("equipoise", Version.equipoise());
        run.put("kernels", KernelProvider.kernels().description());
        run.put("seconds", seconds.getAsDouble());
        String json = JSON.writerWithDefaultPrettyPrinter().writeValueAsString(run) + "\n";
        last = trainer.steps();
        writing = Optional.of("checkpoint step-" + last);
        writer.write(trainer.checkpoint(), () -> {
            // Before the checkpoint that counts on it.
            folder.metrics().force();
            return Map.of(RUN, json, "config.yaml", config);
        });
    }

    /**
     * Waits for the last one begun.
     *
     * @throws RunWriteException if it could not be written
     */
    void finish() throws IOException {
        try {
            writer.await();
        } catch (IOException e) {
            throw new RunWriteException(folder.path(), writing.orElse("a checkpoint"), e);
        }
    }

    /** Writes one of the trainer as it is, unless that is done or under way, and waits for it. */
    Path write() throws IOException {
        if (last != trainer.steps()) begin();
        finish();
        return folder.checkpoints().resolve("step-" + trainer.steps());
    }

    @Override
    public void close() {
        writer.close();
    }
}
