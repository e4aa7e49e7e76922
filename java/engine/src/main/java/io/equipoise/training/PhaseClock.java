package io.equipoise.training;

import java.util.LinkedHashMap;
import java.util.Map;

/** Wall time of a step's phases. */
final class PhaseClock {
    private final Map<String, Double> seconds = new LinkedHashMap<>();
    private final long start = System.nanoTime();
    private long last = start;
    private String phase = "sample";

    /**
     * Ends the phase that is on.
     *
     * @param next the one that begins
     */
    void next(String next) {
        long now = System.nanoTime();
        seconds.merge(phase, (now - last) * 1e-9, Double::sum);
        last = now;
        phase = next;
    }

    /** The one that is on; at first {@code sample}. */
    String phase() {
        return phase;
    }

    Map<String, Double> seconds() {
        var all = new LinkedHashMap<>(seconds);
        all.put("total", (last - start) * 1e-9);
        return all;
    }
}
