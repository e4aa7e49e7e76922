package io.equipoise.cli.summary;

import com.fasterxml.jackson.databind.JsonNode;
import io.equipoise.cli.config.ConfigException;
import io.equipoise.cli.experiment.Experiment;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What one run left behind.
 *
 * @param batchSize sequences a step
 * @param desired moments by constraint
 * @param before of the base model
 * @param after of the policy
 * @param cpuSeconds that it took, of all cores together
 * @param series a value a step by name; NaN where there is none
 */
record RunResult(
        Experiment experiment,
        int batchSize,
        int steps,
        Map<String, Double> desired,
        Measured before,
        Measured after,
        double cpuSeconds,
        Map<String, double[]> series) {
    /** The series of the variance of one text's gradient; not every run measures it. */
    static final String GRADIENT_VARIANCE = "gradientVariance";

    /**
     * A model's numbers.
     *
     * @param moments E φ by constraint
     * @param values by {@link Measure#key}
     */
    record Measured(Map<String, Double> moments, Map<String, Double> values) {
        /** E φ of a constraint; NaN if it wasn't measured. */
        double moment(String constraint) {
            return moments.getOrDefault(constraint, Double.NaN);
        }
    }

    /**
     * Reads a result.
     *
     * @throws ConfigException that says what is missing
     */
    static RunResult of(Experiment experiment, JsonNode json) {
        var series = new LinkedHashMap<String, double[]>();
        for (var field : object(experiment, json, "series").properties()) {
            var values = new double[field.getValue().size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = field.getValue().path(i).asDouble(Double.NaN);
            }
            series.put(field.getKey(), values);
        }
        return new RunResult(
                experiment,
                whole(experiment, json, "batchSize"),
                whole(experiment, json, "steps"),
                numbers(object(experiment, json, "desired")),
                measured(experiment, json, "before"),
                measured(experiment, json, "after"),
                json.path("cpuSeconds").asDouble(),
                series);
    }

    private static Measured measured(Experiment experiment, JsonNode json, String key) {
        var node = object(experiment, json, key);
        return new Measured(numbers(object(experiment, node, "moments")), numbers(node));
    }

    private static Map<String, Double> numbers(JsonNode object) {
        var numbers = new LinkedHashMap<String, Double>();
        for (var field : object.properties()) {
            if (field.getValue().isObject()) continue;
            // null stands for what isn't finite.
            numbers.put(field.getKey(), field.getValue().asDouble(Double.NaN));
        }
        return numbers;
    }

    private static JsonNode object(Experiment experiment, JsonNode json, String key) {
        if (!json.path(key).isObject()) throw incomplete(experiment, key);
        return json.path(key);
    }

    private static int whole(Experiment experiment, JsonNode json, String key) {
        if (!json.path(key).isInt()) throw incomplete(experiment, key);
        return json.path(key).asInt();
    }

    private static ConfigException incomplete(Experiment experiment, String key) {
        return new ConfigException("results/" + experiment.file() + " has no '" + key
                + "'; delete it, and ./equipoise experiments makes it anew");
    }

    /** A measure of the policy; NaN if it isn't finite or wasn't taken. */
    double after(Measure measure) {
        return value(after, measure);
    }

    /** The same of the base model. */
    double before(Measure measure) {
        return value(before, measure);
    }

    /** The same of either. */
    double value(Measured measured, Measure measure) {
        if (measure != Measure.DISTANCE) return measured.values().getOrDefault(measure.key(), Double.NaN);
        return desired.entrySet().stream()
                .mapToDouble(wanted -> Math.abs(measured.moment(wanted.getKey()) - wanted.getValue()))
                .average()
                .orElse(Double.NaN);
    }

    /** The values of a series, if there is any that is finite. */
    Optional<double[]> values(String name) {
        return Optional.ofNullable(series.get(name))
                .filter(values -> Arrays.stream(values).anyMatch(Double::isFinite));
    }
}
