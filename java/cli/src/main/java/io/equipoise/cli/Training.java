package io.equipoise.cli;

import io.equipoise.cli.config.ConfigWriter;
import io.equipoise.cli.config.RunConfig;
import io.equipoise.cli.report.Measurement;
import io.equipoise.cli.report.Outcome;
import io.equipoise.cli.report.Report;
import io.equipoise.distributed.Agreement;
import io.equipoise.distributed.Collective;
import io.equipoise.distributed.Traffic;
import io.equipoise.kernels.KernelProvider;
import io.equipoise.model.PretrainedModel;
import io.equipoise.sampling.Prompts;
import io.equipoise.training.Evaluator;
import io.equipoise.training.NonFiniteException;
import io.equipoise.training.Step;
import io.equipoise.training.Trainer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The part of a {@link TrainingRun} in which its trainer is there: measure, step until the end, measure again. */
final class Training {
    private static final Logger LOG = LoggerFactory.getLogger(Training.class);

    private final RunConfig config;
    private final PretrainedModel base;
    private final Trainer trainer;
    private final Prompts prompts;
    private final Collective collective;
    private final Console console;
    private final History history;
    private final boolean resumed;
    private final double earlierSeconds;
    private final long start;

    /**
     * What is to be trained.
     *
     * @param trainer restored from the checkpoint if there is one
     * @param resumption what the run goes on from
     * @param start of this session, {@link System#nanoTime}
     */
    Training(
            RunConfig config,
            PretrainedModel base,
            Trainer trainer,
            Prompts prompts,
            Collective collective,
            Console console,
            Resumption resumption,
            long start) {
        this.config = config;
        this.base = base;
        this.trainer = trainer;
        this.prompts = prompts;
        this.collective = collective;
        this.console = console;
        this.start = start;
        history = resumption.history();
        resumed = resumption.checkpoint().isPresent();
        earlierSeconds = resumption.seconds();
    }

    /** Where rank 0 writes it all down. */
    RunRecord record(RunFolder folder, Path origin) throws IOException {
        var progress = new Progress(console, config.training().steps(), trainer.steps());
        return new KeptRecord(
                folder,
                new Checkpoints(folder, trainer, config, origin, resumed, () -> earlierSeconds + seconds()),
                progress);
    }

    /** Of this session, so far. */
    private double seconds() {
        return (System.nanoTime() - start) * 1e-9;
    }

    /** All of it. */
    TrainingRun.Result run(RunRecord record) throws IOException {
        int samples = config.evaluation().baseSamples();
        LOG.info("measuring the base model on {} fresh texts", samples);
        var evaluator =
                Evaluator.create(base, trainer.target(), TrainingRun.sampling(config), samples, prompts, collective);
        var before = evaluator.ofBase();
        var traffic = collective.traffic();
        int earlier = trainer.steps();
        var checkpoint = steps(evaluator, record);
        if (trainer.isStoppedByDrift()) LOG.warn("stopped by drift after step {}", trainer.steps());
        if (collective.size() > 1) tell(collective.traffic().since(traffic), trainer.steps() - earlier);
        LOG.info("measuring the policy on {} fresh texts", config.evaluation().policySamples());
        var after = evaluator.of(trainer.policy(), config.evaluation().policySamples());
        var outcome = new Outcome(trainer.target().constraints(), before, after);
        var texts = samples(outcome);
        record.samples(texts);
        double seconds = seconds();
        record.report(report(outcome, texts, record, earlierSeconds + seconds).html());
        return new TrainingRun.Result(outcome, texts, record.path(), checkpoint, seconds);
    }

    private Report report(Outcome outcome, List<Sample> texts, RunRecord record, double seconds) throws IOException {
        var facts = new Report.Facts(
                Version.equipoise(),
                KernelProvider.kernels().description(),
                ZonedDateTime.now(ZoneId.systemDefault()),
                Progress.duration(seconds),
                record.warnings());
        return new Report(
                String.valueOf(record.path().getFileName()),
                outcome,
                history.steps(),
                history.measurements(),
                texts(texts, "base"),
                texts(texts, "policy"),
                ConfigWriter.write(config),
                facts);
    }

    private static void tell(Traffic traffic, int steps) {
        int count = Math.max(1, steps);
        LOG.info(String.format(
                Locale.ROOT,
                "a step sends %.3f MB, waits for gradients' sums for %.4f s and for other ranks otherwise for %.4f s",
                traffic.sentBytes() * 1e-6 / count,
                traffic.sumSeconds() / count,
                traffic.gatherSeconds() / count));
    }

    /**
     * Steps until the run has ended or is told to stop.
     *
     * @return the last checkpoint
     */
    private Path steps(Evaluator evaluator, RunRecord record) throws IOException {
        try (var stop = new StopSignal(console, collective.isLeader())) {
            while (!trainer.isFinished()) {
                // All ranks stop after the same step, whichever of them the signal has come to.
                if (Agreement.any(collective, stop.isRequested())) throw stopped(record);
                var step = step(record);
                history.add(step);
                var line = StepJson.of(step);
                if (every(config.evaluation().every(), step.step())) {
                    long from = System.nanoTime();
                    var measured =
                            evaluator.of(trainer.policy(), config.evaluation().policySamples());
                    history.add(Measurement.of(step.step(), measured));
                    line.set("evaluation", StepJson.of(measured));
                    line.withObject("/seconds").put("evaluation", (System.nanoTime() - from) * 1e-9);
                }
                record.step(step, line);
                if (every(config.checkpointEvery(), step.step())) record.beginCheckpoint();
            }
            // What comes after only reads: a signal then loses nothing.
            return record.checkpoint();
        }
    }

    private Step step(RunRecord record) throws IOException {
        try {
            return trainer.step();
        } catch (NonFiniteException e) {
            if (!e.isUndone()) {
                record.finishCheckpoint();
                throw e;
            }
            var good = record.checkpoint();
            // Nobody ends before it is written, and is taken for lost.
            collective.barrier();
            var failure = new ArithmeticException(e.getMessage() + "; the last good step is in " + good
                    + ", go on from it without this step's batch by train --resume " + record.path()
                    + " --on-nan skip");
            failure.initCause(e);
            throw failure;
        }
    }

    private RunStoppedException stopped(RunRecord record) throws IOException {
        var checkpoint = record.checkpoint();
        collective.barrier();
        String message = "stopped; " + checkpoint + " is written, go on from it with train --resume " + record.path();
        if (collective.isLeader()) {
            console.say(message);
            console.failure(message, Signals.exitCode().orElse(Failures.UNEXPECTED));
        }
        return new RunStoppedException(message);
    }

    private static boolean every(int interval, int step) {
        return interval > 0 && step % interval == 0;
    }

    private List<Sample> samples(Outcome outcome) {
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
}
