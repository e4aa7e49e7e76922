package io.equipoise.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.equipoise.training.Step;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** What is written down of a run while it is on. Of ranks that train together, rank 0 does, and the others go along. */
interface RunRecord extends AutoCloseable {
    /** The run folder. */
    Path path();

    /** A step that was made, with its line in the metrics. */
    void step(Step step, ObjectNode line) throws IOException;

    /** Has a checkpoint written while training goes on. */
    void beginCheckpoint() throws IOException;

    /** Waits for the checkpoint begun last. */
    void finishCheckpoint() throws IOException;

    /**
     * Writes a checkpoint of the run as it is.
     *
     * @return where
     */
    Path checkpoint() throws IOException;

    /** Texts before and after. */
    void samples(List<Sample> samples) throws IOException;

    /** What the run has warned of since its beginning, each thing once. */
    List<String> warnings() throws IOException;

    void report(String html) throws IOException;

    @Override
    void close();
}
