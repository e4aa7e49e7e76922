package io.equipoise.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.equipoise.training.Evaluator.Evaluation;
import io.equipoise.training.Step;
import java.util.List;
import java.util.Locale;
import java.util.Map;

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
        node.put("tokens", step.tokens());
        put(node, "seconds", step.seconds());
        return node;
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
