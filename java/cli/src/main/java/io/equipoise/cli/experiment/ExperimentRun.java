package io.equipoise.cli.experiment;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.equipoise.cli.StepJson;
import io.equipoise.cli.config.ConfigException;
import io.equipoise.cli.config.RunConfig;
import io.equipoise.kernels.KernelProvider;
import io.equipoise.model.PretrainedModel;
import io.equipoise.target.EnergyBasedTarget;
import io.equipoise.training.Evaluator;
import io.equipoise.training.Step;
import io.equipoise.training.Trainer;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Trains as an experiment says and measures the outcome, all on the shared samples of the base model. */
final class ExperimentRun {
    private static final Logger LOG = LoggerFactory.getLogger(ExperimentRun.class);
    /** More than these many digits of a step's numbers are noise. */
    private static final MathContext DIGITS = new MathContext(5);

    private final Path folder;
    private final PretrainedModel base;
    private final ReferenceSample reference;
    private final int measured;
    /** By task: evaluators have scored the samples, which all runs of a task share. */
    private final Map<String, Evaluator> evaluators = new HashMap<>();

    /** @param measured how many samples that the target can write KL(p‖π) is measured on */
    ExperimentRun(Path folder, PretrainedModel base, ReferenceSample reference, int measured) {
        this.folder = folder;
        this.base = base;
        this.reference = reference;
        this.measured = measured;
    }

    /** @param progress is told every step */
    ObjectNode run(Experiment experiment, Consumer<Step> progress) {
        double start = cpuSeconds();
        var config = experiment.config(folder);
        if (config.prompts().isPresent()) {
            throw new ConfigException(
                    "task " + experiment.task() + " has training.prompts, but experiments share samples"
                            + " of the base model that have none; remove it, or use train");
        }
        var evaluator = evaluators.computeIfAbsent(experiment.task(), task -> evaluator(config));
        try (var trainer = Trainer.builder(base, config.engineConstraints(), config.training())
                .baseSample(reference.sequences())
                .create()) {
            var series = StepJson.node();
            while (!trainer.isFinished()) {
                var step = trainer.step();
                progress.accept(step);
                append(series, StepJson.of(step));
            }
            var result = StepJson.node();
            result.put("task", experiment.task());
            result.put("method", experiment.method());
            result.put("seed", experiment.seed());
            result.put("batchSize", config.training().batchSize());
            result.put("steps", config.training().steps());
            result.put("ownBatchSize", experiment.batchSize() == 0);
            var desired = result.putObject("desired");
            for (var constraint : trainer.target().constraints()) {
                desired.put(constraint.name(), constraint.moment());
            }
            var lambda = result.putObject("lambda");
            for (int f = 0; f < trainer.target().lambda().length; f++) {
                lambda.put(
                        trainer.target().constraints().get(f).name(),
                        trainer.target().lambda()[f]);
            }
            result.set("before", StepJson.of(evaluator.ofBase()));
            result.set(
                    "after",
                    StepJson.of(
                            evaluator.of(trainer.policy(), config.evaluation().policySamples())));
            result.set("series", series);
            result.put("kernels", KernelProvider.kernels().description());
            result.put("cpuSeconds", Math.round(cpuSeconds() - start));
            return result;
        } catch (ArithmeticException diverged) {
            throw new ArithmeticException(experiment + ": " + diverged.getMessage());
        }
    }

    /** What all threads of this process have used: other than the time that passed, it doesn't depend on what else is running. */
    private static double cpuSeconds() {
        return ProcessHandle.current()
                .info()
                .totalCpuDuration()
                .map(used -> used.toMillis() * 1e-3)
                .orElse(Double.NaN);
    }

    private Evaluator evaluator(RunConfig config) {
        var constraints = config.engineConstraints();
        double[][] phi = reference.features(constraints);
        var target = EnergyBasedTarget.fit(constraints, phi, new double[phi.length]);
        LOG.info("measuring the base model");
        var sampling = config.training().sampling().withSeed(config.evaluation().seed());
        return Evaluator.create(base, target, sampling, reference.measured(target, phi, measured));
    }

    /** Adds a step's numbers to the arrays of the same names; those of maps to {@code name.key}. */
    private static void append(ObjectNode series, ObjectNode step) {
        for (var field : step.properties()) {
            switch (field.getKey()) {
                case "step", "check", "seconds", "learningRate", "skipped" -> {}
                default -> {
                    if (field.getValue() instanceof ObjectNode map) {
                        for (var inner : map.properties()) {
                            add(series.withArray(field.getKey() + "." + inner.getKey()), inner.getValue());
                        }
                    } else {
                        add(series.withArray(field.getKey()), field.getValue());
                    }
                }
            }
        }
    }

    private static void add(ArrayNode array, JsonNode value) {
        if (value.isFloatingPointNumber())
            array.add(BigDecimal.valueOf(value.asDouble()).round(DIGITS));
        else array.add(value);
    }
}
