package io.equipoise.cli;

import io.equipoise.cli.report.Measurement;
import io.equipoise.training.Step;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** What a run has measured since its beginning, step by step. */
final class History {
    private final List<Step> steps = new ArrayList<>();
    private final List<Measurement> measurements = new ArrayList<>();

    void add(Step step) {
        steps.add(step);
    }

    /** One made between two steps. */
    void add(Measurement measurement) {
        measurements.add(measurement);
    }

    /** All steps made, those left out included. */
    List<Step> steps() {
        return Collections.unmodifiableList(steps);
    }

    List<Measurement> measurements() {
        return Collections.unmodifiableList(measurements);
    }
}
