package io.equipoise.cli.summary;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.equipoise.cli.experiment.Experiments;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What the results that are there say; runs that aren't are named, never guessed. */
public final class Summary {
    private final Results results;
    private final List<Claim> claims;

    private Summary(Results results) {
        this.results = results;
        claims = new PaperClaims(results).all();
    }

    /**
     * Reads the results.
     *
     * @param folder with {@code plan.yaml}, {@code tasks/} and {@code results/}
     */
    public static Summary read(Path folder) throws IOException {
        return new Summary(Results.read(new Experiments(folder), folder));
    }

    /** For people. */
    public String text() {
        return SummaryText.of(results, claims);
    }

    /** {@code {"runs": {planned, made, cpuSeconds, missing}, "claims": […], "figures": […]}}; null for what isn't known. */
    public ObjectNode json() {
        var root = JsonNodeFactory.instance.objectNode();
        var runs = root.putObject("runs");
        runs.put("planned", results.planned().size());
        runs.put("made", results.runs().size());
        runs.put("cpuSeconds", results.cpuSeconds());
        var missing = runs.putArray("missing");
        for (var experiment : results.missing()) {
            var node = missing.addObject();
            node.put("task", experiment.task());
            node.put("method", experiment.method());
            node.put("seed", experiment.seed());
            if (experiment.batchSize() != Results.OWN) node.put("batchSize", experiment.batchSize());
        }
        var list = root.putArray("claims");
        for (var claim : claims) list.add(claim.json());
        var figures = root.putArray("figures");
        for (var task : results.tasks()) {
            for (int size : results.batchSizes(task)) {
                for (String method : results.methods()) {
                    if (results.plannedAt(task, method, size) > 0) figures.add(figures(task, method, size));
                }
            }
        }
        return root;
    }

    private ObjectNode figures(Task task, String method, int size) {
        var node = JsonNodeFactory.instance.objectNode();
        node.put("task", task.name());
        node.put("method", method);
        node.put("batchSize", size);
        node.put("planned", results.plannedAt(task, method, size));
        var moments = node.putObject("moments");
        for (var constraint : task.constraints()) {
            var estimate = results.sideAt(task, method, size, run -> run.after().moment(constraint.name()))
                    .estimate();
            moments.set(constraint.name(), estimate.json().put("desired", constraint.moment()));
        }
        for (var measure : Measure.values()) {
            node.set(
                    measure.key(),
                    results.sideAt(task, method, size, run -> run.after(measure))
                            .estimate()
                            .json());
        }
        return node;
    }

    /**
     * Writes {@code tables.md} and {@code plots/}.
     *
     * @param folder of the experiments
     */
    public void write(Path folder) throws IOException {
        Files.writeString(folder.resolve("tables.md"), ResultTables.of(results, claims), StandardCharsets.UTF_8);
        var plots = Files.createDirectories(folder.resolve("plots"));
        for (var plot : new ResultPlots(results).all().entrySet()) {
            Files.writeString(
                    plots.resolve(plot.getKey() + ".svg"), plot.getValue().svg(), StandardCharsets.UTF_8);
        }
    }
}
