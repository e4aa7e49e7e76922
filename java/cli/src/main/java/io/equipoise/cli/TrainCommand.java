package io.equipoise.cli;

import io.equipoise.cli.config.ConfigException;
import io.equipoise.cli.config.ConfigReader;
import io.equipoise.cli.config.ConfigSource;
import io.equipoise.cli.config.RunConfig;
import io.equipoise.cli.report.OutcomeTable;
import io.equipoise.model.Device;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

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
            description = "Go on with the run in this folder from its last checkpoint, with its own configuration.")
    private Optional<Path> resume = Optional.empty();

    @Option(
            names = "--on-nan",
            paramLabel = "skip|stop",
            description = "At a step with a NaN or infinity: leave it out, or stop before it (the default).")
    private Optional<String> onNan = Optional.empty();

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "Override a value by dotted path, such as training.steps=5.")
    private List<String> overrides = new ArrayList<>();

    @Option(names = "--output", paramLabel = "DIR", description = "The run folder; default runs/NAME-TIME.")
    private Optional<Path> output = Optional.empty();

    @Mixin
    private DeviceOption device = new DeviceOption();

    @Mixin
    private MemoryOption memory = new MemoryOption();

    TrainCommand(Console console) {
        super(console);
    }

    private TrainingRun.Result begun(Device device) throws IOException {
        var file = config.orElseThrow(() ->
                new ConfigException("nothing to train: give a configuration, or --resume and the folder of a run"));
        var source = ConfigSource.read(file);
        for (String override : overrides) source.override(override);
        var read = read(source);
        var run = output.map(read::withOutput).orElse(read);
        return training(run, device).run();
    }

    private TrainingRun.Result resumed(Path run, Device device) throws IOException {
        if (config.isPresent() || !overrides.isEmpty() || output.isPresent()) {
            throw new ConfigException("--resume goes on with a run as it was configured; leave out the configuration,"
                    + " --set and --output, or begin a new run");
        }
        try (var folder = RunFolder.open(run)) {
            return training(read(ConfigSource.read(folder.config())), device).resume(folder);
        }
    }

    private RunConfig read(ConfigSource source) {
        onNan.ifPresent(choice -> source.override("training.onNan=" + choice));
        return ConfigReader.read(source);
    }

    private TrainingRun training(RunConfig run, Device device) {
        return new TrainingRun(run, device, memory, console(), log -> logFile(log.toString()));
    }

    @Override
    void run() throws Exception {
        var chosen = device.choose();
        var result = resume.isPresent() ? resumed(resume.get(), chosen) : begun(chosen);
        console().result(result.json());
        console().result(OutcomeTable.of(result.outcome()));
        console()
                .result("\nModel:  " + result.checkpoint().resolve("policy") + "\nReport: "
                        + result.run().resolve("report.html"));
    }
}
