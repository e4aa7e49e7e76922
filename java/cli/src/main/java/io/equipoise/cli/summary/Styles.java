package io.equipoise.cli.summary;

import io.equipoise.cli.plot.Marker;
import io.equipoise.cli.plot.Style;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A style for every method, the same in all plots. Colours: Okabe and Ito, told apart by the colour-blind too. */
final class Styles {
    private static final List<Style> CHOICE = List.of(
            new Style("", "#0072b2", "", Marker.CIRCLE, true),
            new Style("", "#d55e00", "7 4", Marker.SQUARE, false),
            new Style("", "#1b1f24", "2 3", Marker.TRIANGLE, true),
            new Style("", "#007a5a", "9 3 2 3", Marker.DIAMOND, false),
            new Style("", "#9a4f82", "4 2", Marker.TRIANGLE_DOWN, true),
            new Style("", "#8c5a00", "12 3", Marker.SQUARE, true));

    /** The base model, where it has a place in a plot. */
    static final Style BASE = new Style("base model", "#57606a", "", Marker.DIAMOND, true);

    /** The target, where it has a place in a plot. */
    static final Style TARGET = new Style("target p", "#1b1f24", "", Marker.STAR, false);

    private final Map<String, Style> byMethod = new LinkedHashMap<>();

    /** @param methods the one that matters most first */
    Styles(List<String> methods) {
        for (String method : methods) {
            var style = CHOICE.get(byMethod.size() % CHOICE.size());
            byMethod.put(method, new Style(method, style.colour(), style.dash(), style.marker(), style.filled()));
        }
    }

    /** @throws IllegalArgumentException for a method that isn't one of those */
    Style of(String method) {
        var style = byMethod.get(method);
        if (style == null) throw new IllegalArgumentException("no style for the method " + method);
        return style;
    }
}
