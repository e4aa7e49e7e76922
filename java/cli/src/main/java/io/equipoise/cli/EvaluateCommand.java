package io.equipoise.cli;

import io.equipoise.cli.config.ConfigReader;
import io.equipoise.cli.config.ConfigSource;
import io.equipoise.cli.report.Outcome;
import io.equipoise.cli.report.OutcomeTable;
import io.equipoise.model.ModelHub;
import io.equipoise.training.Evaluator;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code evaluate}. */
@picocli.CommandLine.Command(
        name = "evaluate",
        description = "Measure a saved policy against a configuration's target, on fresh samples.")
final class EvaluateCommand extends Command {
    private static final Logger LOG = LoggerFactory.getLogger(EvaluateCommand.class);

    @Parameters(paramLabel = "CONFIG.yaml", description = "The configuration that the policy was trained with.")
    private Path config = Path.of("");

    @Option(
            names = "--policy",
            paramLabel = "DIR",
            required = true,
            description = "A model folder, a checkpoint or a run folder.")
    private String policy = "";

    @Option(
            names = "--run",
            paramLabel = "DIR",
            description = "Take lambda from this run's last checkpoint; otherwise it is found anew.")
    private Optional<Path> run = Optional.empty();

    @Mixin
    private OverrideOption overrides = new OverrideOption();

    @Mixin
    private DeviceOption device = new DeviceOption();

    EvaluateCommand(Console console) {
        super(console);
    }

    @Override
    void run() throws Exception {
        long start = System.nanoTime();
        var chosen = device.choose();
        var source = ConfigSource.read(config);
        overrides.apply(source);
        var read = ConfigReader.read(source);
        var configured = ConfiguredTarget.of(read, run);
        try (var base = ModelHub.load(ModelFolder.of(read.model()), read.precision(), chosen);
                var tuned = ModelHub.load(ModelFolder.of(policy), read.precision(), chosen)) {
            ModelFolder.requireSameVocabulary(base, tuned);
            var prompts = read.enginePrompts(base);
            var target = configured.target(base, prompts);
            LOG.info("measuring the base model on {} texts", read.evaluation().baseSamples());
            var evaluator = Evaluator.create(
                    base, target, TrainingRun.sampling(read), read.evaluation().baseSamples(), prompts);
            LOG.info("measuring the policy on {} texts", read.evaluation().policySamples());
            var after = evaluator.of(tuned.model(), read.evaluation().policySamples());
            var outcome = new Outcome(configured.constraints(), evaluator.ofBase(), after);
            var json = outcome.json();
            json.put("seconds", (System.nanoTime() - start) * 1e-9);
            console().result(json);
            console().result(OutcomeTable.of(outcome));
        }
    }
}
