package io.equipoise.cuda.ptx;

import java.util.List;
import java.util.Map;

/**
 * A parsed file of PTX.
 *
 * @param lines its text
 * @param target compute capability, major · 10 + minor
 * @param functions by name, entries and device functions
 */
record Module(List<String> lines, int target, List<Item.Variable> variables, Map<String, Function> functions) {
    /**
     * A kernel or a device function.
     *
     * @param entry whether it is launched
     * @param maxThreads a block may have; {@code Integer.MAX_VALUE} when not said
     * @param exactThreads whether a block has exactly so many
     */
    record Function(
            int line,
            String name,
            boolean entry,
            List<Item.Variable> results,
            List<Item.Variable> parameters,
            int maxThreads,
            boolean exactThreads,
            List<Item> body) {}

    /** A line of its text, for messages. */
    String line(int number) {
        return number >= 1 && number <= lines.size() ? lines.get(number - 1).strip() : "";
    }

    static Module parse(String ptx) {
        return new Parser(ptx).module();
    }
}
