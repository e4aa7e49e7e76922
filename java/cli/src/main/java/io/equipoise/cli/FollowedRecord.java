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

    /**
     * @param path the run folder, which rank 0 writes
     * @param sharded whether a checkpoint takes a part of every rank's
     */
    FollowedRecord(Path path, Trainer trainer, boolean sharded) {
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
        if (sharded) trainer.checkpoint().close();
    }

    @Override
    public void finishCheckpoint() {}

    @Override
    public Path checkpoint() {
        beginCheckpoint();
        return path.resolve("checkpoints").resolve("step-" + trainer.steps());
    }

    @Override
    public void samples(List<Sample> samples) {}

    @Override
    public void report(String html) {}

    @Override
    public void close() {}
}
