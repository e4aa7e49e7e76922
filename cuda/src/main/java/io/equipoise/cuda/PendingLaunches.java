package io.equipoise.cuda;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Kernels that were launched and not yet waited for. One that fails does so later, and the error is that of whichever
 * call comes next, which therefore names them all.
 */
final class PendingLaunches {
    private final Map<String, Integer> counts = new LinkedHashMap<>();

    synchronized void add(String kernel) {
        counts.merge(kernel, 1, Integer::sum);
    }

    /** Everything has run. */
    synchronized void clear() {
        counts.clear();
    }

    /** What to append to an error that may be one of theirs; empty when there are none. */
    synchronized String suspects() {
        if (counts.isEmpty()) return "";
        var names = new ArrayList<String>();
        counts.forEach((name, count) -> names.add(count == 1 ? name : name + " (" + count + " times)"));
        return "; launched since the last synchronise: " + String.join(", ", names)
                + "; run again with --sync-kernels to see which of them failed";
    }
}
