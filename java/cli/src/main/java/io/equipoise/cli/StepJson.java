package io.equipoise.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.equipoise.cli.report.Measurement;
import io.equipoise.metrics.Divergences;
import io.equipoise.training.Diagnostics;
import io.equipoise.training.Evaluator.Evaluation;
import io.equipoise.training.Step;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** A {@link Step} as a line of {@code metrics.jsonl}: all that time has touched is under {@code seconds}. */
public final class StepJson {
    private StepJson() {}

    /** An empty object. */
    public static ObjectNode node() {
        return JsonNodeFactory.instance.objectNode();
    }

    public static ObjectNode of(Step step) {
        var node = node();
        var divergences = step.divergences();
        node.put("step", step.step());
        put(node, "loss", step.loss());
        put(node, "logZ", step.logZ());
        node.put("promptsWithoutWeight", step.promptsWithoutWeight());
        put(node, "klTargetPolicy", divergences.klTargetPolicy());
        put(node, "klTargetPolicyError", divergences.klTargetPolicyError());
        put(node, "klTargetProposal", divergences.klTargetProposal());
        put(node, "tvdTargetPolicy", divergences.tvdTargetPolicy());
        put(node, "tvdTargetProposal", divergences.tvdTargetProposal());
        put(node, "klPolicyBase", divergences.klPolicyBase());
        put(node, "effectiveSampleSize", divergences.effectiveSampleSize());
        put(node, "largestWeight", divergences.largestWeight());
        put(node, "moments", step.moments());
        put(node, "aim", step.aim());
        put(node, "baseline", step.baseline());
        put(node, "beta", step.beta());
        put(node, "gradientNorm", step.gradientNorm());
        put(node, "subsamplingVariance", step.subsamplingVariance());
        var diagnostics = step.diagnostics();
        put(node, "gradientVariance", diagnostics.gradientVariance());
        var advantage = node.putObject("advantage");
        put(advantage, "meanAbsolute", diagnostics.meanAbsoluteAdvantage());
        put(advantage, "variance", diagnostics.advantageVariance());
        advantage.put("overflows", diagnostics.overflows());
        var ratio = node.putObject("ratio");
        put(ratio, "mean", diagnostics.meanRatio());
        put(ratio, "largest", diagnostics.largestRatio());
        put(ratio, "meanClipped", diagnostics.meanClippedRatio());
        put(ratio, "clippedShare", diagnostics.clippedShare());
        put(node, "learningRate", step.learningRate());
        step.ppo().ifPresent(each -> {
            var ppo = node.putObject("ppo");
            put(ppo, "valueLoss", each.valueLoss());
            put(ppo, "meanAdvantage", each.meanAdvantage());
            put(ppo, "clipShare", each.clipShare());
            put(ppo, "approximateKl", each.approximateKl());
        });
        var check = node.putObject("check");
        check.put("outcome", step.check().outcome().name().toLowerCase(Locale.ROOT));
        put(check, "klTargetPolicy", step.check().klTargetPolicy());
        put(check, "klTargetProposal", step.check().klTargetProposal());
        node.put("skipped", step.skipped());
        node.put("tokens", step.tokens());
        put(node, "seconds", step.seconds());
        return node;
    }

    /** The step of a line that {@link #of(Step)} made; what wasn't finite is NaN. */
    static Step read(JsonNode node) {
        var ppo = node.path("ppo");
        return new Step(
                node.path("step").asInt(),
                number(node.path("loss")),
                number(node.path("logZ")),
                node.path("promptsWithoutWeight").asInt(),
                new Divergences.Estimates(
                        number(node.path("klTargetPolicy")),
                        number(node.path("klTargetPolicyError")),
                        number(node.path("klTargetProposal")),
                        number(node.path("tvdTargetPolicy")),
                        number(node.path("tvdTargetProposal")),
                        number(node.path("klPolicyBase")),
                        number(node.path("effectiveSampleSize")),
                        number(node.path("largestWeight"))),
                numbers(node.path("moments")),
                numbers(node.path("aim")),
                number(node.path("baseline")),
                number(node.path("beta")),
                number(node.path("gradientNorm")),
                number(node.path("subsamplingVariance")),
                new Diagnostics(
                        number(node.at("/advantage/meanAbsolute")),
                        number(node.at("/advantage/variance")),
                        number(node.at("/ratio/mean")),
                        number(node.at("/ratio/largest")),
                        number(node.at("/ratio/meanClipped")),
                        number(node.at("/ratio/clippedShare")),
                        node.at("/advantage/overflows").asInt(),
                        number(node.path("gradientVariance"))),
                number(node.path("learningRate")),
                ppo.isObject()
                        ? Optional.of(new Step.Ppo(
                                number(ppo.path("valueLoss")),
                                number(ppo.path("meanAdvantage")),
                                number(ppo.path("clipShare")),
                                number(ppo.path("approximateKl"))))
                        : Optional.empty(),
                new Step.Check(
                        Step.Outcome.valueOf(node.at("/check/outcome").asText().toUpperCase(Locale.ROOT)),
                        number(node.at("/check/klTargetPolicy")),
                        number(node.at("/check/klTargetProposal"))),
                node.path("skipped").asInt(),
                node.path("tokens").asLong(),
                numbers(node.path("seconds")));
    }

    /** The evaluation in a line, if one was made after its step. */
    static Optional<Measurement> measurement(JsonNode line) {
        var node = line.path("evaluation");
        if (!node.isObject()) return Optional.empty();
        return Optional.of(new Measurement(
                line.path("step").asInt(),
                numbers(node.path("moments")),
                number(node.path("klTargetPolicy")),
                number(node.path("klTargetPolicyError")),
                number(node.path("klPolicyBase")),
                number(node.path("tvdTargetPolicy"))));
    }

    private static double number(JsonNode node) {
        return node.isNumber() ? node.asDouble() : Double.NaN;
    }

    private static Map<String, Double> numbers(JsonNode node) {
        var numbers = new LinkedHashMap<String, Double>();
        for (var field : node.properties()) numbers.put(field.getKey(), number(field.getValue()));
        return numbers;
    }

    /** An evaluation made after a step, for the step's line. */
    public static ObjectNode of(Evaluation evaluation) {
        var node = node();
        put(node, "moments", evaluation.moments());
        put(node, "klTargetPolicy", evaluation.klTargetPolicy());
        put(node, "klTargetPolicyError", evaluation.klTargetPolicyError());
        put(node, "klPolicyBase", evaluation.klPolicyBase());
        put(node, "tvdTargetPolicy", evaluation.tvdTargetPolicy());
        put(node, "logBasePerToken", evaluation.logBasePerToken());
        put(node, "distinct", evaluation.distinct(), 1);
        put(node, "selfBleu", evaluation.selfBleu(), 3);
        return node;
    }

    private static void put(ObjectNode node, String key, Map<String, Double> values) {
        var inner = node.putObject(key);
        values.forEach((name, value) -> put(inner, name, value));
    }

    private static void put(ObjectNode node, String key, List<Double> values, int first) {
        for (int n = 0; n < values.size(); n++) put(node, key + (first + n), values.get(n));
    }

    /** JSON has no NaN and no infinity: null stands for them. */
    static void put(ObjectNode node, String key, double value) {
        if (Double.isFinite(value)) node.put(key, value);
        else node.putNull(key);
    }
}
