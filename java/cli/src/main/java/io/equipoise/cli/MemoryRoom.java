package io.equipoise.cli;

import io.equipoise.InvalidInputException;
import io.equipoise.model.ModelMemory;
import io.equipoise.training.MemoryEstimate;
import io.equipoise.training.MemoryEstimate.Place;
import io.equipoise.training.TrainingConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The memory that a run may take, in every place where it takes some. */
record MemoryRoom(List<Limit> limits) {
    private static final Logger LOG = LoggerFactory.getLogger(MemoryRoom.class);
    private static final double GIB = 1L << 30;

    /** One that is hardly worth making smaller. */
    private static final long SMALL_HEAP = 512L << 20;

    /** What a process takes besides the heap and what is counted: the JVM's own, its threads, libtorch. */
    static final long LIBRARIES = 250L << 20;

    /**
     * One place's.
     *
     * @param bytes for one process
     * @param origin what it comes from, for the message
     */
    record Limit(Place place, long bytes, String origin) {}

    /**
     * On the processor.
     *
     * @param memory of the machine or its container, in bytes
     * @param asked what the user allows outside the heap, of all processes
     * @param processes that share it, of which this is one
     */
    static MemoryRoom ofProcessor(long memory, OptionalLong asked, int processes) {
        if (asked.isPresent()) {
            return new MemoryRoom(List.of(new Limit(Place.PROCESS, asked.getAsLong() / processes, share(processes))));
        }
        return new MemoryRoom(List.of(host(Place.PROCESS, memory, processes)));
    }

    /**
     * On a card, one for each process.
     *
     * @param free bytes of the card that nobody has taken, if that is known
     * @param memory of the machine or its container, in bytes
     * @param asked what the user allows of each card
     * @param processes that share the machine, of which this is one
     */
    static MemoryRoom ofCard(OptionalLong free, long memory, OptionalLong asked, int processes) {
        var limits = new ArrayList<Limit>();
        if (asked.isPresent()) {
            limits.add(new Limit(Place.DEVICE, asked.getAsLong(), ""));
        } else if (free.isPresent()) {
            limits.add(new Limit(Place.DEVICE, free.getAsLong(), "what is free of it"));
        } else {
            LOG.info("how much of the card's memory is free isn't known: whether the run fits there isn't checked");
        }
        limits.add(host(Place.STAGING, memory, processes));
        return new MemoryRoom(List.copyOf(limits));
    }

    private static Limit host(Place place, long memory, int processes) {
        // As large as it may become: the JVM collects garbage before the heap is full, but gives nothing back.
        long heap = Runtime.getRuntime().maxMemory();
        long bytes = Math.max(0, memory / processes - heap - LIBRARIES);
        String origin = String.format(
                Locale.ROOT,
                "%s of this machine or its container%s, less %s for the JVM's heap%s and %s for the JVM and libraries",
                gibibytes(memory),
                processes > 1 ? " for " + processes + " processes" : "",
                gibibytes(heap),
                heap > SMALL_HEAP ? ", which EQUIPOISE_JAVA_OPTS=-Xmx512m would limit," : "",
                gibibytes(LIBRARIES));
        return new Limit(place, bytes, origin);
    }

    private static String share(int processes) {
        return processes > 1 ? "for each of " + processes + " processes" : "";
    }

    /**
     * Checks that a run fits.
     *
     * @param promptLength of the longest prompt, in tokens
     * @throws InvalidInputException if it doesn't
     */
    void require(ModelMemory model, TrainingConfig config, int promptLength) {
        for (var limit : limits) {
            var estimate =
                    MemoryEstimate.require(model, config, promptLength, limit.place(), limit.bytes(), limit.origin());
            LOG.debug("memory, {}: {}, at most {} bytes", limit.place(), estimate, limit.bytes());
        }
    }

    private static String gibibytes(long bytes) {
        return String.format(Locale.ROOT, "%.2f GiB", bytes / GIB);
    }
}
