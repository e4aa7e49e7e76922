package io.equipoise.cli;

import io.equipoise.InvalidInputException;
import io.equipoise.cli.config.RunConfig;
import io.equipoise.cli.experiment.Experiment;
import io.equipoise.cli.experiment.Experiments;
import io.equipoise.cli.summary.Summary;
import io.equipoise.model.ModelHub;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import picocli.CommandLine.Option;

/** {@code experiments}. */
@picocli.CommandLine.Command(
        name = "experiments",
        description =
                "Run the paper's experiments on the embedded model; what has a result already is left alone. --summary says"
                        + " what they show.")
final class ExperimentsCommand extends Command {
    @Option(
            names = "--only",
            paramLabel = "N",
            split = ",",
            description = "Only these tasks, by number; more than one with commas.")
    private List<Integer> only = new ArrayList<>();

    @Option(names = "--method", paramLabel = "NAME", split = ",", description = "Only these methods.")
    private List<String> methods = new ArrayList<>();

    @Option(names = "--seeds", paramLabel = "K", description = "At most so many seeds of each method.")
    private int seeds = Integer.MAX_VALUE;

    @Option(
            names = "--folder",
            paramLabel = "DIR",
            description = "Where plan, tasks and results are; default experiments.")
    private Path folder = Path.of("experiments");

    @Option(
            names = "--summary",
            description = "Run nothing: say claim by claim what the results show, and write tables.md and plots/.")
    private boolean summary;

    ExperimentsCommand(Console console) {
        super(console);
    }

    @Override
    void run() throws Exception {
        if (summary) {
            summarise();
            return;
        }
        var experiments = new Experiments(folder);
        check(experiments.plan().experiments());
        try (var base = ModelHub.load(ModelFolder.of(RunConfig.EMBEDDED))) {
            int made = experiments.run(base, this::wanted, seeds, steps -> new Progress(console(), steps, 0)::step);
            console().result(StepJson.node().put("made", made));
            console().result(made + " runs made; --summary says what all of them show");
        }
    }

    private void summarise() throws IOException {
        if (!only.isEmpty() || !methods.isEmpty() || seeds != Integer.MAX_VALUE) {
            throw new InvalidInputException(
                    "--summary is about all results; leave out --only, --method and --seeds, which choose what is run");
        }
        var read = Summary.read(folder);
        read.write(folder);
        console().result(read.json());
        console().result(read.text());
    }

    /** What is asked for must be in the plan, or a slip of the hand would look like work done. */
    private void check(List<Experiment> planned) {
        if (seeds < 1) throw new InvalidInputException("--seeds must be >= 1, got " + seeds);
        for (int number : only) {
            if (planned.stream().anyMatch(experiment -> experiment.number() == number)) continue;
            throw new InvalidInputException(
                    "--only " + number + ": the plan has the tasks " + names(planned, Experiment::number));
        }
        for (String method : methods) {
            if (planned.stream().anyMatch(experiment -> experiment.method().equals(method))) continue;
            throw new InvalidInputException(
                    "--method " + method + ": the plan has the methods " + names(planned, Experiment::method));
        }
    }

    private static String names(List<Experiment> planned, Function<Experiment, Object> name) {
        return planned.stream().map(name).distinct().map(Object::toString).collect(Collectors.joining(", "));
    }

    private boolean wanted(Experiment experiment) {
        return (only.isEmpty() || only.contains(experiment.number()))
                && (methods.isEmpty() || methods.contains(experiment.method()));
    }
}
