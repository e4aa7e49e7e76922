package io.equipoise.cli.summary;

import io.equipoise.cli.plot.Figure;
import io.equipoise.cli.plot.Layer;
import io.equipoise.cli.plot.Legend;
import io.equipoise.cli.plot.Panel;
import io.equipoise.cli.plot.Scale;
import io.equipoise.cli.plot.Style;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Plots of what runs end with, of all methods. */
final class OutcomePlots {
    private static final double HEIGHT = 130;
    /** Between two methods' points of the same task, in rows. */
    private static final double APART = 0.15;

    private final Results results;
    private final Styles styles;

    OutcomePlots(Results results, Styles styles) {
        this.results = results;
        this.styles = styles;
    }

    /** A panel a pointwise task: the reward against what it costs. */
    Optional<Figure> reward() {
        var panels = new ArrayList<Panel>();
        for (var task : shown(results.pointwise())) {
            var points = new ArrayList<Layer.Point>();
            points.add(target(task));
            for (String method : results.methods(task)) {
                var far = results.side(task, method, Results.OWN, run -> run.after(Measure.KL_POLICY_BASE))
                        .estimate();
                var reward = results.side(task, method, Results.OWN, OutcomePlots::satisfaction)
                        .estimate();
                points.add(new Layer.Point(
                        far.mean(), reward.mean(), far.standardError(), reward.standardError(), styles.of(method)));
            }
            var xs = points.stream()
                    .mapToDouble(Layer.Point::x)
                    .filter(x -> x > 0)
                    .summaryStatistics();
            if (xs.getCount() == 0) continue;
            panels.add(new Panel(
                    task.label(),
                    Scale.logarithmic(xs.getMin() / 1.1, xs.getMax() * 1.1),
                    Measure.KL_POLICY_BASE.label(),
                    Scale.shares(),
                    "E_π φ",
                    List.copyOf(points)));
        }
        return figure("Reward against KL(π‖a) of all methods", 3, legend(Styles.TARGET), panels);
    }

    private Layer.Point target(Task task) {
        double far = results.first(task)
                .map(run -> run.before(Measure.KL_TARGET_POLICY))
                .orElse(Double.NaN);
        return new Layer.Point(far, 1, Double.NaN, Double.NaN, Styles.TARGET);
    }

    /** Mean over constraints of E_π φ. */
    private static double satisfaction(RunResult run) {
        return run.desired().keySet().stream()
                .mapToDouble(run.after()::moment)
                .average()
                .orElse(Double.NaN);
    }

    /** A panel a measure, a row a pointwise task. */
    Optional<Figure> diversity() {
        var tasks = shown(results.pointwise());
        if (tasks.isEmpty()) return Optional.empty();
        var panels = new ArrayList<Panel>();
        for (var measure : List.of(Measure.DISTINCT_1, Measure.SELF_BLEU_5)) {
            var layers = new ArrayList<Layer>();
            for (int row = 0; row < tasks.size(); row++) layers.addAll(points(tasks.get(row), row, measure));
            var xs = layers.stream()
                    .flatMapToDouble(layer -> ((Layer.Point) layer).xs())
                    .filter(Double::isFinite)
                    .summaryStatistics();
            if (xs.getCount() == 0) continue;
            panels.add(new Panel(
                    measure == Measure.DISTINCT_1 ? "higher: more varied" : "lower: more varied",
                    Scale.linear(xs.getMin(), xs.getMax()),
                    measure.label(),
                    Scale.names(tasks.stream().map(Task::label).toList()),
                    "",
                    layers));
        }
        double height = 54.0 * tasks.size();
        return Optional.of(new Figure("Diversity of all methods", 2, height, legend(Styles.BASE), panels));
    }

    private List<Layer> points(Task task, int row, Measure measure) {
        var points = new ArrayList<Layer>();
        var methods = results.methods(task);
        double top = APART * methods.size() / 2 - row;
        double base = results.first(task).map(run -> run.before(measure)).orElse(Double.NaN);
        points.add(new Layer.Point(base, top, Double.NaN, Double.NaN, Styles.BASE));
        for (int i = 0; i < methods.size(); i++) {
            var estimate = results.side(task, methods.get(i), Results.OWN, run -> run.after(measure))
                    .estimate();
            points.add(new Layer.Point(
                    estimate.mean(),
                    top - APART * (i + 1),
                    estimate.standardError(),
                    Double.NaN,
                    styles.of(methods.get(i))));
        }
        return points;
    }

    /** A column a task, a row a measure, over the batch size. */
    Optional<Figure> batchSizes() {
        var tasks = shown(results.withBatchSizes());
        var panels = new ArrayList<Panel>();
        var methods = ResultPlots.distributionMatching(results.methods());
        for (var measure : List.of(Measure.DISTANCE, Measure.KL_TARGET_POLICY, Measure.KL_POLICY_BASE)) {
            for (var task : tasks) {
                var layers = new ArrayList<Layer>();
                for (String method : methods) layers.addAll(overSizes(task, method, measure));
                panels.add(new Panel(
                        task.label(),
                        Scale.sizes(results.batchSizes(task)),
                        measure == Measure.KL_POLICY_BASE ? "batch size (same number of texts in total)" : "",
                        Panel.fromZero(layers),
                        measure.label(),
                        layers));
            }
        }
        var legend = new ArrayList<Legend>();
        for (String method : methods) legend.add(styles.of(method));
        return figure("Outcome over the batch size", Math.max(1, tasks.size()), legend, panels);
    }

    private List<Layer> overSizes(Task task, String method, Measure measure) {
        var style = styles.of(method);
        var sizes = results.batchSizes(task);
        var y = new double[sizes.size()];
        var points = new ArrayList<Layer>();
        for (int i = 0; i < y.length; i++) {
            var estimate = results.sideAt(task, method, sizes.get(i), run -> run.after(measure))
                    .estimate();
            y[i] = estimate.mean();
            points.add(new Layer.Point(sizes.get(i), y[i], Double.NaN, estimate.standardError(), style));
        }
        var x = sizes.stream().mapToDouble(Integer::intValue).toArray();
        return Stream.concat(Stream.of(new Layer.Curve(x, y, style)), points.stream())
                .toList();
    }

    private List<Task> shown(List<Task> tasks) {
        return tasks.stream().filter(task -> results.first(task).isPresent()).toList();
    }

    private List<Legend> legend(Style first) {
        var legend = new ArrayList<Legend>(List.of(first.withoutLine()));
        results.pointwise().stream()
                .flatMap(task -> results.methods(task).stream())
                .distinct()
                .forEach(method -> legend.add(styles.of(method).withoutLine()));
        return legend;
    }

    private static Optional<Figure> figure(String description, int columns, List<Legend> legend, List<Panel> panels) {
        if (panels.isEmpty()) return Optional.empty();
        return Optional.of(new Figure(description, columns, HEIGHT, legend, panels));
    }
}
