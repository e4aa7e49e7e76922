package io.equipoise.cli.report;

import io.equipoise.training.Step;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
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
 * @param measurements made in its course, besides those of the outcome
 * @param before texts of the base model
 * @param after texts of the policy
 * @param config YAML
 */
public record Report(
        String name,
        Outcome outcome,
        List<Step> steps,
        List<Measurement> measurements,
        List<Text> before,
        List<Text> after,
        String config,
        Facts facts) {
    private static final DateTimeFormatter DATE = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm xxx", Locale.ROOT);

    /**
     * How the run was made.
     *
     * @param version of Equipoise
     * @param kernels in use at its end
     * @param ended when
     * @param duration of all sessions together, for people
     * @param warnings that the log has
     */
    public record Facts(String version, String kernels, ZonedDateTime ended, String duration, List<String> warnings) {
        public Facts {
            warnings = List.copyOf(warnings);
        }
    }

    /**
     * A text with its features.
     *
     * @param prompt that it goes on from; empty without one
     * @param features φ by constraint
     */
    public record Text(String prompt, String text, Map<String, Double> features) {}

    public Report {
        steps = List.copyOf(steps);
        measurements = List.copyOf(measurements);
        before = List.copyOf(before);
        after = List.copyOf(after);
    }

    /** The page. */
    public String html() {
        var body = new StringBuilder();
        body.append("<header>\n<h1>").append(Html.escape(name)).append("</h1>\n");
        body.append("<p>").append(Html.escape(summary())).append("</p>\n");
        body.append("<p class=\"note\">").append(Html.escape(made())).append("</p>\n</header>\n<main>\n");
        body.append(warnings());
        body.append("<section>\n<h2>Outcome</h2>\n").append(table()).append("</section>\n");
        body.append(inBetween());
        body.append("<section>\n<h2>Curves</h2>\n<p class=\"note\">Thin line: the step’s own estimate, on samples the ")
                .append(
                        "policy had not been trained on. Thick line: the same, smoothed. Circles: measured on fresh texts. ")
                .append(
                        "Dashes: desired. ▲ below: the proposal became a copy of the policy. A divergence can’t be less than ")
                .append("0; estimates below it are drawn at it.</p>\n<div class=\"charts\">\n");
        for (var chart : charts()) {
            String svg = chart.svg();
            if (svg.isEmpty()) continue;
            body.append("<figure>\n<figcaption>")
                    .append(Html.escape(chart.label()))
                    .append(chart.desired()
                            .map(value -> " <span class=\"wanted\">desired " + OutcomeTable.exact(value) + "</span>")
                            .orElse(""))
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
                    OutcomeTable.exact(moment.desired().orElse(Double.NaN))));
        }
        parts.add(String.format(
                Locale.ROOT,
                "KL(p‖π): %s → %s nats",
                OutcomeTable.number(outcome.before().klTargetPolicy()),
                OutcomeTable.number(outcome.after().klTargetPolicy())));
        parts.add(steps.size() + " steps, " + facts.duration() + " in all");
        return String.join(" · ", parts);
    }

    private String made() {
        return "Equipoise " + facts.version() + " · kernels " + facts.kernels() + " · ended "
                + DATE.format(facts.ended());
    }

    private String warnings() {
        if (facts.warnings().isEmpty()) return "";
        var list = new StringBuilder("<section>\n<h2>Warnings</h2>\n<ul>\n");
        for (String warning : facts.warnings()) {
            list.append("<li>").append(Html.escape(warning)).append("</li>\n");
        }
        return list.append("</ul>\n</section>\n").toString();
    }

    /** What was measured every so many steps; nothing of runs that measure before and after only. */
    private String inBetween() {
        if (measurements.isEmpty()) return "";
        var table = new StringBuilder("<section>\n<h2>On the way</h2>\n<div class=\"wide\">\n<table>\n<thead><tr>")
                .append("<th scope=\"col\">after step</th>");
        for (var constraint : outcome.constraints()) {
            table.append("<th scope=\"col\">")
                    .append(Html.escape(constraint.name()))
                    .append("</th>");
        }
        table.append("<th scope=\"col\">KL(p‖π), nats</th><th scope=\"col\">KL(π‖a), nats</th>")
                .append("<th scope=\"col\">TVD(p, π)</th></tr></thead>\n<tbody>\n");
        for (var measured : measurements) {
            table.append("<tr><th scope=\"row\">").append(measured.step()).append("</th>");
            for (var constraint : outcome.constraints()) {
                cell(table, OutcomeTable.number(measured.moments().getOrDefault(constraint.name(), Double.NaN)));
            }
            cell(table, OutcomeTable.number(measured.klTargetPolicy(), measured.klTargetPolicyError()));
            cell(table, OutcomeTable.number(measured.klPolicyBase()));
            cell(table, OutcomeTable.number(measured.tvdTargetPolicy()));
            table.append("</tr>\n");
        }
        return table.append("</tbody>\n</table>\n</div>\n</section>\n").toString();
    }

    private static void cell(StringBuilder table, String text) {
        table.append("<td>").append(text).append("</td>");
    }

    private String table() {
        var table = new StringBuilder(
                        "<div class=\"wide\">\n<table>\n<thead><tr><th scope=\"col\">Measure</th><th scope=\"col\">before</th>")
                .append("<th scope=\"col\">after</th><th scope=\"col\">desired</th></tr></thead>\n<tbody>\n");
        var rows = new ArrayList<>(outcome.moments());
        rows.addAll(outcome.measures());
        for (var row : rows) {
            table.append("<tr><th scope=\"row\">")
                    .append(Html.escape(row.label()))
                    .append("</th>");
            cell(table, OutcomeTable.number(row.before(), row.beforeError()));
            cell(table, OutcomeTable.number(row.after(), row.afterError()));
            cell(table, row.desired().map(OutcomeTable::exact).orElse(""));
            table.append("</tr>\n");
        }
        return table.append(
                        "</tbody>\n</table>\n</div>\n<p class=\"note\">p: the target, π: the policy, a: the base model. ")
                .append(
                        "KL(p‖π) and TVD are estimated on samples of the base model, all else on samples of the policy. After ±: the")
                .append(" standard error of the estimate, where one is known.</p>\n")
                .toString();
    }

    private List<LineChart> charts() {
        var charts = new ArrayList<LineChart>();
        for (var constraint : outcome.constraints()) {
            String name = constraint.name();
            charts.add(chart(
                    "moment of " + name,
                    step -> step.moments().getOrDefault(name, Double.NaN),
                    fresh(measured -> measured.moments().getOrDefault(name, Double.NaN)),
                    Optional.of(constraint.moment()),
                    Optional.empty()));
        }
        charts.add(chart(
                "KL(p‖π), nats",
                step -> step.divergences().klTargetPolicy(),
                fresh(Measurement::klTargetPolicy),
                Optional.of(0.0),
                Optional.of(0.0)));
        charts.add(notNegative(
                "KL(π‖a), nats", step -> step.divergences().klPolicyBase(), fresh(Measurement::klPolicyBase)));
        charts.add(notNegative(
                "effective sample size of a batch", step -> step.divergences().effectiveSampleSize(), List.of()));
        charts.add(notNegative(
                "variance of one text’s gradient", step -> step.diagnostics().gradientVariance(), List.of()));
        charts.add(notNegative("Z, running mean", step -> Math.exp(step.logZ()), List.of()));
        return charts;
    }

    private LineChart notNegative(String label, ToDoubleFunction<Step> value, List<LineChart.Point> fresh) {
        return chart(label, value, fresh, Optional.empty(), Optional.of(0.0));
    }

    /** Before, in between and after. */
    private List<LineChart.Point> fresh(ToDoubleFunction<Measurement> value) {
        int last = steps.isEmpty() ? 0 : steps.get(steps.size() - 1).step();
        var all = new ArrayList<>(List.of(Measurement.of(0, outcome.before())));
        all.addAll(measurements);
        all.add(Measurement.of(last, outcome.after()));
        return all.stream()
                .map(measured -> new LineChart.Point(measured.step(), value.applyAsDouble(measured)))
                .toList();
    }

    private LineChart chart(
            String label,
            ToDoubleFunction<Step> value,
            List<LineChart.Point> fresh,
            Optional<Double> desired,
            Optional<Double> least) {
        return new LineChart(
                label,
                steps.stream().mapToInt(Step::step).toArray(),
                steps.stream().mapToDouble(value).toArray(),
                fresh,
                desired,
                least,
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
                String shown = value == 1 ? feature.getKey() : feature.getKey() + " " + shown(value);
                list.append(" <span class=\"feature\">")
                        .append(Html.escape(shown))
                        .append("</span>");
            }
            list.append("</li>\n");
        }
        return list.append("</ul>\n</div>\n").toString();
    }

    /** Counts as such. */
    private static String shown(double value) {
        return value == Math.rint(value) ? OutcomeTable.exact(value) : OutcomeTable.number(value);
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
