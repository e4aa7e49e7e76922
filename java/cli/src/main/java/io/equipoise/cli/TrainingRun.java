package io.equipoise.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.equipoise.cli.config.ConfigWriter;
import io.equipoise.cli.config.RunConfig;
import io.equipoise.cli.report.Outcome;
import io.equipoise.cli.report.Report;
import io.equipoise.distributed.Agreement;
import io.equipoise.distributed.Collective;
import io.equipoise.distributed.Traffic;
import io.equipoise.kernels.KernelProvider;
import io.equipoise.model.Device;
import io.equipoise.model.ModelDigest;
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
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
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
    private final Collective collective;
    private final TrainingProcesses processes;

    /** Prepares a run of one process. */
    TrainingRun(RunConfig config, Device device, MemoryOption memory, Console console, Consumer<Path> logging) {
        this(config, device, memory, console, logging, TrainingProcesses.one());
    }

    /**
     * Prepares a run.
     *
     * @param device that models run on
     * @param memory what the run may take of it
     * @param logging is told the log file as soon as there is one
     * @param processes that train together; their collective stays the caller's
     */
    TrainingRun(
            RunConfig config,
            Device device,
            MemoryOption memory,
            Console console,
            Consumer<Path> logging,
            TrainingProcesses processes) {
        this.config = config;
        this.device = device;
        this.memory = memory;
        this.console = console;
        this.logging = logging;
        this.processes = processes;
        collective = processes.collective();
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
        if (!collective.isLeader()) return run(config, Optional.empty(), false);
        // Before anything that takes long, so that nobody else takes the folder and the log is of all that happens.
        try (var folder = RunFolder.create(config)) {
            LOG.info("the run folder is {}", folder.path());
            try {
                return run(config.withOutput(folder.path()), Optional.of(folder), false);
            } catch (RuntimeException e) {
                if (Failures.isUsers(e)) folder.discard();
                throw e;
            }
        }
    }

    /**
     * Goes on with a run, from its last checkpoint or, where there is none yet, from the beginning.
     *
     * @param folder open
     */
    Result resume(RunFolder folder) throws IOException {
        return run(config.withOutput(folder.path()), Optional.of(folder), true);
    }

    /**
     * The same for a rank other than 0, which only reads the folder.
     *
     * @param folder as rank 0 has it too
     */
    Result follow(Path folder) throws IOException {
        return run(config.withOutput(folder.toAbsolutePath().normalize()), Optional.empty(), true);
    }

    /** Makes sure that all ranks are about to do the same. */
    private void agree(Path origin) throws IOException {
        if (collective.size() == 1) return;
        Agreement.require(collective, "version of Equipoise", Version.equipoise());
        Agreement.require(collective, "configuration", ConfigWriter.write(config.withOutput(Path.of("of rank 0"))));
        Agreement.require(collective, "base model (SHA-256)", ModelDigest.of(origin));
        Agreement.require(collective, "set of kernels", KernelProvider.kernels().description());
        LOG.info("training in {} processes", collective.size());
    }

    /**
     * The run.
     *
     * @param existing the leader's folder, open
     * @param resumed whether the run has begun before
     */
    private Result run(RunConfig settled, Optional<RunFolder> existing, boolean resumed) throws IOException {
        long start = System.nanoTime();
        existing.ifPresent(this::log);
        var constraints = settled.engineConstraints();
        var origin = ModelFolder.of(settled.model());
        agree(origin);
        var size = ModelHub.memory(origin, settled.precision(), device);
        var room = memory.room(device, processes.local());
        room.require(size, settled.training(), 1);
        try (var base = ModelHub.load(origin, settled.precision(), device)) {
            LOG.info(
                    "sampling {} texts of the model ({}) to find the target",
                    settled.training().momentSamples(),
                    settled.model());
            var prompts = settled.enginePrompts(base);
            room.require(size, settled.training(), prompts.longest());
            try (var trainer = Trainer.builder(base, constraints, settled.training())
                    .prompts(prompts)
                    .collective(collective)
                    .sharded(processes.sharded())
                    .create()) {
                describe(trainer);
                var run = new Prepared(settled, base, trainer, prompts, origin, start);
                var checkpoint = resumed ? agreedCheckpoint(settled) : Optional.<Path>empty();
                checkpoint.ifPresent(latest -> restore(trainer, latest));
                if (!collective.isLeader()) {
                    try (var record =
                            new FollowedRecord(settled.output().orElse(Path.of("")), trainer, processes.sharded())) {
                        return train(run, record, new ArrayList<>());
                    }
                }
                var folder = existing.orElseThrow();
                return train(run, folder, resumed ? steps(folder, checkpoint, origin) : new ArrayList<>());
            }
        }
    }

    private void log(RunFolder folder) {
        Logs.alsoTo(folder.log());
        logging.accept(folder.log());
    }

    /** Everything that a run needs but where it is written down. */
    private record Prepared(
            RunConfig config, PretrainedModel base, Trainer trainer, Prompts prompts, Path origin, long start) {}

    /** The last checkpoint, the same for all ranks: that of rank 0, whose files all must see. */
    private Optional<Path> agreedCheckpoint(RunConfig settled) throws IOException {
        var folder = settled.output().orElseThrow();
        String own = "";
        if (collective.isLeader()) {
            own = CheckpointFolder.latest(folder.resolve("checkpoints"))
                    .map(Path::toString)
                    .orElse("");
        }
        String latest = new String(collective.gather(own.getBytes(StandardCharsets.UTF_8))[0], StandardCharsets.UTF_8);
        if (latest.isEmpty()) return Optional.empty();
        var manifest = Path.of(latest).resolve("manifest.json");
        String seen = Files.isRegularFile(manifest) ? Files.readString(manifest) : "no file " + manifest;
        Agreement.require(collective, "checkpoint", seen);
        return Optional.of(Path.of(latest));
    }

    private static void restore(Trainer trainer, Path latest) {
        try (var checkpoint = Checkpoint.read(latest)) {
            trainer.restore(checkpoint);
            LOG.info(
                    "going on from {} of {} steps",
                    checkpoint.step(),
                    trainer.config().steps());
        }
    }

    /** The steps made before a checkpoint; the metrics are cut back to them. */
    private static List<Step> steps(RunFolder folder, Optional<Path> checkpoint, Path origin) throws IOException {
        if (checkpoint.isEmpty()) {
            LOG.info("{} has no checkpoint yet: from the beginning", folder.path());
            return folder.rewind(0);
        }
        return folder.rewind(Checkpoints.read(checkpoint.get(), origin).metrics());
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

    private Evaluator evaluator(Prepared run) {
        int samples = run.config().evaluation().baseSamples();
        LOG.info("measuring the base model on {} fresh texts", samples);
        return Evaluator.create(
                run.base(), run.trainer().target(), sampling(run.config()), samples, run.prompts(), collective);
    }

    private Result train(Prepared run, RunFolder folder, List<Step> steps) throws IOException {
        var progress = new Progress(console, run.config().training().steps(), steps.size());
        var checkpoints = new Checkpoints(folder, run.trainer(), run.config(), run.origin());
        try (var record = new KeptRecord(folder, checkpoints, progress)) {
            return train(run, record, steps);
        }
    }

    private Result train(Prepared run, RunRecord record, List<Step> steps) throws IOException {
        var evaluator = evaluator(run);
        var trainer = run.trainer();
        var evaluation = run.config().evaluation();
        var before = evaluator.ofBase();
        var traffic = collective.traffic();
        int made = steps.size();
        var checkpoint = steps(run, evaluator, record, steps);
        if (trainer.isStoppedByDrift()) LOG.warn("stopped by drift after step {}", steps.size());
        if (collective.size() > 1) tell(collective.traffic().since(traffic), steps.size() - made);
        LOG.info("measuring the policy on {} fresh texts", evaluation.policySamples());
        var after = evaluator.of(trainer.policy(), evaluation.policySamples());
        var outcome = new Outcome(trainer.target().constraints(), before, after);
        var samples = samples(run.config(), outcome);
        record.samples(samples);
        double seconds = (System.nanoTime() - run.start()) * 1e-9;
        var report = new Report(
                run.config().name(),
                outcome,
                steps,
                texts(samples, "base"),
                texts(samples, "policy"),
                ConfigWriter.write(run.config()),
                seconds);
        record.report(report.html());
        return new Result(outcome, samples, record.path(), checkpoint, seconds);
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
    private Path steps(Prepared run, Evaluator evaluator, RunRecord record, List<Step> steps) throws IOException {
        var config = run.config();
        var trainer = run.trainer();
        try (var stop = new StopSignal(console, collective.isLeader())) {
            while (!trainer.isFinished()) {
                // All ranks stop after the same step, whichever of them the signal has come to.
                if (Agreement.any(collective, stop.isRequested())) throw stopped(record);
                var step = step(trainer, record);
                steps.add(step);
                var line = StepJson.of(step);
                if (every(config.evaluation().every(), step.step())) {
                    long from = System.nanoTime();
                    var measured =
                            evaluator.of(trainer.policy(), config.evaluation().policySamples());
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

    private Step step(Trainer trainer, RunRecord record) throws IOException {
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
