package io.equipoise.cli;

import io.equipoise.InvalidInputException;
import io.equipoise.kernels.KernelProvider;
import io.equipoise.model.Device;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Pattern;
import picocli.CommandLine.Option;

/** {@code --memory-limit}, of the commands that train. */
final class MemoryOption {
    private static final Pattern SIZE = Pattern.compile("(\\d{1,6})([kmgt])b?|(\\d{1,18})b?");
    private static final String UNITS = "kmgt";
    private static final int COUNT = 1;
    private static final int UNIT = 2;
    private static final int BARE = 3;

    @Option(
            names = "--memory-limit",
            paramLabel = "SIZE",
            description =
                    "Refuse a run that would take more outside the JVM's heap, or with --device cuda of the card's"
                            + " memory, such as 512m or 6g; by default what there is.")
    private Optional<String> size = Optional.empty();

    /**
     * What a run may take, before anything of it is there.
     *
     * @param device that models run on
     * @param processes that share the memory of this machine, of which this is one
     * @throws InvalidInputException if the option isn't a size
     */
    MemoryRoom room(Device device, int processes) {
        var asked = size.map(MemoryOption::bytes).map(OptionalLong::of).orElse(OptionalLong.empty());
        return device == Device.CPU
                ? MemoryRoom.ofProcessor(MachineMemory.limit(), asked, processes)
                : MemoryRoom.ofCard(
                        KernelProvider.kernels().memory().freeBytes(), MachineMemory.limit(), asked, processes);
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
}
