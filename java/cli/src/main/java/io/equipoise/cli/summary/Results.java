package io.equipoise.cli.summary;

import com.fasterxml.jackson.databind.JsonNode;
import io.equipoise.cli.experiment.Experiment;
import io.equipoise.cli.experiment.ExperimentPlan;
import io.equipoise.cli.experiment.Experiments;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.ToDoubleFunction;

/** The runs that a plan has, and what came of those that were made. */
final class Results {
    /** {@link Experiment#batchSize} for a task's own. */
    static final int OWN = 0;

    private final List<Task> tasks;
    private final List<Experiment> planned;
    private final List<String> methods;
    private final List<RunResult> runs = new ArrayList<>();
    private final List<Experiment> missing = new ArrayList<>();

    private Results(List<Task> tasks, ExperimentPlan plan) {
        this.tasks = tasks;
        planned = plan.experiments();
        // In the studies' order, which has what is compared most side by side.
        methods = plan.studies().stream()
                .flatMap(study -> study.methods().keySet().stream())
                .distinct()
                .toList();
    }

    /** Reads whatever results there are. */
    static Results read(Experiments experiments, Path folder) throws IOException {
        var plan = experiments.plan();
        var tasks = plan.tasks().stream().map(name -> Task.read(folder, name)).toList();
        var results = new Results(tasks, plan);
        for (var experiment : results.planned) {
            Optional<JsonNode> json = experiments.result(experiment);
            if (json.isPresent()) results.runs.add(RunResult.of(experiment, json.get()));
            else results.missing.add(experiment);
        }
        return results;
    }

    List<Task> tasks() {
        return tasks;
    }

    List<Task> pointwise() {
        return tasks.stream().filter(Task::isPointwise).toList();
    }

    /** The tasks with a moment, those with a pointwise constraint besides included. */
    List<Task> distributional() {
        return tasks.stream().filter(task -> !task.isPointwise()).toList();
    }

    /** The tasks that the plan also has with other batch sizes. */
    List<Task> withBatchSizes() {
        return tasks.stream().filter(task -> batchSizes(task).size() > 1).toList();
    }

    List<String> methods() {
        return methods;
    }

    List<Experiment> planned() {
        return planned;
    }

    List<Experiment> missing() {
        return missing;
    }

    /** In the order of the plan. */
    List<RunResult> runs() {
        return runs;
    }

    /** That the runs took, one after the other. */
    double cpuSeconds() {
        return runs.stream().mapToDouble(RunResult::cpuSeconds).sum();
    }

    /** Any run of a task: all start from the same base model and have the same target. */
    Optional<RunResult> first(Task task) {
        return runs.stream()
                .filter(run -> run.experiment().task().equals(task.name()))
                .findFirst();
    }

    /** @param batchSize {@link #OWN}, or another */
    List<RunResult> of(Task task, String method, int batchSize) {
        return runs.stream()
                .filter(run -> isOf(run.experiment(), task, method, batchSize))
                .toList();
    }

    /** How many runs there are to be. */
    int planned(Task task, String method, int batchSize) {
        return (int) planned.stream()
                .filter(experiment -> isOf(experiment, task, method, batchSize))
                .count();
    }

    /** The same at one of {@link #batchSizes}. */
    int plannedAt(Task task, String method, int size) {
        return planned(task, method, key(task, size));
    }

    private static int key(Task task, int size) {
        return size == task.batchSize() ? OWN : size;
    }

    private static boolean isOf(Experiment experiment, Task task, String method, int batchSize) {
        return experiment.task().equals(task.name())
                && experiment.method().equals(method)
                && experiment.batchSize() == batchSize;
    }

    /** The task's methods, as far as they are planned. */
    List<String> methods(Task task) {
        return methods.stream().filter(method -> planned(task, method, OWN) > 0).toList();
    }

    /** All planned batch sizes of a task, its own included, ascending. */
    List<Integer> batchSizes(Task task) {
        var sizes = new TreeSet<Integer>();
        for (var experiment : planned) {
            if (!experiment.task().equals(task.name())) continue;
            sizes.add(experiment.batchSize() == OWN ? task.batchSize() : experiment.batchSize());
        }
        return List.copyOf(sizes);
    }

    /** A method's mean over seeds. */
    Side side(Task task, String method, int batchSize, ToDoubleFunction<RunResult> value) {
        int planned = planned(task, method, batchSize);
        double[] values =
                of(task, method, batchSize).stream().mapToDouble(value).toArray();
        return new Side(method, Estimate.of(values), planned);
    }

    /** The same of the runs at one of {@link #batchSizes}. */
    Side sideAt(Task task, String method, int size, ToDoubleFunction<RunResult> value) {
        return side(task, method, key(task, size), value);
    }
}
