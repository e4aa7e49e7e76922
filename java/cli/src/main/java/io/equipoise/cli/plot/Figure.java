package io.equipoise.cli.plot;

import java.util.List;

/**
 * Panels in rows, below one legend for all.
 *
 * @param description what it shows, for those who hear it
 * @param columns panels in a row
 * @param height of a panel between its axes
 */
public record Figure(String description, int columns, double height, List<Legend> legend, List<Panel> panels) {
    private static final double WIDTH = 640;
    private static final double MARGIN = 8;
    private static final double ENTRY_GAP = 16;
    private static final double LEGEND_LINE = 22;
    private static final double ABOVE = 32;
    private static final double BELOW = 26;
    private static final double X_TITLE = 18;
    private static final double Y_TITLE = 22;
    private static final double RIGHT = 12;

    public Figure {
        legend = List.copyOf(legend);
        panels = List.copyOf(panels);
        if (columns < 1) throw new IllegalArgumentException("a figure has a column or more, got " + columns);
    }

    /** The whole file; the same for the same content. */
    public String svg() {
        var svg = new Svg();
        double top = drawLegend(svg);
        double labels = panels.stream().mapToDouble(Panel::labelWidth).max().orElse(0);
        boolean titled = panels.stream().anyMatch(panel -> !panel.yTitle().isEmpty());
        double cell = (WIDTH - 2 * MARGIN) / columns;
        double before = labels + 8 + (titled ? Y_TITLE : 0);
        for (int first = 0; first < panels.size(); first += columns) {
            var row = panels.subList(first, Math.min(first + columns, panels.size()));
            top += ABOVE;
            for (int i = 0; i < row.size(); i++) {
                double left = MARGIN + i * cell + before;
                row.get(i).draw(svg, left, top, cell - before - RIGHT, height, labels);
            }
            boolean below = row.stream().anyMatch(panel -> !panel.xTitle().isEmpty());
            top += height + BELOW + (below ? X_TITLE : 0);
        }
        return svg.document(WIDTH, top + MARGIN, description);
    }

    /** From the left, as many lines as are needed. */
    private double drawLegend(Svg svg) {
        double x = MARGIN;
        double y = MARGIN + 8;
        for (var entry : legend) {
            double before = entry.width() == 0 ? 0 : entry.width() + 6;
            double width = before + Svg.width(entry.label(), Svg.NORMAL);
            if (x > MARGIN && x + width > WIDTH - MARGIN) {
                x = MARGIN;
                y += LEGEND_LINE;
            }
            entry.sample(svg, x, y);
            svg.text(x + before, y + 4, "start", Svg.NORMAL, Svg.INK, entry.label());
            x += width + ENTRY_GAP;
        }
        return y + 8;
    }
}
