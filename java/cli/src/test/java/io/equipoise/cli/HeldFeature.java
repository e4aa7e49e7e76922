package io.equipoise.cli;

import io.equipoise.target.Feature;
import io.equipoise.target.FeatureProvider;
import io.equipoise.target.Features;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * The feature {@code gender}, which a test can make wait: a process that trains with it and was started with {@link #after}
 * stays in the step after so many for as long as the hold is there. What a test does to it meanwhile, it does to a run at a
 * known place, however slow either of them is.
 */
public final class HeldFeature implements FeatureProvider {
    private static final String HOLD = "EQUIPOISE_TEST_HOLD";

    /** The environment of a process that shall wait once {@code metrics.jsonl} of {@code run} has so many lines. */
    static Map<String, String> after(int steps, Path run) throws IOException {
        var hold = Files.write(holdOf(run), List.of(run.resolve("metrics.jsonl").toString(), Integer.toString(steps)));
        return Map.of(HOLD, hold.toString());
    }

    /** Lets all processes of the run go on. */
    static void release(Path run) throws IOException {
        Files.deleteIfExists(holdOf(run));
    }

    private static Path holdOf(Path run) {
        return Path.of(run + ".hold");
    }

    @Override
    public String name() {
        return "held";
    }

    @Override
    public Feature create(Map<String, String> options) {
        var gender = Features.create("gender", options);
        return new Feature() {
            @Override
            public double score(String text) {
                waitWhileHeld();
                return gender.score(text);
            }

            @Override
            public boolean isBoolean() {
                return gender.isBoolean();
            }

            @Override
            public boolean scoresPrefixes() {
                return gender.scoresPrefixes();
            }
        };
    }

    private static void waitWhileHeld() {
        String name = System.getenv(HOLD);
        if (name == null) return;
        var hold = Path.of(name);
        try {
            while (Files.exists(hold) && isReached(Files.readAllLines(hold))) Thread.sleep(5);
        } catch (IOException e) {
            // Released between the look and the reading.
            if (Files.exists(hold)) throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static boolean isReached(List<String> hold) throws IOException {
        var metrics = Path.of(hold.get(0));
        if (!Files.exists(metrics)) return false;
        try (var lines = Files.lines(metrics)) {
            return lines.count() >= Integer.parseInt(hold.get(1));
        }
    }
}
