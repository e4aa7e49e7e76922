package io.equipoise.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.equipoise.cli.config.ConfigWriter;
import io.equipoise.cli.config.RunConfig;
import io.equipoise.cli.report.Outcome;
import io.equipoise.cli.report.Report;
import io.equipoise.model.Device;
import io.equipoise.model.ModelHub;
import io.equipoise.model.PretrainedModel;
import io.equipoise.sampling.Prompts;
import io.equipoise.sampling.SamplerConfig;
import io.equipoise.training.Checkpoint;
import io.equipoise.training.CheckpointFolder;
import io.equipoise.training.Evaluator;
import io.equipoise.training.NonFiniteException;
import io.equipoise.training.Step;
import io.equipoise.training.Trainer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A whole run: measure, train, measure again, write everything down. */
final class TrainingRun {
    private static final Logger LOG = LoggerFactory.getLogger(TrainingRun.class);

    private final RunConfig config;
    private final Device device;
    private final MemoryOption memory;
    private final Console console;
    private final Consumer<Path> logging;

    /**
     * Prepares a run.
     *
     * @param device that models run on
     * @param memory what the run may take of it
     * @param logging is told the log file as soon as there is one
     */
    TrainingRun(RunConfig config, Device device, MemoryOption memory, Console console, Consumer<Path> logging) {
        this.config = config;
        this.device = device;
        this.memory = memory;
        this.console = console;
        this.logging = logging;
    }

    /** What came of it. */
    record Result(Outcome outcome, List<Sample> samples, Path run, Path checkpoint, double seconds) {
        ObjectNode json() {
            var json = outcome.json();
            json.put("seconds", seconds);
            json.put("run", run.toString());
            json.put("checkpoint", checkpoint.toString());
            return json;
        }
    }

    /** A new run. */
    Result run() throws IOException {
        var settled = RunFolder.settle(config);
        return run(settled, Optional.empty());
    }

    /**
     * Goes on with a run, from its last checkpoint or, where there is none yet, from the beginning.
     *
     * @param folder open
     */
    Result resume(RunFolder folder) throws IOException {
        return run(config.withOutput(folder.path()), Optional.of(folder));
    }

    private Result run(RunConfig settled, Optional<RunFolder> existing) throws IOException {
        long start = System.nanoTime();
        existing.ifPresent(this::log);
        var constraints = settled.engineConstraints();
        var origin = ModelFolder.of(settled.model());
        var size = ModelHub.memory(origin, settled.precision());
        memory.require(size, settled.training(), 1);
        try (var base = ModelHub.load(origin, settled.precision(), device)) {
            LOG.info(
                    "sampling {} texts of the model ({}) to find the target",
                    settled.training().momentSamples(),
                    settled.model());
            var prompts = settled.enginePrompts(base);
            memory.require(size, settled.training(), prompts.longest());
            try (var trainer = Trainer.builder(base, constraints, settled.training())
                    .prompts(prompts)
                    .create()) {
                describe(trainer);
                if (existing.isPresent()) {
                    var steps = restore(trainer, existing.get(), origin);
                    var evaluator = evaluator(settled, base, trainer, prompts);
                    return train(settled, evaluator, origin, trainer, existing.get(), steps, start);
                }
                // Only now: a configuration that can't work leaves no folder behind.
                try (var folder = RunFolder.create(settled)) {
                    log(folder);
                    var evaluator = evaluator(settled, base, trainer, prompts);
                    return train(settled, evaluator, origin, trainer, folder, new ArrayList<>(), start);
                }
            }
        }
    }

    private void log(RunFolder folder) {
        Logs.alsoTo(folder.log());
        logging.accept(folder.log());
    }

    /** @return the steps made before */
    private static List<Step> restore(Trainer trainer, RunFolder folder, Path origin) throws IOException {
        var latest = CheckpointFolder.latest(folder.checkpoints());
        if (latest.isEmpty()) {
            LOG.info("{} has no checkpoint yet: from the beginning", folder.path());
            return folder.rewind(0);
        }
        try (var checkpoint = Checkpoint.read(latest.get())) {
            trainer.restore(checkpoint);
            var state = Checkpoints.read(latest.get(), origin);
            LOG.info(
                    "going on from {} of {} steps",
                    checkpoint.step(),
                    trainer.config().steps());
            return folder.rewind(state.metrics());
        }
    }

    private static void describe(Trainer trainer) {
        var constraints = trainer.target().constraints();
        for (int f = 0; f < constraints.size(); f++) {
            var constraint = constraints.get(f);
            LOG.info(String.format(
                    Locale.ROOT,
                    "%s: %.4f in the base model, desired %s, lambda %.4f",
                    constraint.name(),
                    trainer.baseMoments().get(constraint.name()),
                    constraint.pointwise() ? "in every text" : constraint.moment(),
                    trainer.target().lambda()[f]));
        }
    }

