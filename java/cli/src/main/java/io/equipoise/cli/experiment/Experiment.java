package io.equipoise.cli.experiment;

import io.equipoise.cli.config.ConfigReader;
import io.equipoise.cli.config.ConfigSource;
import io.equipoise.cli.config.RunConfig;
import java.nio.file.Path;
import java.util.List;

/**
 * One run: a task by a method.
 *
 * @param task name of a file in {@code tasks/}, without its ending
 * @param seed of training
 * @param batchSize 0 for the task's own
 * @param overrides the method's, as {@code --set} has them
 */
public record Experiment(String task, String method, int seed, int batchSize, List<String> overrides) {
    /** Of all evaluations, so that a task's runs can share one evaluator in whatever order they are made; no training's. */
    private static final int EVALUATION_SEED = 100;

    public Experiment {
        overrides = List.copyOf(overrides);
    }

    /** The task's. */
    public int number() {
        return Integer.parseInt(task.substring(0, task.indexOf('-')));
    }

    /** Where its result is, relative to the folder of results. */
    public Path file() {
        String name = method + (batchSize == 0 ? "" : "-batch-" + batchSize) + "-seed-" + seed + ".json";
        return Path.of(task).resolve(name);
    }

    @Override
    public String toString() {
        return task + ", " + method + (batchSize == 0 ? "" : ", batch " + batchSize) + ", seed " + seed;
    }

    /** The run's configuration: with another batch size, as many sequences in all and between two checks. */
    public RunConfig config(Path folder) {
        var source = ConfigSource.read(folder.resolve("tasks").resolve(task + ".yaml"));
        for (String override : overrides) source.override(override);
        source.override("training.seed=" + seed);
        source.override("evaluation.seed=" + EVALUATION_SEED);
        if (batchSize > 0) {
            var own = ConfigReader.read(source).training();
            source.override("training.batchSize=" + batchSize);
            source.override("training.steps=" + own.steps() * own.batchSize() / batchSize);
            source.override("training.warmupSteps=" + own.warmupSteps() * own.batchSize() / batchSize);
            source.override("training.checkEvery=" + Math.max(1, own.checkEvery() * own.batchSize() / batchSize));
        }
        return ConfigReader.read(source);
    }
}
