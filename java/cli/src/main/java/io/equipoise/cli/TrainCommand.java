package io.equipoise.cli;

import io.equipoise.cli.config.ConfigException;
import io.equipoise.cli.config.ConfigReader;
import io.equipoise.cli.config.ConfigSource;
import io.equipoise.cli.config.RunConfig;
import io.equipoise.cli.report.OutcomeTable;
import io.equipoise.model.Device;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code train}. */
@picocli.CommandLine.Command(name = "train", description = "Fine-tune a model as a configuration says.")
final class TrainCommand extends Command {
    @Parameters(
            paramLabel = "CONFIG.yaml",
            arity = "0..1",
            description = "The configuration; see README and examples/.")
    private Optional<Path> config = Optional.empty();

    @Option(
            names = "--resume",
            paramLabel = "RUN",
            description =
                    "Go on with the run in this folder from its last checkpoint, with its own configuration; --set"
                            + " training.steps=N makes it longer.")
    private Optional<Path> resume = Optional.empty();

    @Option(
            names = "--on-nan",
            paramLabel = "skip|stop",
            description = "At a step with a NaN or infinity: leave it out, or stop before it (the default).")
    private Optional<String> onNan = Optional.empty();

    @Mixin
    private OverrideOption overrides = new OverrideOption();

    @Option(names = "--output", paramLabel = "DIR", description = "The run folder; default runs/NAME-TIME.")
    private Optional<Path> output = Optional.empty();

    @Mixin
    private DeviceOption device = new DeviceOption();

    @Mixin
    private MemoryOption memory = new MemoryOption();

    @Mixin
    private ProcessesOption processes = new ProcessesOption();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    TrainCommand(Console console) {
        super(console);
    }

    private TrainingRun.Result begun(Device chosen, TrainingProcesses together) throws IOException {
        var file = config.orElseThrow(() ->
                new ConfigException("nothing to train: give a configuration, or --resume and the folder of a run"));
        var source = ConfigSource.read(file);
        overrides.apply(source);
        var read = read(source);
        var run = output.map(read::withOutput).orElse(read);
        return training(run, chosen, together).run();
    }

    private TrainingRun.Result resumed(Path run, Device chosen, TrainingProcesses together) throws IOException {
        if (config.isPresent() || output.isPresent()) {
            throw new ConfigException("--resume goes on with a run as it was configured; leave out the configuration"
                    + " and --output, or begin a new run");
        }
        Resumption.require(overrides);
        if (!together.collective().isLeader()) {
            return training(resumed(RunFolder.config(run)), chosen, together).follow(run);
        }
        try (var folder = RunFolder.open(run)) {
            return training(resumed(folder.config()), chosen, together).resume(folder);
        }
    }

    private RunConfig resumed(Path file) {
        var source = ConfigSource.read(file);
        overrides.apply(source);
        return read(source);
    }

    private RunConfig read(ConfigSource source) {
        onNan.ifPresent(choice -> source.override("training.onNan=" + choice));
        return ConfigReader.read(source);
    }

    private TrainingRun training(RunConfig run, Device chosen, TrainingProcesses together) {
        return new TrainingRun(run, chosen, memory, console(), log -> logFile(log.toString()), together);
    }

    @Override
    void run() throws Exception {
        var rendezvous = processes.rendezvous();
        if (rendezvous.isPresent()) {
            var mine = rendezvous.get();
            LocalProcesses.endWithParent();
            if (mine.rank() > 0) {
                Logs.onlyErrors();
                // One of them answers.
                console().json(false);
            }
            ProcessesOption.divideThreads(mine.localSize());
            var chosen = device.choose();
            try (var collective = processes.join(mine, chosen, console())) {
                train(chosen, new TrainingProcesses(collective, mine.localSize(), processes.sharded()));
            }
        } else if (processes.toStart() > 1) {
            String run = resume.or(() -> output).map(Path::toString).orElse("and the run folder named above");
            new LocalProcesses(console(), processes.toStart(), run)
                    .run(ProcessesOption.without(
                            spec.root().commandLine().getParseResult().originalArgs()));
        } else {
            train(device.choose(), TrainingProcesses.one());
        }
    }

    private void train(Device chosen, TrainingProcesses together) throws IOException {
        try {
            var result = resume.isPresent() ? resumed(resume.get(), chosen, together) : begun(chosen, together);
            together.collective().leaving("it has finished");
            if (together.collective().isLeader()) tell(result);
        } catch (IOException | RuntimeException e) {
            together.collective().leaving(String.valueOf(e.getMessage()));
            throw e;
        }
    }

    private void tell(TrainingRun.Result result) {
        console().result(result.json());
        console().result(OutcomeTable.of(result.outcome()));
        console()
                .result("\nModel:  " + result.checkpoint().resolve("policy") + "\nReport: "
                        + result.run().resolve("report.html"));
    }
}