    private static Evaluator evaluator(RunConfig settled, PretrainedModel base, Trainer trainer, Prompts prompts) {
        int samples = settled.evaluation().baseSamples();
        LOG.info("measuring the base model on {} fresh texts", samples);
        return Evaluator.create(base, trainer.target(), sampling(settled), samples, prompts);
    }

    private Result train(
            RunConfig settled,
            Evaluator evaluator,
            Path origin,
            Trainer trainer,
            RunFolder folder,
            List<Step> steps,
            long start)
            throws IOException {
        var evaluation = settled.evaluation();
        var before = evaluator.ofBase();
        Path checkpoint;
        try (var checkpoints = new Checkpoints(folder, trainer, settled, origin)) {
            checkpoint = steps(settled, evaluator, trainer, folder, checkpoints, steps);
            if (trainer.isStoppedByDrift()) LOG.warn("stopped by drift after step {}", steps.size());
        }
        LOG.info("measuring the policy on {} fresh texts", evaluation.policySamples());
        var after = evaluator.of(trainer.policy(), evaluation.policySamples());
        var outcome = new Outcome(trainer.target().constraints(), before, after);
        var samples = samples(settled, outcome);
        folder.samples(samples);
        double seconds = (System.nanoTime() - start) * 1e-9;
        var report = new Report(
                settled.name(),
                outcome,
                steps,
                texts(samples, "base"),
                texts(samples, "policy"),
                ConfigWriter.write(settled),
                seconds);
        folder.report(report.html());
        return new Result(outcome, samples, folder.path(), checkpoint, seconds);
    }

    /**
     * Steps until the run has ended or is told to stop.
     *
     * @return the last checkpoint
     */
    private Path steps(
            RunConfig settled,
            Evaluator evaluator,
            Trainer trainer,
            RunFolder folder,
            Checkpoints checkpoints,
            List<Step> steps)
            throws IOException {
        var evaluation = settled.evaluation();
        var progress = new Progress(console, settled.training().steps(), steps.size());
        try (var stop = new StopSignal(console)) {
            while (!trainer.isFinished()) {
                if (stop.isRequested()) throw stopped(checkpoints.write(), folder);
                var step = step(trainer, folder, checkpoints);
                steps.add(step);
                progress.step(step);
                var line = StepJson.of(step);
                if (every(evaluation.every(), step.step())) {
                    long from = System.nanoTime();
                    line.set("evaluation", StepJson.of(evaluator.of(trainer.policy(), evaluation.policySamples())));
                    line.withObject("/seconds").put("evaluation", (System.nanoTime() - from) * 1e-9);
                }
                folder.metrics(line);
                if (every(settled.checkpointEvery(), step.step())) checkpoints.begin();
            }
            // What comes after only reads: a signal then loses nothing.
            return checkpoints.write();
        }
    }

    private static Step step(Trainer trainer, RunFolder folder, Checkpoints checkpoints) throws IOException {
        try {
            return trainer.step();
        } catch (NonFiniteException e) {
            if (!e.isUndone()) {
                checkpoints.finish();
                throw e;
            }
            var good = checkpoints.write();
            var failure = new ArithmeticException(e.getMessage() + "; the last good step is in " + good
                    + ", go on from it without this step's batch by train --resume " + folder.path()
                    + " --on-nan skip");
            failure.initCause(e);
            throw failure;
        }
    }

    private RunStoppedException stopped(Path checkpoint, RunFolder folder) {
        String message = "stopped; " + checkpoint + " is written, go on from it with train --resume " + folder.path();
        console.say(message);
        return new RunStoppedException(message);
    }

    private static boolean every(int interval, int step) {
        return interval > 0 && step % interval == 0;
    }

    private static List<Sample> samples(RunConfig config, Outcome outcome) {
        var evaluation = config.evaluation();
        var samples = new ArrayList<Sample>();
        samples.addAll(Sample.pick("base", outcome.before(), evaluation.texts(), evaluation.seed()));
        samples.addAll(Sample.pick("policy", outcome.after(), evaluation.texts(), evaluation.seed()));
        return samples;
    }

    private static List<Report.Text> texts(List<Sample> samples, String model) {
        return samples.stream()
                .filter(sample -> sample.model().equals(model))
                .map(sample -> new Report.Text(sample.prompt(), sample.text(), sample.features()))
                .toList();
    }

    /** How evaluation samples are drawn: as in training, but with numbers of their own. */
    static SamplerConfig sampling(RunConfig config) {
        return config.training().sampling().withSeed(config.evaluation().seed());
    }
}
