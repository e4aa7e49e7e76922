package io.equipoise.training;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.equipoise.InvalidInputException;
import io.equipoise.memory.Vector;
import io.equipoise.model.TensorFile;
import io.equipoise.target.Constraint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;

/**
 * Everything that a run needs in order to go on from a step to the bit, in the host's memory: from {@link Trainer#checkpoint},
 * or from a folder for {@link Trainer#restore}. It doesn't change; it may be written by another thread. Format:
 * docs/checkpoints.md.
 */
public final class Checkpoint implements AutoCloseable {
    /** The name of π's weights among the tensors. */
    static final String POLICY = "policy";

    private static final String STATE = "state.json";
    private static final String TENSORS = "trainer.safetensors";
    /** JSON's numbers are doubles in shortest decimals, which read back as they were; NaN and infinities are strings. */
    private static final JsonMapper JSON = new JsonMapper();

    private final TrainerState state;
    private final Map<String, Vector> tensors = new LinkedHashMap<>();

    /**
     * Writes a policy as a model.
     *
     * <p>The folder must get a {@code model.safetensors} in which the parameters are f32 and in their order.
     */
    @FunctionalInterface
    public interface PolicyWriter {
        /** @param values (P), in the host's memory */
        void write(Path folder, Vector values) throws IOException;

        /** The weights and nothing else, for models that have no form of their own. */
        static PolicyWriter weights() {
            return (folder, values) -> {
                Files.createDirectories(folder);
                TensorFile.write(folder.resolve("model.safetensors"), Map.of(POLICY, values));
            };
        }
    }

    /** @param sources to be copied, from whatever memory */
    Checkpoint(TrainerState state, Map<String, Vector> sources) {
        this.state = state;
        try {
            for (var source : sources.entrySet()) {
                var copy = Vector.f32(source.getValue().size());
                tensors.put(source.getKey(), copy);
                copy.copyFrom(source.getValue());
            }
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    /** @param policy (P), from here on this one's */
    private Checkpoint(TrainerState state, Vector policy) {
        this.state = state;
        tensors.put(POLICY, policy);
    }

    /** Steps made before it. */
    public int step() {
        return state.step();
    }

    /** A running mean of the steps' estimates of KL(p‖π), nats, each 0.9 times as heavy as the one after it; NaN before the first. */
    public double klTargetPolicy() {
        return state.klAverage().value();
    }

    TrainerState state() {
        return state;
    }

    /**
     * Writes it into a folder, which isn't whole before {@link CheckpointFolder} has added the manifest.
     *
     * @param policy writes {@code policy/}
     */
    void write(Path folder, PolicyWriter policy) throws IOException {
        policy.write(folder.resolve(POLICY), tensor(POLICY));
        var others = new LinkedHashMap<>(tensors);
        others.remove(POLICY);
        TensorFile.write(folder.resolve(TENSORS), others);
        Files.writeString(
                folder.resolve(STATE), JSON.writerWithDefaultPrettyPrinter().writeValueAsString(state) + "\n");
    }

    /**
     * Reads one.
     *
     * @param folder {@code step-N}, or a link to it
     * @return the caller closes it
     * @throws CheckpointException unless every file is as it was written
     */
    public static Checkpoint read(Path folder) {
        CheckpointManifest.check(folder);
        var checkpoint = new Checkpoint(
                state(folder), TensorFile.readJoined(folder.resolve(POLICY).resolve("model.safetensors")));
        try {
            checkpoint.tensors.putAll(TensorFile.read(folder.resolve(TENSORS)));
            return checkpoint;
        } catch (RuntimeException e) {
            checkpoint.close();
            throw e;
        }
    }

    /**
     * Checks, without reading its tensors, that every file of one is as it was written and that a run configured like this can go
     * on from it: what would be refused after the base model has been sampled is refused before. That λ is found again, only
     * {@link Trainer#restore} can tell.
     *
     * @param folder {@code step-N}, or a link to it
     * @throws CheckpointException unless every file is as it was written
     * @throws InvalidInputException that says what differs
     */
    public static void require(Path folder, TrainingConfig config, List<Constraint> constraints) {
        CheckpointManifest.check(folder);
        var names = new LinkedHashSet<String>();
        for (var constraint : constraints) names.add(constraint.name());
        state(folder).requireLike(config, names);
    }

    private static TrainerState state(Path folder) {
        try {
            return JSON.readValue(folder.resolve(STATE).toFile(), TrainerState.class);
        } catch (IOException e) {
            throw new CheckpointException(
                    folder.resolve(STATE) + " can't be understood (" + e.getMessage()
                            + "); resume with the version that wrote it",
                    e);
        }
    }

    /** Overwrites vectors of the same names. */
    void copyTo(Map<String, Vector> destinations) {
        for (var destination : destinations.entrySet()) {
            destination
                    .getValue()
                    .copyFrom(
                            tensor(destination.getKey(), destination.getValue().size()));
        }
    }

    /**
     * One of its tensors, in the host's memory, this one's.
     *
     * @param size that it must have
     */
    Vector tensor(String name, long size) {
        var tensor = tensor(name);
        if (tensor.size() != size) {
            throw new InvalidInputException("the checkpoint's " + name + " has " + tensor.size()
                    + " elements, the trainer's " + size
                    + "; a run can only go on with the base model that it began with");
        }
        return tensor;
    }

    private Vector tensor(String name) {
        var tensor = tensors.get(name);
        if (tensor == null) throw new CheckpointException("the checkpoint of step " + step() + " has no " + name);
        return tensor;
    }

    @Override
    public void close() {
        tensors.values().forEach(Vector::close);
    }
}
