package io.equipoise.cli;

import io.equipoise.cli.config.ConfigReader;
import io.equipoise.cli.config.ConfigSource;
import io.equipoise.cli.report.OutcomeTable;
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
    @Parameters(paramLabel = "CONFIG.yaml", description = "The configuration; see README and examples/.")
    private Path config = Path.of("");

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

    @Override
    void run() throws Exception {
        var chosen = device.choose();
        var source = ConfigSource.read(config);
        for (String override : overrides) source.override(override);
        var read = ConfigReader.read(source);
        var run = output.map(read::withOutput).orElse(read);
        var result = new TrainingRun(run, chosen, memory, console(), log -> logFile(log.toString())).run();
        console().result(result.json());
        console().result(OutcomeTable.of(result.outcome()));
        console()
                .result("\nModel:  " + result.checkpoint().resolve("policy") + "\nReport: "
                        + result.run().resolve("report.html"));
    }
}
