package io.equipoise.cli.report;

import java.math.BigDecimal;
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
                    measure.desired().map(OutcomeTable::exact).orElse("")));
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

    /** A number that somebody has written or counted, with no digit that says nothing. */
    public static String exact(double value) {
        if (!Double.isFinite(value)) return "–";
        return BigDecimal.valueOf(value).stripTrailingZeros().toPlainString();
    }

    /** A mean with its standard error, where one is known. */
    static String number(double value, double error) {
        if (!Double.isFinite(value) || !Double.isFinite(error)) return number(value);
        return number(value) + " ± " + number(error);
    }

    /** Four significant places for what is near 1, fewer decimals for what is large. */
    public static String number(double value) {
        if (!Double.isFinite(value)) return "–";
        double size = Math.abs(value);
        return String.format(Locale.ROOT, size >= 1000 ? "%.0f" : size >= 10 ? "%.2f" : "%.4f", value);
    }
}
