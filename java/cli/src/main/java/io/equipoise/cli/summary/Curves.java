package io.equipoise.cli.summary;

import io.equipoise.cli.plot.Layer;
import io.equipoise.cli.plot.Style;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/** Layers of a panel whose x are steps: each method's mean over seeds, smoothed, in a band of its standard error. */
final class Curves {
    private final Results results;
    private final Styles styles;

    Curves(Results results, Styles styles) {
        this.results = results;
        this.styles = styles;
    }

    /**
     * The curves of a task.
     *
     * @param series a run's values after 0, 1, … steps, smoothed already; empty if it has none
     */
    List<Layer> of(Task task, List<String> methods, Function<RunResult, Optional<double[]>> series) {
        var bands = new ArrayList<Layer>();
        var curves = new ArrayList<Layer>();
        for (String method : methods) {
            var runs = results.of(task, method, Results.OWN).stream()
                    .flatMap(run -> series.apply(run).stream())
                    .toList();
            int steps = runs.stream().mapToInt(run -> run.length).min().orElse(0);
            if (steps == 0) continue;
            var x = IntStream.range(0, steps).asDoubleStream().toArray();
            var mean = new double[steps];
            var low = new double[steps];
            var high = new double[steps];
            for (int step = 0; step < steps; step++) {
                int at = step;
                var estimate =
                        Estimate.of(runs.stream().mapToDouble(run -> run[at]).toArray());
                mean[step] = estimate.mean();
                low[step] = estimate.mean() - estimate.standardError();
                high[step] = estimate.mean() + estimate.standardError();
            }
            Style style = styles.of(method);
            bands.add(new Layer.Band(x, low, high, style));
            curves.add(new Layer.Curve(x, mean, style));
        }
        bands.addAll(curves);
        return bands;
    }

    /** Where all of them begin: what was measured of the base model. */
    Layer start(Task task, ToDoubleFunction<RunResult> value) {
        double y = results.first(task).map(value::applyAsDouble).orElse(Double.NaN);
        return new Layer.Point(0, y, Double.NaN, Double.NaN, Styles.BASE);
    }

    /** Points at the last step: what was measured afterwards, on samples that nothing was trained on. */
    List<Layer> ends(Task task, List<String> methods, ToDoubleFunction<RunResult> value) {
        var points = new ArrayList<Layer>();
        for (String method : methods) {
            int steps = steps(task, List.of(method));
            var estimate = results.side(task, method, Results.OWN, value).estimate();
            points.add(
                    new Layer.Point(steps, estimate.mean(), Double.NaN, estimate.standardError(), styles.of(method)));
        }
        return points;
    }

    /** The longest run's steps; 0 without runs. */
    int steps(Task task, List<String> methods) {
        return methods.stream()
                .flatMap(method -> results.of(task, method, Results.OWN).stream())
                .mapToInt(RunResult::steps)
                .max()
                .orElse(0);
    }
}
