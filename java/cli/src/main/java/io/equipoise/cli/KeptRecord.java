package io.equipoise.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.equipoise.training.Step;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** The run folder's files and checkpoints, and the progress that the user sees. The folder stays its opener's. */
final class KeptRecord implements RunRecord {
    private final RunFolder folder;
    private final Checkpoints checkpoints;
    private final Progress progress;

    KeptRecord(RunFolder folder, Checkpoints checkpoints, Progress progress) {
        this.folder = folder;
        this.checkpoints = checkpoints;
        this.progress = progress;
    }

    @Override
    public Path path() {
        return folder.path();
    }

    @Override
    public void step(Step step, ObjectNode line) throws IOException {
        progress.step(step);
        folder.metrics().append(line);
    }

    @Override
    public void beginCheckpoint() throws IOException {
        checkpoints.begin();
    }

    @Override
    public void finishCheckpoint() throws IOException {
        checkpoints.finish();
    }

    @Override
    public Path checkpoint() throws IOException {
        return checkpoints.write();
    }

    @Override
    public void samples(List<Sample> samples) throws IOException {
        folder.samples(samples);
    }

    @Override
    public List<String> warnings() throws IOException {
        return Logs.warnings(folder.log());
    }

    @Override
    public void report(String html) throws IOException {
        folder.report(html);
    }

    @Override
    public void close() {
        checkpoints.close();
    }
}
