package io.equipoise.cli;

import io.equipoise.cli.config.RunConfig;
import io.equipoise.cli.experiment.Experiment;
import io.equipoise.cli.experiment.Experiments;
import io.equipoise.model.ModelHub;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** {@code experiments}. */
@picocli.CommandLine.Command(
        name = "experiments",
        description = "Run the paper's experiments on the embedded model; what has a result already is left alone.")
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

    ExperimentsCommand(Console console) {
        super(console);
    }

    @Override
    void run() throws Exception {
        var experiments = new Experiments(folder);
        try (var base = ModelHub.load(ModelFolder.of(RunConfig.EMBEDDED))) {
            int made = experiments.run(base, this::wanted, seeds, steps -> new Progress(console(), steps)::step);
            console().result(made + " runs made");
        }
    }

    private boolean wanted(Experiment experiment) {
        int number = Integer.parseInt(experiment.task().replaceFirst("\\D.*", ""));
        return (only.isEmpty() || only.contains(number))
                && (methods.isEmpty() || methods.contains(experiment.method()));
    }
}
