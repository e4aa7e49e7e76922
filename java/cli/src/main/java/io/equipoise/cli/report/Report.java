package io.equipoise.cli.report;

import io.equipoise.training.Step;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/**
 * A run as one page of HTML that needs nothing else: outcome, curves, texts, configuration.
 *
 * @param name of the run
 * @param before texts of the base model
 * @param after texts of the policy
 * @param config YAML
 * @param seconds the whole run took
 */
public record Report(
        String name,
        Outcome outcome,
        List<Step> steps,
        List<Text> before,
        List<Text> after,
        String config,
        double seconds) {
    /**
     * A text with its features.
     *
     * @param prompt that it goes on from; empty without one
     * @param features φ by constraint
     */
    public record Text(String prompt, String text, Map<String, Double> features) {}

    public Report {
        steps = List.copyOf(steps);
        before = List.copyOf(before);
        after = List.copyOf(after);
    }

    /** The page. */
    public String html() {
        var body = new StringBuilder();
        body.append("<header>\n<h1>").append(Html.escape(name)).append("</h1>\n");
        body.append("<p>").append(Html.escape(summary())).append("</p>\n</header>\n<main>\n");
        body.append("<section>\n<h2>Outcome</h2>\n").append(table()).append("</section>\n");
        body.append("<section>\n<h2>Curves</h2>\n<p class=\"note\">Thin line: the step’s own estimate, on samples the ")
                .append(
                        "policy had not been trained on. Thick line: the same, smoothed. Dashes: desired. ▲ below: the ")
                .append("proposal became a copy of the policy.</p>\n<div class=\"charts\">\n");
        for (var chart : charts()) {
            String svg = chart.svg();
            if (svg.isEmpty()) continue;
            body.append("<figure>\n<figcaption>")
                    .append(Html.escape(chart.label()))
                    .append("</figcaption>\n");
            body.append(svg).append("</figure>\n");
        }
        body.append("</div>\n</section>\n");
        body.append("<section>\n<h2>Texts</h2>\n<p class=\"note\">Picked without regard to what they say.</p>\n")
                .append("<div class=\"texts\">\n");
        body.append(texts("Before: the base model", before)).append(texts("After: the policy", after));
        body.append("</div>\n</section>\n<section>\n<h2>Configuration</h2>\n<pre>")
                .append(Html.escape(config))
                .append("</pre>\n</section>\n</main>\n");
        return page(body.toString());
    }

    private String summary() {
        var parts = new ArrayList<String>();
        for (var moment : outcome.moments()) {
            parts.add(String.format(
                    Locale.ROOT,
                    "%s: %s → %s (desired %s)",
                    moment.key(),
                    OutcomeTable.number(moment.before()),
                    OutcomeTable.number(moment.after()),
                    OutcomeTable.number(moment.desired().orElse(Double.NaN))));
        }
        parts.add(String.format(
                Locale.ROOT,
                "KL(p‖π): %s → %s nats",
                OutcomeTable.number(outcome.before().klTargetPolicy()),
                OutcomeTable.number(outcome.after().klTargetPolicy())));
        parts.add(String.format(Locale.ROOT, "%d steps, %.0f s in all", steps.size(), seconds));
        return String.join(" · ", parts);
    }

    private String table() {
        var table = new StringBuilder("<table>\n<thead><tr><th scope=\"col\">Measure</th><th scope=\"col\">before</th>")
                .append("<th scope=\"col\">after</th><th scope=\"col\">desired</th></tr></thead>\n<tbody>\n");
        var rows = new ArrayList<>(outcome.moments());
        rows.addAll(outcome.measures());
        for (var row : rows) {
            table.append("<tr><th scope=\"row\">")
                    .append(Html.escape(row.label()))
                    .append("</th>");
            for (double value : new double[] {row.before(), row.after()}) {
                table.append("<td>").append(OutcomeTable.number(value)).append("</td>");
            }
            table.append("<td>")
                    .append(row.desired().map(OutcomeTable::number).orElse(""))
                    .append("</td></tr>\n");
        }
        return table.append("</tbody>\n</table>\n<p class=\"note\">p: the target, π: the policy, a: the base model. ")
                .append(
                        "KL(p‖π) and TVD are estimated on samples of the base model, all else on samples of the policy.")
                .append("</p>\n")
                .toString();
    }

    private List<LineChart> charts() {
        var charts = new ArrayList<LineChart>();
        for (var constraint : outcome.constraints()) {
            charts.add(chart(
                    "moment of " + constraint.name(),
                    step -> step.moments().getOrDefault(constraint.name(), Double.NaN),
                    Optional.of(constraint.moment())));
        }
        charts.add(chart("KL(p‖π), nats", step -> step.divergences().klTargetPolicy(), Optional.of(0.0)));
        charts.add(chart("KL(π‖a), nats", step -> step.divergences().klPolicyBase(), Optional.empty()));
        charts.add(chart(
                "effective sample size of a batch",
                step -> step.divergences().effectiveSampleSize(),
                Optional.empty()));
        charts.add(chart(
                "variance of one text’s gradient", step -> step.diagnostics().gradientVariance(), Optional.empty()));
        charts.add(chart("Z, running mean", step -> Math.exp(step.logZ()), Optional.empty()));
        return charts;
    }

    private LineChart chart(String label, ToDoubleFunction<Step> value, Optional<Double> desired) {
        return new LineChart(
                label,
                steps.stream().mapToInt(Step::step).toArray(),
                steps.stream().mapToDouble(value).toArray(),
                desired,
                steps.stream()
                        .filter(step -> step.check().outcome() == Step.Outcome.UPDATED)
                        .map(Step::step)
                        .toList());
    }

    private static String texts(String heading, List<Text> texts) {
        var list = new StringBuilder("<div>\n<h3>").append(Html.escape(heading)).append("</h3>\n<ul>\n");
        for (var text : texts) {
            list.append("<li>");
            if (text.prompt().isEmpty()) {
                list.append(Html.escape(text.text().strip()));
            } else {
                list.append("<b>").append(Html.escape(text.prompt())).append("</b>");
                list.append(Html.escape(text.text().stripTrailing()));
            }
            for (var feature : text.features().entrySet()) {
                double value = feature.getValue();
                if (value == 0) continue;
                String shown = value == 1 ? feature.getKey() : feature.getKey() + " " + OutcomeTable.number(value);
                list.append(" <span class=\"feature\">")
                        .append(Html.escape(shown))
                        .append("</span>");
            }
            list.append("</li>\n");
        }
        return list.append("</ul>\n</div>\n").toString();
    }

    private String page(String body) {
        return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                + "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>"
                + Html.escape(name) + " – Equipoise</title>\n<style>\n" + style() + "</style>\n</head>\n<body>\n" + body
                + "</body>\n</html>\n";
    }

    private static String style() {
        try (var stream = Report.class.getResourceAsStream("report.css")) {
            if (stream == null) throw new IllegalStateException("the jar lacks report.css");
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
