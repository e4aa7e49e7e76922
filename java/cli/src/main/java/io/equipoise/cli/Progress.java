package io.equipoise.cli;

import io.equipoise.cli.report.Smoothing;
import io.equipoise.training.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.LongSupplier;

/**
 * Tells how a run comes along: on a terminal by a line that rewrites itself; elsewhere, in a file that somebody looks into later,
 * by a line at every tenth of the run and whenever half a minute has passed without one.
 */
final class Progress {
    private static final double QUIET_SECONDS = 30;
    private static final int PARTS = 10;

    private final Console console;
    private final int steps;
    /** Made before this process took over. */
    private final int earlier;

    private final LongSupplier clock;
    private final long start;
    private final Smoothing kl = new Smoothing();
    private final List<Smoothing> moments = new ArrayList<>();
    private long tokens;
    private double lastSaid = Double.NEGATIVE_INFINITY;

    /** @param earlier steps of {@code steps} that are made already */
    Progress(Console console, int steps, int earlier) {
        this(console, steps, earlier, System::nanoTime);
    }

    /** @param clock nanoseconds */
    Progress(Console console, int steps, int earlier, LongSupplier clock) {
        this.console = console;
        this.steps = steps;
        this.earlier = earlier;
        this.clock = clock;
        start = clock.getAsLong();
    }

    void step(Step step) {
        double seconds = (clock.getAsLong() - start) * 1e-9;
        tokens += step.tokens();
        String line = line(step, seconds);
        if (console.terminal()) {
            console.progress(line);
        } else if (isMilestone(step.step()) || seconds - lastSaid >= QUIET_SECONDS) {
            console.say(line);
            lastSaid = seconds;
        }
    }

    /** The first step, the last, and the first of every tenth; of a short run all. */
    private boolean isMilestone(int step) {
        return step == steps || step * (long) PARTS / steps > (step - 1) * (long) PARTS / steps;
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
