package io.equipoise.cli.experiment;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.equipoise.cli.config.ConfigException;
import io.equipoise.model.PretrainedModel;
import io.equipoise.training.Step;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The experiments of a folder, with {@code plan.yaml}, {@code tasks/} and {@code results/}: runs those without a result. */
public final class Experiments {
    private static final Logger LOG = LoggerFactory.getLogger(Experiments.class);
    private static final JsonMapper JSON = new JsonMapper();

    private final Path folder;
    private final ExperimentPlan plan;

    /** @param folder of the experiments */
    public Experiments(Path folder) {
        this.folder = folder;
        plan = ExperimentPlan.read(folder);
    }

    public ExperimentPlan plan() {
        return plan;
    }

    /**
     * Runs what has no result yet; each result is there, whole, as soon as its run ends.
     *
     * @param base the embedded model
     * @param wanted which of the plan's
     * @param seeds at most so many of each
     * @param progress makes a listener to the steps of a run of so many
     * @return how many runs were made
     */
    public int run(PretrainedModel base, Predicate<Experiment> wanted, int seeds, IntFunction<Consumer<Step>> progress)
            throws IOException {
        var left = new ArrayList<Experiment>();
        for (var experiment : plan.experiments()) {
            if (experiment.seed() < seeds && wanted.test(experiment) && !Files.exists(file(experiment)))
                left.add(experiment);
        }
        if (left.isEmpty()) return 0;
        var reference = plan.reference();
        var sampling = left.get(0).config(folder).training().sampling().withSeed(reference.seed());
        var sample = ReferenceSample.of(
                base, sampling, reference.samples(), folder.resolve("target").resolve("reference"));
        var run = new ExperimentRun(folder, base, sample, reference.measured());
        for (int k = 0; k < left.size(); k++) {
            var experiment = left.get(k);
            LOG.info("run {} of {}: {}", k + 1, left.size(), experiment);
            int steps = experiment.config(folder).training().steps();
            write(run.run(experiment, progress.apply(steps)), file(experiment));
        }
        return left.size();
    }

    /** The result of a run, if it was made. */
    public Optional<JsonNode> result(Experiment experiment) throws IOException {
        var file = file(experiment);
        if (!Files.exists(file)) return Optional.empty();
        try {
            return Optional.of(JSON.readTree(file.toFile()));
        } catch (JsonProcessingException e) {
            throw new ConfigException(
                    file + " isn't JSON: " + e.getOriginalMessage() + "; delete it, and its run is made anew", e);
        }
    }

    private Path file(Experiment experiment) {
        return folder.resolve("results").resolve(experiment.file());
    }

    private static void write(ObjectNode result, Path file) throws IOException {
        Files.createDirectories(file.toAbsolutePath().getParent());
        var aside = file.resolveSibling(file.getFileName() + ".part");
        JSON.writer(new DefaultPrettyPrinter()).writeValue(aside.toFile(), result);
        Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
