package io.equipoise.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.equipoise.cli.config.ConfigWriter;
import io.equipoise.cli.config.RunConfig;
import io.equipoise.cli.report.Outcome;
import io.equipoise.distributed.Agreement;
import io.equipoise.distributed.Collective;
import io.equipoise.kernels.KernelProvider;
import io.equipoise.model.Device;
import io.equipoise.model.ModelDigest;
import io.equipoise.model.ModelHub;
import io.equipoise.sampling.SamplerConfig;
import io.equipoise.training.Checkpoint;
import io.equipoise.training.Trainer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
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
        LOG.info(
                "{}: Equipoise {}, kernels {}",
                settled.output()
                        .map(folder -> String.valueOf(folder.getFileName()))
                        .orElse(settled.name()),
                Version.equipoise(),
                KernelProvider.kernels().description());
        var constraints = settled.engineConstraints();
        var origin = ModelFolder.of(settled.model());
        agree(origin);
        var checkpoint = resumed ? agreedCheckpoint(settled) : Optional.<Path>empty();
        var resumption = resumed && existing.isPresent()
                ? Resumption.of(existing.get(), settled, checkpoint, origin)
                : Resumption.none();
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
                checkpoint.ifPresent(latest -> restore(trainer, latest));
                var training = new Training(settled, base, trainer, prompts, collective, console, resumption, start);
                if (!collective.isLeader()) {
                    try (var record = new FollowedRecord(
                            settled.output().orElse(Path.of("")),
                            trainer,
                            processes.sharded(),
                            checkpoint.isPresent())) {
                        return training.run(record);
                    }
                }
                var folder = existing.orElseThrow();
                if (resumed) {
                    folder.metrics().rewind(resumption.metrics());
                    folder.reconfigure(settled);
                }
                return train(training, folder, origin);
            }
        }
    }

    private Result train(Training training, RunFolder folder, Path origin) throws IOException {
        try (var record = training.record(folder, origin)) {
            return training.run(record);
        }
    }

    private void log(RunFolder folder) {
        Logs.alsoTo(folder.log());
        logging.accept(folder.log());
    }

    /** The last checkpoint, the same for all ranks: that of rank 0, whose files all must see. */
    private Optional<Path> agreedCheckpoint(RunConfig settled) throws IOException {
        var folder = settled.output().orElseThrow();
        String own = "";
        if (collective.isLeader()) {
            own = ModelFolder.lastCheckpoint(folder).map(Path::toString).orElse("");
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

    /** How evaluation samples are drawn: as in training, but with numbers of their own. */
    static SamplerConfig sampling(RunConfig config) {
        return config.training().sampling().withSeed(config.evaluation().seed());
    }
}
