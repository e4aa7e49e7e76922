package io.equipoise.cli;

import io.equipoise.cli.report.Smoothing;
import io.equipoise.training.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Tells how a run comes along: a line that rewrites itself on a terminal, one every ten seconds elsewhere. */
final class Progress {
    private static final double QUIET_SECONDS = 10;

    private final Console console;
    private final int steps;
    /** Made before this process took over. */
    private final int earlier;

    private final long start = System.nanoTime();
    private final Smoothing kl = new Smoothing();
    private final List<Smoothing> moments = new ArrayList<>();
    private long tokens;
    private double lastSaid = Double.NEGATIVE_INFINITY;

    /** @param earlier steps of {@code steps} that are made already */
    Progress(Console console, int steps, int earlier) {
        this.console = console;
        this.steps = steps;
        this.earlier = earlier;
    }

    void step(Step step) {
        double seconds = (System.nanoTime() - start) * 1e-9;
        tokens += step.tokens();
        String line = line(step, seconds);
        boolean last = step.step() == steps;
        if (console.terminal()) {
            console.progress(line);
        } else if (last || seconds - lastSaid >= QUIET_SECONDS) {
            console.say(line);
            lastSaid = seconds;
        }
    }

    private String line(Step step, double seconds) {
        double smoothKl = kl.add(step.divergences().klTargetPolicy());
        var line =
                new StringBuilder(String.format(Locale.ROOT, "step %d/%d  KL(p‖π) %.3f", step.step(), steps, smoothKl));
        int f = 0;
        for (var moment : step.moments().entrySet()) {
            if (moments.size() == f) moments.add(new Smoothing());
            double smooth = moments.get(f++).add(moment.getValue());
            line.append(String.format(Locale.ROOT, "  %s %.3f", moment.getKey(), smooth));
        }
        double left = (steps - step.step()) * seconds / (step.step() - earlier);
        return line.append(String.format(Locale.ROOT, "  %.0f tokens/s  ETA %s", tokens / seconds, duration(left)))
                .toString();
    }

    /** {@code 42 s}, {@code 3:05 min} or {@code 2:00 h}. */
    static String duration(double seconds) {
        long whole = Math.round(seconds);
        if (whole < 60) return whole + " s";
        if (whole < 3600) return String.format(Locale.ROOT, "%d:%02d min", whole / 60, whole % 60);
        return String.format(Locale.ROOT, "%d:%02d h", whole / 3600, whole % 3600 / 60);
    }
}
