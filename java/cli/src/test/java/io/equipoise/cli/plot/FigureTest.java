package io.equipoise.cli.plot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Element;

class FigureTest {
    private static final Style STYLE = new Style("a < b & \"c\"", "#0072b2", "6 3", Marker.SQUARE, false);
    private static final double NONE = Double.NaN;

    @Test
    void isXmlWithEveryPanelAndTheLegendOnce() throws Exception {
        var panel = panel(List.of(
                new Layer.Zone(1, 2),
                new Layer.Level(1.5),
                new Layer.Band(new double[] {1, 2, 3}, new double[] {1, 1, 2}, new double[] {2, 2, 3}, STYLE),
                new Layer.Curve(new double[] {1, 2, 3}, new double[] {1, 2, 3}, STYLE),
                new Layer.Point(3, 3, 0.1, 0.1, STYLE)));
        var legend = List.of(STYLE, Layer.Level.legend("desired"), Layer.Zone.legend("near"));
        var figure = new Figure("what & why", 2, 100, legend, List.of(panel, panel, panel));
        var root = parse(figure.svg());
        assertThat(root.getAttribute("viewBox")).matches("0 0 [0-9.]+ [0-9.]+");
        assertThat(texts(root)).contains("desired", "near", "steps", "KL, nats");
        assertThat(Collections.frequency(texts(root), "a < b & \"c\"")).isEqualTo(1);
        assertThat(Collections.frequency(texts(root), "<title>")).isEqualTo(3);
        assertThat(root.getElementsByTagName("title").item(0).getTextContent()).isEqualTo("what & why");
    }

    @Test
    void whatIsNotFiniteIsLeftOut() throws Exception {
        var holes = new double[] {NONE, 1, Double.POSITIVE_INFINITY, 2, NONE};
        var x = new double[] {1, 2, 3, 4, 5};
        var layers = List.<Layer>of(
                new Layer.Band(x, holes, holes, STYLE),
                new Layer.Curve(x, holes, STYLE),
                new Layer.Level(NONE),
                new Layer.Point(NONE, 1, NONE, NONE, STYLE),
                new Layer.Point(4, 1, NONE, NONE, STYLE));
        assertThat(Panel.ys(layers)).allMatch(Double::isFinite).isNotEmpty();
        String svg = new Figure("holes", 1, 100, List.of(), List.of(panel(layers))).svg();
        parse(svg);
        assertThat(svg).doesNotContain("NaN", "Infinity");
    }

    @Test
    void errorBarsMayLeaveALogarithmicScale() throws Exception {
        var layers = List.<Layer>of(new Layer.Point(1, 2, 0, 3, STYLE));
        var panel = new Panel("log", Scale.steps(2), "", Scale.logarithmic(1, 10), "", layers);
        String svg = new Figure("bars", 1, 100, List.of(), List.of(panel)).svg();
        parse(svg);
        assertThat(svg).doesNotContain("NaN", "Infinity");
    }

    @Test
    void legendBreaksIntoLines() {
        var entry = new Style("a rather long name of a method", "#000000", "", Marker.STAR, true);
        var panels = List.of(panel(List.of()));
        String one = new Figure("", 1, 100, List.of(entry), panels).svg();
        String many = new Figure("", 1, 100, Collections.nCopies(6, entry), panels).svg();
        assertThat(height(many)).isGreaterThan(height(one) + 19);
    }

    @Test
    void noPositionIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Svg().line(0, NONE, 1, 1, "#000000", 1, ""))
                .withMessageContaining("NaN");
    }

    private static Panel panel(List<? extends Layer> layers) {
        return new Panel("<title>", Scale.steps(5), "steps", Scale.linear(0, 3), "KL, nats", List.copyOf(layers));
    }

    private static double height(String svg) {
        return Double.parseDouble(svg.replaceFirst("(?s).*?viewBox=\"0 0 [0-9.]+ ([0-9.]+)\".*", "$1"));
    }

    private static List<String> texts(Element root) {
        var nodes = root.getElementsByTagName("text");
        return IntStream.range(0, nodes.getLength())
                .mapToObj(i -> nodes.item(i).getTextContent())
                .toList();
    }

    private static Element parse(String svg) throws Exception {
        var factory = DocumentBuilderFactory.newInstance();
        factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
        return factory.newDocumentBuilder()
                .parse(new ByteArrayInputStream(svg.getBytes(StandardCharsets.UTF_8)))
                .getDocumentElement();
    }
}
