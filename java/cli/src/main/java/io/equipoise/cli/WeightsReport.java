package io.equipoise.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.equipoise.decoding.Estimate;
import io.equipoise.decoding.ImportanceWeights;
import io.equipoise.decoding.QuasiRejectionEstimates;
import java.util.Locale;

/** What a proposal's weights say about sampling from a target, for people and as JSON. */
final class WeightsReport {
    private static final int ROWS = 8;

    private WeightsReport() {}

    /** Z, how far the weights are to be trusted, and a table of what each β costs and gives. */
    static String text(ImportanceWeights weights) {
        var text = new StringBuilder(String.format(
                Locale.ROOT,
                "log Z %s; share of texts with weight %s; effective sample size %.0f%n%n",
                text(weights.logZ()),
                text(weights.supported()),
                weights.effectiveSampleSize()));
        text.append(String.format("%12s%14s%14s%14s", "β", "acceptance", "TVD(p, p_β)", "KL(p‖p_β)"));
        for (var row : weights.grid(ROWS)) {
            text.append(String.format(
                    Locale.ROOT,
                    "%n%12.4g%14.4f%14.4f%14.4f",
                    Math.exp(row.logBeta()),
                    row.acceptance().value(),
                    row.tvd().value(),
                    row.kl().value()));
        }
        return text.toString();
    }

    /** The chosen β in a line. */
    static String text(QuasiRejectionEstimates estimates) {
        return String.format(
                Locale.ROOT,
                "β %.4g: acceptance %s, TVD(p, p_β) %s, KL(p‖p_β) %s nats",
                Math.exp(estimates.logBeta()),
                text(estimates.acceptance()),
                text(estimates.tvd()),
                text(estimates.kl()));
    }

    static String text(Estimate estimate) {
        return String.format(Locale.ROOT, "%.4f ± %.4f", estimate.value(), estimate.error());
    }

    /** {@code {"logZ": {value, error}, "supported": …, "effectiveSampleSize": …, "grid": [a β's estimates, …]}}. */
    static ObjectNode json(ImportanceWeights weights) {
        var node = JsonNodeFactory.instance.objectNode();
        node.set("logZ", json(weights.logZ()));
        node.set("supported", json(weights.supported()));
        node.put("effectiveSampleSize", weights.effectiveSampleSize());
        var grid = node.putArray("grid");
        for (var row : weights.grid(ROWS)) grid.add(json(row));
        return node;
    }

    /** {@code {"beta": …, "acceptance": {value, error}, "tvd": …, "kl": …}}. */
    static ObjectNode json(QuasiRejectionEstimates estimates) {
        var node = JsonNodeFactory.instance.objectNode();
        StepJson.put(node, "beta", Math.exp(estimates.logBeta()));
        node.set("acceptance", json(estimates.acceptance()));
        node.set("tvd", json(estimates.tvd()));
        node.set("kl", json(estimates.kl()));
        return node;
    }

    static ObjectNode json(Estimate estimate) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("value", estimate.value())
                .put("error", estimate.error());
    }
}
