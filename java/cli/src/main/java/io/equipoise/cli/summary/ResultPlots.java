package io.equipoise.cli.summary;

import io.equipoise.cli.plot.Figure;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** All plots of the results, by the names of their files; those without any result are left out. */
final class ResultPlots {
    /** Ends the name of a method that is another one with more steps; these two have a plot to themselves. */
    private static final String LONGER = "-longer";

    private final Results results;
    private final StepPlots steps;
    private final StepPlots longer;
    private final OutcomePlots outcomes;

    ResultPlots(Results results) {
        this.results = results;
        var styles = new Styles(results.methods());
        steps = new StepPlots(results, styles, distributionMatching(results.methods()));
        longer = new StepPlots(
                results,
                styles,
                results.methods().stream()
                        .filter(method -> isLonger(method) || results.methods().contains(method + LONGER))
                        .toList());
        outcomes = new OutcomePlots(results, styles);
    }

    Map<String, Figure> all() {
        var plots = new LinkedHashMap<String, Figure>();
        add(plots, "steps-pointwise", steps.progress(results.pointwise()));
        add(plots, "steps-distributional", steps.progress(results.distributional()));
        add(plots, "moments", steps.moments());
        add(plots, "longer", longer.features(withLonger()));
        add(plots, "gradient-variance", steps.gradientVariance());
        add(plots, "reward", outcomes.reward());
        add(plots, "diversity", outcomes.diversity());
        add(plots, "batch-size", outcomes.batchSizes());
        return plots;
    }

    private static void add(Map<String, Figure> plots, String name, Optional<Figure> plot) {
        plot.ifPresent(figure -> plots.put(name, figure));
    }

    private List<Task> withLonger() {
        return results.tasks().stream()
                .filter(task -> results.methods(task).stream().anyMatch(ResultPlots::isLonger))
                .toList();
    }

    private static boolean isLonger(String method) {
        return method.endsWith(LONGER);
    }

    /** The methods that the plots over steps show; the others maximise a reward and have no target to come near to. */
    static List<String> distributionMatching(List<String> methods) {
        return methods.stream()
                .filter(method -> method.startsWith("gdc") && !isLonger(method))
                .toList();
    }
}
