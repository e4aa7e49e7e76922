package io.equipoise.cli;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A folder of experiments whose results nobody has measured: small enough that what they say is known beforehand. */
final class MadeUpExperiments {
    static final String WORD = "01-word";
    static final String FEMALE = "02-female";
    static final int STEPS = 4;

    private static final JsonMapper JSON = new JsonMapper();
    private static final String PLAN = """
            reference: {samples: 64, measured: 16, seed: 99}
            methods:
              gdc: [training.objective=gdc]
              gdc++: [training.objective=gdc++]
              reinforce: [training.objective=reinforce, training.onPolicy=true]
              gdc++-longer: [training.objective=gdc++, training.steps=8]
            studies:
              - tasks: [01-word]
                methods: {gdc++: 3, gdc: 3, reinforce: 1}
                batchSizes: []
              - tasks: [02-female]
                methods: {gdc++: 3, gdc: 3, gdc++-longer: 1}
                batchSizes: []
              - tasks: [01-word, 02-female]
                methods: {gdc++: 1, gdc: 1}
                batchSizes: [64]
            """;
    private static final String TASK = """
            model: embedded
            constraints: [%s]
            training: {steps: 4, batchSize: 256, momentSamples: 64, maxTokens: 8}
            """;
    /** What seeds add to a figure: a mean of 0.2 and a sample variance of 0.07. */
    private static final List<Double> BY_SEED = List.of(0.0, 0.1, 0.5);

    private final Path folder;

    /** Writes plan, tasks and all results. */
    MadeUpExperiments(Path folder) throws IOException {
        this.folder = folder;
        Files.writeString(folder.resolve("plan.yaml"), PLAN);
        var tasks = Files.createDirectories(folder.resolve("tasks"));
        Files.writeString(
                tasks.resolve(WORD + ".yaml"),
                TASK.formatted("{name: home, feature: word, word: home, pointwise: true}"));
        Files.writeString(
                tasks.resolve(FEMALE + ".yaml"),
                TASK.formatted("{name: female, feature: gender, is: female, moment: 0.5}"));
        for (int seed = 0; seed < 3; seed++) {
            write(WORD, "gdc++", "", seed, 0.7, 2, 1, 0.9, 3);
            write(WORD, "gdc", "", seed, 0.4, 3, 2, 0.9, 9);
            write(FEMALE, "gdc++", "", seed, 0.41, 1, 2, 0.8, 2);
            write(FEMALE, "gdc", "", seed, 0.45, 2, 1, 0.8, 8);
        }
        write(WORD, "reinforce", "", 0, 0.95, 30, 40, 0.3, 5);
        write(FEMALE, "gdc++-longer", "", 0, 0.48, 0.5, 2, 0.8, 2);
        for (String task : List.of(WORD, FEMALE)) {
            write(task, "gdc++", "-batch-64", 0, 0.4, 2.5, 1, 0.9, 3);
            write(task, "gdc", "-batch-64", 0, 0.2, 5, 2, 0.9, 9);
        }
    }

    Path file(String task, String method, int seed) {
        return folder.resolve("results").resolve(task).resolve(method + "-seed-" + seed + ".json");
    }

    /** @param batch as in the file's name; its divergences are those given and what the seed adds */
    private void write(
            String task,
            String method,
            String batch,
            int seed,
            double moment,
            double klTargetPolicy,
            double klPolicyBase,
            double distinct,
            double variance)
            throws IOException {
        String constraint = task.equals(WORD) ? "home" : "female";
        int steps = method.endsWith("-longer") ? 2 * STEPS : STEPS;
        var result = StepJson.node();
        result.put("task", task).put("method", method).put("seed", seed);
        result.put("batchSize", batch.isEmpty() ? 256 : 64).put("steps", steps).put("cpuSeconds", 720);
        result.putObject("desired").put(constraint, task.equals(WORD) ? 1 : 0.5);
        model(result.putObject("before"), constraint, 0.1, 4, 0, 0.95);
        double extra = BY_SEED.get(seed);
        model(result.putObject("after"), constraint, moment, klTargetPolicy + extra, klPolicyBase + extra, distinct);
        var series = result.putObject("series");
        var values = Map.of(
                "moments." + constraint,
                moment,
                "klTargetPolicy",
                klTargetPolicy + extra,
                "klPolicyBase",
                klPolicyBase + extra,
                "gradientVariance",
                variance + extra);
        new TreeMap<>(values).forEach((name, value) -> {
            var array = series.putArray(name);
            // Not measured at every step.
            for (int step = 0; step < steps; step++) {
                if (step % 2 == 0) array.add(value);
                else array.addNull();
            }
        });
        var file = folder.resolve("results").resolve(task).resolve(method + batch + "-seed-" + seed + ".json");
        Files.createDirectories(file.resolveSibling(""));
        JSON.writeValue(file.toFile(), result);
    }

    private static void model(
            ObjectNode node, String constraint, double moment, double target, double base, double distinct) {
        node.putObject("moments").put(constraint, moment);
        node.put("klTargetPolicy", target).put("klPolicyBase", base).put("logBasePerToken", -3.5);
        for (int n = 1; n <= 3; n++) node.put("distinct" + n, distinct);
        for (int n = 3; n <= 5; n++) node.put("selfBleu" + n, 1 - distinct);
    }
}
