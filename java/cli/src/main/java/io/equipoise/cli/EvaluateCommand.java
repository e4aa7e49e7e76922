package io.equipoise.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.equipoise.cli.config.ConfigException;
import io.equipoise.cli.config.ConfigReader;
import io.equipoise.cli.config.ConfigSource;
import io.equipoise.cli.config.RunConfig;
import io.equipoise.cli.report.Outcome;
import io.equipoise.cli.report.OutcomeTable;
import io.equipoise.model.ModelHub;
import io.equipoise.model.PretrainedModel;
import io.equipoise.sampling.Prompts;
import io.equipoise.target.Constraint;
import io.equipoise.target.EnergyBasedTarget;
import io.equipoise.training.BaseSample;
import io.equipoise.training.Evaluator;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
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

    @Option(names = "--set", paramLabel = "KEY=VALUE", description = "Override a value by dotted path.")
    private List<String> overrides = new ArrayList<>();

    EvaluateCommand(Console console) {
        super(console);
    }

    @Override
    void run() throws Exception {
        long start = System.nanoTime();
        var source = ConfigSource.read(config);
        for (String override : overrides) source.override(override);
        var read = ConfigReader.read(source);
        var constraints = read.engineConstraints();
        var lambda = run.isPresent() ? Optional.of(RunFolder.lambda(run.get())) : Optional.<JsonNode>empty();
        try (var base = ModelHub.load(ModelFolder.of(read.model()), read.precision());
                var tuned = ModelHub.load(ModelFolder.of(policy), read.precision())) {
            if (tuned.model().config().vocabularySize() != base.model().config().vocabularySize()) {
                throw new IllegalArgumentException("the policy's vocabulary has "
                        + tuned.model().config().vocabularySize() + " tokens, the base model's "
                        + base.model().config().vocabularySize() + "; the policy must come from the same model");
            }
            var prompts = read.enginePrompts(base);
            var target = lambda.map(known -> target(constraints, known)).orElseGet(() -> fit(read, base, prompts));
            LOG.info("measuring the base model on {} texts", read.evaluation().baseSamples());
            var evaluator = Evaluator.create(
                    base, target, TrainingRun.sampling(read), read.evaluation().baseSamples(), prompts);
            LOG.info("measuring the policy on {} texts", read.evaluation().policySamples());
            var after = evaluator.of(tuned.model(), read.evaluation().policySamples());
            var outcome = new Outcome(constraints, evaluator.ofBase(), after);
            var json = outcome.json();
            json.put("seconds", (System.nanoTime() - start) * 1e-9);
            console().result(json);
            console().result(OutcomeTable.of(outcome));
        }
    }

    private static EnergyBasedTarget target(List<Constraint> constraints, JsonNode known) {
        var lambda = new double[constraints.size()];
        for (int f = 0; f < lambda.length; f++) {
            String name = constraints.get(f).name();
            if (!known.path(name).isNumber()) {
                throw new ConfigException("the run has no lambda for the constraint '" + name
                        + "'; give the configuration that it was made with");
            }
            lambda[f] = known.path(name).asDouble();
        }
        return EnergyBasedTarget.of(constraints, lambda);
    }

    /** λ as training finds it: with the same seed on the same samples. */
    private static EnergyBasedTarget fit(RunConfig config, PretrainedModel base, Prompts prompts) {
        LOG.info("sampling {} texts to find the target", config.training().momentSamples());
        return BaseSample.target(base, config.engineConstraints(), config.training(), prompts);
    }
}
