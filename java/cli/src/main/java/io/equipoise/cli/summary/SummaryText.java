package io.equipoise.cli.summary;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** A summary as lines of text. */
final class SummaryText {
    private static final int TASK = 20;
    private static final int SIDE = 32;

    private SummaryText() {}

    static String of(Results results, List<Claim> claims) {
        var lines = new ArrayList<String>();
        lines.add(runs(results));
        for (int i = 0; i < claims.size(); i++) {
            var claim = claims.get(i);
            lines.add("");
            lines.add((i + 1) + ". " + claim.text() + ": " + claim.verdict());
            lines.add("   paper: " + claim.paper() + "; here: " + outcome(claim));
            lines.add("   rule: " + claim.rule());
            int measures = claim.comparisons().stream()
                    .mapToInt(comparison -> comparison.measure().length())
                    .max()
                    .orElse(0);
            for (var comparison : claim.comparisons()) {
                lines.add(
                        ("   " + sign(comparison) + " " + pad(comparison.task().label(), TASK)
                                        + pad(comparison.measure(), measures + 2) + pad(side(comparison.ahead()), SIDE)
                                        + side(comparison.behind()))
                                .stripTrailing());
            }
        }
        lines.add("");
        lines.add(
                "+ as claimed, ++ by more than two standard errors; − not, −− by as much the other way; ? lacks runs.");
        lines.add("After ±: the standard error over seeds. In brackets: how many runs.");
        return String.join("\n", lines);
    }

    /** How many runs are there, and which aren't. */
    static String runs(Results results) {
        String hours = results.runs().isEmpty()
                ? ""
                : String.format(Locale.ROOT, "; they took %.1f hours of one core", results.cpuSeconds() / 3600);
        String made = results.runs().size() + " of " + results.planned().size() + " runs are there" + hours + ".";
        if (results.missing().isEmpty()) return made;
        var groups = new TreeMap<String, Map<String, List<String>>>();
        for (var experiment : results.missing()) {
            String size = experiment.batchSize() == Results.OWN ? "" : " batch " + experiment.batchSize();
            groups.computeIfAbsent(experiment.task(), task -> new LinkedHashMap<>())
                    .computeIfAbsent(experiment.method() + size, group -> new ArrayList<>())
                    .add(Integer.toString(experiment.seed()));
        }
        var lines = new ArrayList<>(List.of(made + " Missing, with their seeds:", ""));
        groups.forEach((task, runs) -> {
            var parts = new ArrayList<String>();
            runs.forEach((group, seeds) -> parts.add(group + " [" + String.join(", ", seeds) + "]"));
            lines.add("- " + task + ": " + String.join(", ", parts));
        });
        return String.join("\n", lines);
    }

    /** How many comparisons hold, and how many of them beyond doubt. */
    static String outcome(Claim claim) {
        String clearly = claim.holdingClearly() + " by more than two standard errors";
        String opposite = claim.failingClearly() == 0 ? "" : ", " + claim.failingClearly() + " as much the other way";
        return claim.count() + " (" + claim.needed() + " of "
                + claim.comparisons().size() + " wanted; " + clearly + ", " + claim.neededClearly() + " wanted"
                + opposite
                + ")";
    }

    static String sign(Comparison comparison) {
        if (!comparison.isEnough()) return "? ";
        if (comparison.holds()) return comparison.holdsClearly() ? "++" : "+ ";
        return comparison.failsClearly() ? "−−" : "− ";
    }

    private static String side(Side side) {
        String runs = side.estimate().runs() == 0 ? "" : " [" + side.estimate().runs() + "]";
        return side.of() + " " + side.estimate() + runs;
    }

    private static String pad(String text, int width) {
        return text + " ".repeat(Math.max(1, width - text.codePointCount(0, text.length())));
    }
}
