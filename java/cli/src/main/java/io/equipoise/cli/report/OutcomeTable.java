package io.equipoise.cli.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** An {@link Outcome} as lines of text. */
public final class OutcomeTable {
    private OutcomeTable() {}

    /** Columns of equal width, no line end after the last line. */
    public static String of(Outcome outcome) {
        var rows = new ArrayList<List<String>>();
        rows.add(List.of("", "before", "after", "desired"));
        var measures = new ArrayList<>(outcome.moments());
        measures.addAll(outcome.measures());
        for (var measure : measures) {
            rows.add(List.of(
                    measure.label(),
                    number(measure.before()),
                    number(measure.after()),
                    measure.desired().map(OutcomeTable::number).orElse("")));
        }
        int first = rows.stream().mapToInt(row -> row.get(0).length()).max().orElse(0);
        var lines = new ArrayList<String>();
        for (var row : rows) {
            var line = new StringBuilder(row.get(0))
                    .append(" ".repeat(first - row.get(0).length()));
            for (String cell : row.subList(1, row.size())) line.append(String.format("%11s", cell));
            lines.add(line.toString().stripTrailing());
        }
        return String.join("\n", lines);
    }

    /** Four significant places for what is near 1, fewer decimals for what is large. */
    public static String number(double value) {
        if (!Double.isFinite(value)) return "–";
        double size = Math.abs(value);
        return String.format(Locale.ROOT, size >= 1000 ? "%.0f" : size >= 10 ? "%.2f" : "%.4f", value);
    }
}
