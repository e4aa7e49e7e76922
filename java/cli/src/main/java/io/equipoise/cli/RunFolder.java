package io.equipoise.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.equipoise.cli.config.ConfigException;
import io.equipoise.cli.config.ConfigWriter;
import io.equipoise.cli.config.RunConfig;
import io.equipoise.model.ModelHub;
import io.equipoise.training.Trainer;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;

/** What a run leaves behind. Nothing that is there already is ever overwritten. */
final class RunFolder implements AutoCloseable {
    private static final JsonMapper JSON = new JsonMapper();
    private static final DateTimeFormatter STAMP = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss");

    private final Path path;
    private final BufferedWriter metrics;

    private RunFolder(Path path, BufferedWriter metrics) {
        this.path = path;
        this.metrics = metrics;
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
        if (!Folders.isEmptyOrAbsent(path)) {
            throw new ConfigException("the run folder " + path
                    + " is there already and not empty; name another with output: or --output, or delete it");
        }
        return config.withOutput(path);
    }

    /** Makes the folder that {@link #settle} chose and writes the configuration into it. */
    static RunFolder create(RunConfig config) throws IOException {
        var path = config.output().orElseThrow();
        Files.createDirectories(path.resolve("checkpoints"));
        Files.writeString(path.resolve("config.yaml"), ConfigWriter.write(config));
        return new RunFolder(path, Files.newBufferedWriter(path.resolve("metrics.jsonl")));
    }

    Path path() {
        return path;
    }

    Path log() {
        return path.resolve("run.log");
    }

    /** One line of {@code metrics.jsonl}, on the disk before the next step begins. */
    void metrics(ObjectNode step) throws IOException {
        metrics.write(JSON.writeValueAsString(step));
        metrics.write('\n');
        metrics.flush();
    }

    /** All of {@code samples.jsonl}. */
    void samples(List<Sample> samples) throws IOException {
        try (var writer = Files.newBufferedWriter(path.resolve("samples.jsonl"))) {
            for (var sample : samples) {
                writer.write(JSON.writeValueAsString(sample));
                writer.write('\n');
            }
        }
    }

    void report(String html) throws IOException {
        Files.writeString(path.resolve("report.html"), html);
    }

    /**
     * The policy as a model folder, with what is needed to go on judging it. Written aside and renamed, so that a
     * checkpoint that is there is whole.
     */
    Path checkpoint(Trainer trainer, RunConfig config, int step, Path origin) throws IOException {
        var checkpoints = path.resolve("checkpoints");
        var checkpoint = checkpoints.resolve("step-" + step);
        if (Files.exists(checkpoint)) return checkpoint;
        var aside = Files.createTempDirectory(checkpoints, ".step-" + step + "-");
        ModelHub.save(trainer.policy(), origin, aside.resolve("policy"));
        var state = JSON.createObjectNode();
        state.put("step", step);
        state.put("seed", config.training().seed());
        var lambda = state.putObject("lambda");
        var constraints = trainer.target().constraints();
        for (int f = 0; f < constraints.size(); f++) {
            lambda.put(constraints.get(f).name(), trainer.target().lambda()[f]);
        }
        StepJson.put(state, "logZ", trainer.logZ());
        Files.writeString(
                aside.resolve("state.json"),
                JSON.writerWithDefaultPrettyPrinter().writeValueAsString(state) + "\n");
        Folders.force(aside);
        return Files.move(aside, checkpoint, StandardCopyOption.ATOMIC_MOVE);
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
        metrics.close();
    }
}
