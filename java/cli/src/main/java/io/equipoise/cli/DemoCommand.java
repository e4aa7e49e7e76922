package io.equipoise.cli;

import io.equipoise.cli.config.ConfigReader;
import io.equipoise.cli.config.ConfigSource;
import io.equipoise.cli.report.OutcomeTable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code demo}: an ordinary run whose configuration and model are in the jar. */
@picocli.CommandLine.Command(
        name = "demo",
        description = "Fine-tune the embedded model until half of its sentences are about women.")
final class DemoCommand extends Command {
    private static final int SHOWN = 5;

    @Option(names = "--output", paramLabel = "DIR", description = "The run folder; default runs/demo-TIME.")
    private Optional<Path> output = Optional.empty();

    @Option(names = "--seed", paramLabel = "N", description = "Of every random number.")
    private Optional<Long> seed = Optional.empty();

    @Mixin
    private OverrideOption overrides = new OverrideOption();

    @Mixin
    private DeviceOption device = new DeviceOption();

    @Mixin
    private MemoryOption memory = new MemoryOption();

    DemoCommand(Console console) {
        super(console);
    }

    /** The demo's configuration as YAML. */
    static String configuration() throws IOException {
        try (var stream = DemoCommand.class.getResourceAsStream("demo.yaml")) {
            if (stream == null) throw new IllegalStateException("the jar lacks demo.yaml");
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Override
    void run() throws Exception {
        var chosen = device.choose();
        var source =
                ConfigSource.parse(configuration(), "demo.yaml", Path.of("").toAbsolutePath());
        seed.ifPresent(value -> {
            source.override("training.seed=" + value);
            source.override("evaluation.seed=" + (value + 1));
        });
        overrides.apply(source);
        var read = ConfigReader.read(source);
        var run = output.map(read::withOutput).orElse(read);
        var result = new TrainingRun(run, chosen, memory, console(), log -> logFile(log.toString())).run();
        console().result(result.json());
        console().result(texts(result.samples(), "base", "Before:"));
        console().result(texts(result.samples(), "policy", "After:"));
        console().result(OutcomeTable.of(result.outcome()));
        console()
                .result("\nModel:  " + result.checkpoint().resolve("policy") + "\nReport: "
                        + result.run().resolve("report.html"));
    }

    private static String texts(List<Sample> samples, String model, String heading) {
        var lines = new StringBuilder(heading).append('\n');
        samples.stream()
                .filter(sample -> sample.model().equals(model))
                .limit(SHOWN)
                .forEach(sample -> lines.append("  ")
                        .append(SampleCommand.oneLine(sample.text().strip()))
                        .append('\n'));
        return lines.toString();
    }
}
