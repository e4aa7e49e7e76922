package io.equipoise.cli.plot;

import io.equipoise.cli.report.Html;
import java.util.Locale;
import java.util.regex.Pattern;

/** Builds an SVG document that needs no style sheet and no font of its own. Positions in units of 1/96 inch. */
public final class Svg {
    static final String INK = "#1b1f24";
    static final String FAINT = "#57606a";
    static final String RULE = "#d8dee4";
    /** Of tick labels, and of everything else. */
    static final int SMALL = 12;

    static final int NORMAL = 13;

    /** A letter is at most so many times as wide as high in the mean, in the widest of the fonts. */
    private static final double LETTER = 0.6;

    /** A letter after _ is a subscript. */
    private static final Pattern SUBSCRIPT = Pattern.compile("_(\\p{L})");

    private final StringBuilder body = new StringBuilder();

    /** About how wide a text is. */
    static double width(String text, int size) {
        String shown = SUBSCRIPT.matcher(text).replaceAll("$1");
        return shown.codePointCount(0, shown.length()) * size * LETTER;
    }

    /** Shifted by dy, which every viewer knows, unlike baseline-shift. */
    private static String markup(String text) {
        return SUBSCRIPT
                .matcher(Html.escape(text))
                .replaceAll("<tspan dy=\"3\" font-size=\"75%\">$1</tspan><tspan dy=\"-3\">\u200b</tspan>");
    }

    void line(double x1, double y1, double x2, double y2, String stroke, double width, String dash) {
        element("<line x1=\"%s\" y1=\"%s\" x2=\"%s\" y2=\"%s\"%s/>\n", x1, y1, x2, y2, stroke(stroke, width, dash));
    }

    void rectangle(double x, double y, double width, double height, String fill, double opacity) {
        element(
                "<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" fill=\"%s\" fill-opacity=\"%s\"/>\n",
                x, y, width, height, fill, String.format(Locale.ROOT, "%.2f", opacity));
    }

    /** A line through points. */
    void path(Path path, String stroke, double width, String dash) {
        if (path.isEmpty()) return;
        element("<path d=\"%s\" fill=\"none\" stroke-linejoin=\"round\"%s/>\n", path, stroke(stroke, width, dash));
    }

    /** An area between points. */
    void area(Path path, String fill, double opacity) {
        if (path.isEmpty()) return;
        element(
                "<path d=\"%sz\" fill=\"%s\" fill-opacity=\"%s\"/>\n",
                path, fill, String.format(Locale.ROOT, "%.2f", opacity));
    }

    void marker(Marker marker, double x, double y, String fill, String stroke) {
        element(
                "<path transform=\"translate(%s %s)\" d=\"%s\" fill=\"%s\"%s/>\n",
                x, y, marker.path(), fill, stroke(stroke, 1.5, ""));
    }

    /** @param anchor where (x, y) is: start, middle or end of the text's base line */
    void text(double x, double y, String anchor, int size, String colour, String text) {
        element(
                "<text x=\"%s\" y=\"%s\" text-anchor=\"%s\" font-size=\"%s\" fill=\"%s\">%s</text>\n",
                x, y, anchor, Integer.toString(size), colour, markup(text));
    }

    void title(double x, double y, String text) {
        element(
                "<text x=\"%s\" y=\"%s\" font-size=\"%s\" font-weight=\"bold\" fill=\"%s\">%s</text>\n",
                x, y, Integer.toString(NORMAL), INK, markup(text));
    }

    /** Text that runs upwards, its middle at (x, y). */
    void upwards(double x, double y, String text) {
        element(
                "<text transform=\"translate(%s %s) rotate(-90)\" text-anchor=\"middle\" font-size=\"%s\" fill=\"%s\">"
                        + "%s</text>\n",
                x, y, Integer.toString(NORMAL), INK, markup(text));
    }

    /**
     * The whole document, on white: it is looked at on dark pages too.
     *
     * @param title what it shows, for those who hear it
     */
    String document(double width, double height, String title) {
        String size = "width=\"" + number(width) + "\" height=\"" + number(height) + "\"";
        return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" " + size
                + " viewBox=\"0 0 " + number(width) + " " + number(height)
                + "\" role=\"img\" font-family=\"Helvetica, Arial, 'DejaVu Sans', sans-serif\">\n<title>"
                + Html.escape(title) + "</title>\n<rect " + size + " fill=\"#ffffff\"/>\n" + body + "</svg>\n";
    }

    private static String stroke(String colour, double width, String dash) {
        return " stroke=\"" + colour + "\" stroke-width=\"" + number(width) + "\""
                + (dash.isEmpty() ? "" : " stroke-dasharray=\"" + dash + "\"");
    }

    /** Appends a template, numbers with one decimal. */
    private void element(String template, Object... values) {
        var shown = new Object[values.length];
        for (int i = 0; i < values.length; i++) {
            shown[i] = values[i] instanceof Double position ? number(position) : values[i];
        }
        body.append(String.format(Locale.ROOT, template, shown));
    }

    private static String number(double position) {
        if (!Double.isFinite(position)) throw new IllegalArgumentException("no position in a picture: " + position);
        String text = String.format(Locale.ROOT, "%.1f", position);
        return text.endsWith(".0") ? text.substring(0, text.length() - 2) : text;
    }

    /** A line in the making; a position that isn't finite interrupts it. */
    static final class Path {
        private final StringBuilder path = new StringBuilder();
        private boolean pen;

        void to(double x, double y) {
            if (!Double.isFinite(x) || !Double.isFinite(y)) {
                pen = false;
                return;
            }
            path.append(pen ? 'L' : 'M').append(number(x)).append(' ').append(number(y));
            pen = true;
        }

        boolean isEmpty() {
            return path.length() == 0;
        }

        @Override
        public String toString() {
            return path.toString();
        }
    }
}
