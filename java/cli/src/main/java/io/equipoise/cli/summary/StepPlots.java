package io.equipoise.cli.summary;

import io.equipoise.cli.config.ConstraintConfig;
import io.equipoise.cli.plot.Figure;
import io.equipoise.cli.plot.Layer;
import io.equipoise.cli.plot.Legend;
import io.equipoise.cli.plot.Panel;
import io.equipoise.cli.plot.Scale;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Function;
import java.util.function.ToDoubleBiFunction;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/** Plots over the steps of training, of some methods. */
final class StepPlots {
    private static final String SERIES = "moments.";
    private static final String STEPS = "steps";
    private static final double HEIGHT = 110;
    /** What a measurement on fresh texts counts for in a curve, in steps. */
    private static final double MEASURED = 100;

    private final Results results;
    private final Curves curves;
    private final Styles styles;
    private final List<String> methods;

    StepPlots(Results results, Styles styles, List<String> methods) {
        this.results = results;
        this.styles = styles;
        this.methods = methods;
        curves = new Curves(results, styles);
    }

    /** A row a task: satisfaction, KL(p‖π), KL(π‖a). */
    Optional<Figure> progress(List<Task> tasks) {
        var shown = withResults(tasks);
        var panels = new ArrayList<Panel>();
        for (var task : shown) {
            String below = task.equals(shown.get(shown.size() - 1)) ? STEPS : "";
            panels.add(satisfaction(task, below));
            // For π = p, KL(π‖a) is KL(p‖a).
            double targetsOwn = results.first(task)
                    .map(run -> run.before(Measure.KL_TARGET_POLICY))
                    .orElse(Double.NaN);
            panels.add(divergence(task, below, Measure.KL_TARGET_POLICY, 0));
            panels.add(divergence(task, below, Measure.KL_POLICY_BASE, targetsOwn));
        }
        var legend = legend();
        legend.add(Styles.BASE.withoutLine());
        legend.add(Layer.Level.legend("value for π = p"));
        return figure("Constraint satisfaction, KL(p‖π) and KL(π‖a) over steps", 3, legend, panels);
    }

    private Panel divergence(Task task, String below, Measure measure, double level) {
        return panel(
                "",
                task,
                below,
                measure.label(),
                List.of(new Layer.Level(level)),
                run -> smooth(run, measure.key(), model -> run.value(model, measure)),
                (run, model) -> run.value(model, measure));
    }

    private Panel satisfaction(Task task, String below) {
        if (task.constraints().size() == 1) {
            var constraint = task.constraints().get(0);
            return panel(
                    task.label(),
                    task,
                    below,
                    "E_π φ",
                    List.of(new Layer.Level(constraint.moment())),
                    run -> smooth(run, constraint.name()),
                    (run, model) -> model.moment(constraint.name()));
        }
        return panel(
                task.label(),
                task,
                below,
                Measure.DISTANCE.label(),
                List.of(new Layer.Level(0)),
                this::distance,
                (run, model) -> run.value(model, Measure.DISTANCE));
    }

    /** Over the features, of smoothed moments: the distance of noisy ones would never come near 0. */
    private Optional<double[]> distance(RunResult run) {
        var distances = new ArrayList<double[]>();
        for (var wanted : run.desired().entrySet()) {
            var moment = smooth(run, wanted.getKey());
            if (moment.isEmpty()) return Optional.empty();
            distances.add(map(moment.get(), value -> Math.abs(value - wanted.getValue())));
        }
        int steps = distances.stream().mapToInt(series -> series.length).min().orElse(0);
        return Optional.of(IntStream.range(0, steps)
                .mapToDouble(step -> distances.stream()
                        .mapToDouble(series -> series[step])
                        .average()
                        .orElse(Double.NaN))
                .toArray());
    }

    /** A panel a feature: E_π φ, the desired level, and what counts as met. */
    Optional<Figure> moments() {
        var panels = new ArrayList<Panel>();
        for (var task : withResults(results.distributional())) {
            for (var constraint : task.constraints()) panels.add(feature(task, constraint));
        }
        return figure("E_π φ over steps, feature by feature", 3, featureLegend(), panels);
    }

    /** The same of some tasks, each followed by KL(p‖π). */
    Optional<Figure> features(List<Task> tasks) {
        var panels = new ArrayList<Panel>();
        for (var task : withResults(tasks)) {
            for (var constraint : task.constraints()) panels.add(feature(task, constraint));
            panels.add(divergence(task, STEPS, Measure.KL_TARGET_POLICY, 0));
        }
        return figure("E_π φ and KL(p‖π) over more steps", 3, featureLegend(), panels);
    }

