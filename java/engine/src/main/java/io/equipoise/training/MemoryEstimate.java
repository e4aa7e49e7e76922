package io.equipoise.training;

import io.equipoise.InvalidInputException;
import io.equipoise.model.ModelMemory;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntFunction;

/**
 * What a run will take of memory outside the JVM's heap, part by part, in bytes. An estimate from shapes: all sequences as long
 * as they may be. Where models are on a device, some of it is the device's and some the host's.
 *
 * @param parts by name, in the order of a run
 */
public record MemoryEstimate(Map<String, Long> parts) {
    private static final double GIB = 1L << 30;
    private static final String CHECKPOINT = "checkpoint";

    /** Whose memory parts are in. */
    public enum Place {
        /** The host's, of a run on the processor: all parts. */
        PROCESS("outside the JVM's heap"),
        /** The device's, of a run on one. */
        DEVICE("of the device's memory"),
        /** The host's, of a run on a device: what is copied there on its way to a file. */
        STAGING("of the host's memory outside the JVM's heap");

        private final String phrase;

        Place(String phrase) {
            this.phrase = phrase;
        }

        private boolean holds(String part) {
            return this == PROCESS || (this == STAGING) == part.equals(CHECKPOINT);
        }
    }

    /**
     * Of a run.
     *
     * @param promptLength of the longest prompt, in tokens, BOS included
     */
    public static MemoryEstimate of(ModelMemory model, TrainingConfig config, int promptLength) {
        return of(model, config, promptLength, config.batchSize(), config.microBatch());
    }

    private static MemoryEstimate of(
            ModelMemory model, TrainingConfig config, int promptLength, int batchSize, int microBatch) {
        int longest = promptLength + config.maxTokens();
        // The last token is predicted, never fed.
        long rows = (long) Math.min(microBatch, batchSize) * (longest - 1);
        var parts = new LinkedHashMap<String, Long>();
        parts.put("base model", model.weights(false));
        parts.put("policy and its gradient", model.weights(true));
        parts.put("proposal", config.onPolicy() ? 0 : model.weights(false));
        parts.put("optimiser", model.optimiser());
        parts.put("decoding, KV cache", model.decoding(TrainingConfig.decodedTogether(batchSize), longest));
        // Kept from step to step, by the base model and by the policy.
        parts.put("activations for scores", 2 * model.pass(rows, false));
        parts.put("activations for the gradient", model.pass(rows, true));
        // Weights, both moments and the proposal's weights, all f32, for as long as they are being written.
        parts.put(CHECKPOINT, model.optimiser() / 2 * (config.onPolicy() ? 3 : 4));
        return new MemoryEstimate(Collections.unmodifiableMap(parts));
    }

    /** What of it is in one place. */
    public MemoryEstimate in(Place place) {
        var held = new LinkedHashMap<>(parts);
        held.keySet().removeIf(part -> !place.holds(part));
        return new MemoryEstimate(Collections.unmodifiableMap(held));
    }

    public long total() {
        return parts.values().stream().mapToLong(Long::longValue).sum();
    }

    /**
     * Refuses a run that can't fit.
     *
     * @param limit bytes
     * @return what it will take
     * @throws InvalidInputException that says what would fit
     */
    public static MemoryEstimate require(ModelMemory model, TrainingConfig config, int promptLength, long limit) {
        return require(model, config, promptLength, Place.PROCESS, limit, "");
    }

    /**
     * Refuses a run that can't fit one place.
     *
     * @param limit bytes
     * @param origin what the limit comes from, for the message; may be empty
     * @return what it will take there
     * @throws InvalidInputException that says what would fit
     */
    public static MemoryEstimate require(
            ModelMemory model, TrainingConfig config, int promptLength, Place place, long limit, String origin) {
        var estimate = of(model, config, promptLength).in(place);
        if (estimate.total() <= limit) return estimate;
        throw new InvalidInputException(String.format(
                Locale.ROOT,
                "the run would take about %s %s, more than the limit of %s%s: %s; %s",
                gibibytes(estimate.total()),
                place.phrase,
                gibibytes(limit),
                origin.isEmpty() ? "" : " (" + origin + ")",
                estimate,
                advice(model, config, promptLength, place, limit)));
    }

    private static String advice(ModelMemory model, TrainingConfig config, int promptLength, Place place, long limit) {
        int micro = largest(config.microBatch(), limit, of -> of(model, config, promptLength, config.batchSize(), of)
                .in(place));
        if (micro > 0) return "it would fit with microBatch " + micro + ", got " + config.microBatch();
        int batch = largest(config.batchSize(), limit, of -> of(model, config, promptLength, of, 1)
                .in(place));
        if (batch > 0) return "it would fit with batchSize " + batch + " and microBatch 1";
        return "no batch is small enough: shorten maxTokens (" + config.maxTokens()
                + "), take a smaller model, or precision bf16 if this is f32";
    }

    /** The largest size up to {@code most} that fits, 0 if none does. */
    private static int largest(int most, long limit, IntFunction<MemoryEstimate> ofSize) {
        int fits = 0;
        int tooMuch = most + 1;
        while (tooMuch - fits > 1) {
            int middle = (fits + tooMuch) >>> 1;
            if (ofSize.apply(middle).total() <= limit) fits = middle;
            else tooMuch = middle;
        }
        return fits;
    }

    private static String gibibytes(long bytes) {
        return String.format(Locale.ROOT, "%.2f GiB", bytes / GIB);
    }

    /** Part by part, in GiB. */
    @Override
    public String toString() {
        var text = new StringBuilder();
        parts.forEach((name, bytes) -> {
            if (bytes == 0) return;
            text.append(text.isEmpty() ? "" : ", ").append(name).append(' ').append(gibibytes(bytes));
        });
        return text.toString();
    }
}
