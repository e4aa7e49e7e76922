package io.equipoise.cli.report;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.equipoise.target.Constraint;
import io.equipoise.training.Evaluator.Evaluation;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.DoubleStream;

/**
 * What a run achieved: the base model's numbers beside the policy's.
 *
 * @param before of the base model
 * @param after of the policy
 */
public record Outcome(List<Constraint> constraints, Evaluation before, Evaluation after) {
    public Outcome {
        constraints = List.copyOf(constraints);
    }

    /**
     * One measure.
     *
     * @param key in JSON
     * @param label for people
     * @param beforeError the standard error of {@code before}; NaN where none is known
     * @param afterError the same of {@code after}
     * @param desired where there is such a thing
     */
    public record Measure(
            String key,
            String label,
            double before,
            double after,
            double beforeError,
            double afterError,
            Optional<Double> desired) {}

    /** E_π φ of every constraint. */
    public List<Measure> moments() {
        var moments = new ArrayList<Measure>();
        for (var constraint : constraints) {
            String name = constraint.name();
            moments.add(new Measure(
                    name,
                    "moment of " + name,
                    before.moments().getOrDefault(name, Double.NaN),
                    after.moments().getOrDefault(name, Double.NaN),
                    error(before, name),
                    error(after, name),
                    Optional.of(constraint.moment())));
        }
        return moments;
    }

    /** Of a moment: the texts are drawn independently of each other; prompts, if there are any, are not. */
    private static double error(Evaluation evaluation, String name) {
        double[] values = evaluation.texts().stream()
                .mapToDouble(text -> text.features().getOrDefault(name, Double.NaN))
                .toArray();
        double mean = DoubleStream.of(values).average().orElse(Double.NaN);
        double squares = DoubleStream.of(values)
                .map(value -> (value - mean) * (value - mean))
                .sum();
        return values.length < 2 ? Double.NaN : Math.sqrt(squares / (values.length - 1) / values.length);
    }

    /** Everything else. */
    public List<Measure> measures() {
        var measures = new ArrayList<Measure>();
        measures.add(new Measure(
                "klTargetPolicy",
                "KL(p‖π), nats",
                before.klTargetPolicy(),
                after.klTargetPolicy(),
                before.klTargetPolicyError(),
                after.klTargetPolicyError(),
                Optional.empty()));
        add(measures, "klPolicyBase", "KL(π‖a), nats", before.klPolicyBase(), after.klPolicyBase());
        add(measures, "tvdTargetPolicy", "TVD(p, π)", before.tvdTargetPolicy(), after.tvdTargetPolicy());
        add(measures, "logBasePerToken", "log a per token, nats", before.logBasePerToken(), after.logBasePerToken());
        add(
                measures,
                "perplexityUnderBase",
                "perplexity under a",
                before.perplexityUnderBase(),
                after.perplexityUnderBase());
        for (int i = 0; i < before.distinct().size(); i++) {
            int n = i + 1;
            add(
                    measures,
                    "distinct" + n,
                    "Distinct-" + n,
                    before.distinct().get(i),
                    after.distinct().get(i));
        }
        for (int i = 0; i < before.selfBleu().size(); i++) {
            int n = i + 3;
            add(
                    measures,
                    "selfBleu" + n,
                    "Self-BLEU-" + n,
                    before.selfBleu().get(i),
                    after.selfBleu().get(i));
        }
        return measures;
    }

    private static void add(List<Measure> measures, String key, String label, double before, double after) {
        measures.add(new Measure(key, label, before, after, Double.NaN, Double.NaN, Optional.empty()));
    }

    /**
     * {@code {"moments": {name: {before, after, beforeError, afterError, desired}}, measure: {before, after}, …}}; null for what
     * isn't finite.
     */
    public ObjectNode json() {
        var root = JsonNodeFactory.instance.objectNode();
        var moments = root.putObject("moments");
        for (var measure : moments()) {
            var node = json(moments.putObject(measure.key()), measure);
            put(node, "beforeError", measure.beforeError());
            put(node, "afterError", measure.afterError());
            measure.desired().ifPresent(desired -> node.put("desired", desired));
        }
        for (var measure : measures()) json(root.putObject(measure.key()), measure);
        put((ObjectNode) root.get("klTargetPolicy"), "afterError", after.klTargetPolicyError());
        put(root, "logZ", after.logZ());
        root.put("promptsWithoutWeight", after.promptsWithoutWeight());
        return root;
    }

    private static ObjectNode json(ObjectNode node, Measure measure) {
        put(node, "before", measure.before());
        put(node, "after", measure.after());
        return node;
    }

    /** JSON has no NaN and no infinity: null stands for them. */
    private static void put(ObjectNode node, String key, double value) {
        if (Double.isFinite(value)) node.put(key, value);
        else node.putNull(key);
    }
}