    private Panel feature(Task task, ConstraintConfig constraint) {
        double desired = constraint.moment();
        return panel(
                "task " + task.number() + ": " + constraint.name(),
                task,
                STEPS,
                "E_π φ",
                List.of(
                        new Layer.Zone(
                                Math.max(0, desired - PaperClaims.TOLERANCE),
                                Math.min(1, desired + PaperClaims.TOLERANCE)),
                        new Layer.Level(desired)),
                run -> smooth(run, constraint.name()),
                (run, model) -> model.moment(constraint.name()));
    }

    private List<Legend> featureLegend() {
        var legend = legend();
        legend.add(Styles.BASE.withoutLine());
        legend.add(Layer.Level.legend("desired"));
        legend.add(Layer.Zone.legend("within " + PaperClaims.TOLERANCE + " of it"));
        return legend;
    }

    /** A panel a task that the claim is about; logarithmic. */
    Optional<Figure> gradientVariance() {
        var panels = new ArrayList<Panel>();
        for (var task : results.withBatchSizes()) {
            var layers = curves.of(task, methods, run -> run.values(RunResult.GRADIENT_VARIANCE)
                    .map(values -> map(LocalLinear.smooth(map(values, Math::log)), Math::exp)));
            var ys = Panel.ys(layers).filter(y -> y > 0).summaryStatistics();
            if (ys.getCount() == 0) continue;
            panels.add(new Panel(
                    task.label(),
                    Scale.steps(curves.steps(task, methods)),
                    STEPS,
                    Scale.logarithmic(ys.getMin(), ys.getMax()),
                    "gradient variance, nats²",
                    layers));
        }
        var legend = legend();
        legend.add(Legend.note("A curve begins where each run has had a gradient other than 0."));
        return figure("Variance of a text's gradient over steps", 2, legend, panels);
    }

    private static double[] map(double[] values, DoubleUnaryOperator function) {
        return Arrays.stream(values).map(function).toArray();
    }

    private Panel panel(
            String title,
            Task task,
            String xTitle,
            String yTitle,
            List<Layer> behind,
            Function<RunResult, Optional<double[]>> series,
            ToDoubleBiFunction<RunResult, RunResult.Measured> measured) {
        var layers = new ArrayList<Layer>(behind);
        layers.addAll(curves.of(task, methods, series));
        layers.add(curves.start(task, run -> measured.applyAsDouble(run, run.before())));
        layers.addAll(curves.ends(task, methods, run -> measured.applyAsDouble(run, run.after())));
        return new Panel(
                title, Scale.steps(curves.steps(task, methods)), xTitle, Panel.fromZero(layers), yTitle, layers);
    }

    private static Optional<double[]> smooth(RunResult run, String constraint) {
        return smooth(run, SERIES + constraint, model -> model.moment(constraint));
    }

    /**
     * A run's values after 0, 1, … steps, smoothed. A step's own estimate is of the policy before its update. At the ends are
     * measurements on many fresh texts, which the curve must not miss because of what single batches happened to hold.
     */
    private static Optional<double[]> smooth(
            RunResult run, String name, ToDoubleFunction<RunResult.Measured> measured) {
        return run.values(name).map(series -> {
            int last = series.length;
            double[] values = Arrays.copyOf(estimates(name, series), last + 1);
            double[] weights = new double[last + 1];
            Arrays.fill(weights, 1);
            values[0] = measured.applyAsDouble(run.before());
            values[last] = measured.applyAsDouble(run.after());
            weights[0] = weights[last] = MEASURED;
            return LocalLinear.smooth(values, weights);
        });
    }

    private static double[] estimates(String name, double[] series) {
        if (!name.equals(Measure.KL_TARGET_POLICY.key())) return series;
        // Of a batch without a text that p can write, which says nothing.
        return map(series, value -> value == 0 ? Double.NaN : value);
    }

    private List<Task> withResults(List<Task> tasks) {
        return tasks.stream().filter(task -> curves.steps(task, methods) > 0).toList();
    }

    private List<Legend> legend() {
        var legend = new ArrayList<Legend>();
        for (String method : methods) legend.add(styles.of(method));
        return legend;
    }

    private static Optional<Figure> figure(String description, int columns, List<Legend> legend, List<Panel> panels) {
        if (panels.isEmpty()) return Optional.empty();
        return Optional.of(new Figure(description, columns, HEIGHT, legend, panels));
    }
}
