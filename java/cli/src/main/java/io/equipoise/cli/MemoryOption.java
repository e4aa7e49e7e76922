package io.equipoise.cli;

import com.sun.management.OperatingSystemMXBean;
import io.equipoise.InvalidInputException;
import io.equipoise.model.ModelMemory;
import io.equipoise.training.MemoryEstimate;
import io.equipoise.training.TrainingConfig;
import java.lang.management.ManagementFactory;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Option;

/** {@code --memory-limit}, of the commands that train. */
final class MemoryOption {
    private static final Logger LOG = LoggerFactory.getLogger(MemoryOption.class);
    private static final Pattern SIZE = Pattern.compile("(\\d{1,6})([kmgt])b?|(\\d{1,18})b?");
    private static final String UNITS = "kmgt";
    private static final int COUNT = 1;
    private static final int UNIT = 2;
    private static final int BARE = 3;

    @Option(
            names = "--memory-limit",
            paramLabel = "SIZE",
            description = "Refuse a run that would take more outside the JVM's heap, such as 512m or 6g; by default all"
                    + " memory there is.")
    private Optional<String> size = Optional.empty();

    /**
     * Checks that a run fits.
     *
     * @param promptLength of the longest prompt, in tokens
     * @throws InvalidInputException if it doesn't, or the option isn't a size
     */
    void require(ModelMemory model, TrainingConfig config, int promptLength) {
        require(model, config, promptLength, 1);
    }

    /** @param processes that share the memory of this machine, of which this is one */
    void require(ModelMemory model, TrainingConfig config, int promptLength, int processes) {
        long limit = size.map(MemoryOption::bytes).orElseGet(MemoryOption::all) / processes;
        LOG.debug("memory outside the heap: {}", MemoryEstimate.require(model, config, promptLength, limit));
    }

    private static long bytes(String size) {
        var matcher = SIZE.matcher(size.toLowerCase(Locale.ROOT));
        if (!matcher.matches()) {
            throw new InvalidInputException(
                    "--memory-limit must be a size like 512m or 6g, or in bytes, got '" + size + "'");
        }
        if (matcher.group(UNIT) == null) return Long.parseLong(matcher.group(BARE));
        return Long.parseLong(matcher.group(COUNT)) << (10 * (1 + UNITS.indexOf(matcher.group(UNIT))));
    }

    /** The machine's, or the container's. */
    private static long all() {
        return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getTotalMemorySize();
    }
}
