package io.equipoise.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.equipoise.InvalidInputException;
import io.equipoise.cli.config.ConfigException;
import io.equipoise.cli.config.ConfigWriter;
import io.equipoise.cli.config.RunConfig;
import io.equipoise.kernels.KernelProvider;
import io.equipoise.training.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a run goes on from: its last checkpoint and the metrics up to it. Whatever speaks against going on is found here, before
 * any model is loaded or sampled, as far as files tell.
 *
 * @param checkpoint empty: from the beginning
 * @param history of the steps before it
 * @param metrics bytes of {@code metrics.jsonl} that are kept
 * @param seconds that the run has taken until then
 */
record Resumption(Optional<Path> checkpoint, History history, long metrics, double seconds) {
    private static final Logger LOG = LoggerFactory.getLogger(Resumption.class);
    private static final YAMLMapper YAML = new YAMLMapper();
    /** What a run may be told anew; all else would make it another run. */
    private static final List<String> MAY_CHANGE =
            List.of("training.steps", "training.onNan", "checkpointEvery", "keepLast", "keepBest", "evaluation.texts");

    /** A run that begins. */
    static Resumption none() {
        return new Resumption(Optional.empty(), new History(), 0, 0);
    }

    /** @throws ConfigException if one of them is of a key that may not change */
    static void require(OverrideOption overrides) {
        for (String key : overrides.keys()) {
            if (MAY_CHANGE.contains(key)) continue;
            throw new ConfigException("--set " + key + " with --resume: a run goes on as it was configured, but for "
                    + String.join(", ", MAY_CHANGE) + "; leave it out, or begin a new run");
        }
    }

    /**
     * Checks a checkpoint, and that a run so configured can go on from it.
     *
     * @param origin the base model's folder
     * @throws InvalidInputException that says what is damaged or doesn't fit
     */
    static Resumption of(RunFolder folder, RunConfig config, Optional<Path> checkpoint, Path origin)
            throws IOException {
        if (checkpoint.isEmpty()) {
            LOG.info("{} has no checkpoint yet: from the beginning", folder.path());
            return none();
        }
        var path = checkpoint.get();
        Checkpoint.require(path, config.training(), config.engineConstraints());
        requireLike(path.resolve("config.yaml"), config);
        var state = Checkpoints.read(path, origin);
        var history = folder.metrics().history(state.metrics());
        warnOfOtherKernels(path, state.kernels());
        // Earlier versions didn't write it down: the steps themselves took at least this.
        double seconds = state.seconds().orElseGet(() -> history.steps().stream()
                .mapToDouble(step -> step.seconds().getOrDefault("total", 0.0))
                .sum());
        return new Resumption(checkpoint, history, state.metrics(), seconds);
    }

    /** Other word lists or another model show by λ or a digest; their paths may be others. */
    private static void requireLike(Path file, RunConfig config) throws IOException {
        if (!Files.isRegularFile(file)) return;
        var then = constraints(YAML.readTree(Files.readString(file)));
        var now = constraints(YAML.readTree(ConfigWriter.write(config)));
        var keys = new TreeSet<>(then.keySet());
        keys.addAll(now.keySet());
        for (String key : keys) {
            String before = then.getOrDefault(key, "none");
            String after = now.getOrDefault(key, "none");
            if (before.equals(after)) continue;
            throw new ConfigException("the checkpoint was made with " + key + " = " + before + ", got " + after
                    + "; a run can only go on with the configuration it began with");
        }
    }

    private static Map<String, String> constraints(JsonNode config) {
        var values = new TreeMap<String, String>();
        values.put("precision", config.path("precision").asText());
        int index = 0;
        for (var constraint : config.path("constraints")) {
            for (var field : constraint.properties()) {
                if (field.getKey().equals("file")) continue;
                values.put(
                        "constraints." + index + "." + field.getKey(),
                        field.getValue().toString());
            }
            index++;
        }
        return values;
    }

    private static void warnOfOtherKernels(Path checkpoint, Optional<String> then) {
        String now = KernelProvider.kernels().description();
        if (then.isEmpty() || then.get().equals(now)) return;
        LOG.warn(
                "{} was written with the kernels {}, going on with {}: from here on the numbers are not, to the bit, those of"
                        + " a run that was never interrupted; --kernels and --cpu-isa choose others",
                checkpoint,
                then.get(),
                now);
    }
}
