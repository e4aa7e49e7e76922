package io.equipoise.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.equipoise.training.Step;
import io.equipoise.training.Trainer;
import java.nio.file.Path;
import java.util.List;

/** That of a rank other than 0: it writes nothing, but has its part in checkpoints. */
final class FollowedRecord implements RunRecord {
    private final Path path;
    private final Trainer trainer;
    private final boolean sharded;
    /** As rank 0 has it: the step of the last checkpoint begun, or gone on from; −1 without. */
    private int last;

    /**
     * @param path the run folder, which rank 0 writes
     * @param sharded whether a checkpoint takes a part of every rank's
     * @param resumed whether the trainer is as a checkpoint has it
     */
    FollowedRecord(Path path, Trainer trainer, boolean sharded, boolean resumed) {
        last = resumed ? trainer.steps() : -1;
        this.path = path;
        this.trainer = trainer;
        this.sharded = sharded;
    }

    @Override
    public Path path() {
        return path;
    }

    @Override
    public void step(Step step, ObjectNode line) {}

    @Override
    public void beginCheckpoint() {
        last = trainer.steps();
        if (sharded) trainer.checkpoint().close();
    }

    @Override
    public void finishCheckpoint() {}

    @Override
    public Path checkpoint() {
        if (last != trainer.steps()) beginCheckpoint();
        return path.resolve("checkpoints").resolve("step-" + trainer.steps());
    }

    @Override
    public void samples(List<Sample> samples) {}

    @Override
    public List<String> warnings() {
        return List.of();
    }

    @Override
    public void report(String html) {}

    @Override
    public void close() {}
}
