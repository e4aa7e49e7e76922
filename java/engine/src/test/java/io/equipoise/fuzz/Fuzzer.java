package io.equipoise.fuzz;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Feeds a reader with mutations of good inputs. Case i is a function of (seed, i): a failing one is saved under {@code
 * target/fuzz} and can be made again. {@code -Dfuzz.cases} says how many there are, {@code -Dfuzz.seed} which.
 */
public final class Fuzzer {
    private static final int CASES = Integer.getInteger("equipoise.test.fuzzCases", 20_000);
    private static final long SEED = Long.getLong("equipoise.test.fuzzSeed", 1);
    /** Of the processor. A few kilobytes take well under a millisecond: this is a loop without end, not a slow machine. */
    private static final Duration LONGEST_CASE = Duration.ofSeconds(10);

    private static final Duration LONGEST_BATCH = Duration.ofMinutes(10).plusMillis(10L * CASES);
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private Fuzzer() {}

    /** Reads an input. */
    public interface Reader {
        void read(byte[] input) throws IOException;
    }

    /** Changes an input. */
    public interface Mutation {
        byte[] apply(byte[] input, Random random);
    }

    /** One case that ended otherwise than it may. */
    private record Case(int number, byte[] input) {}

    /**
     * Fails unless every case is read or refused with the documented exception, in time and within the heap.
     *
     * @param name of the reader, for messages and saved cases
     * @param good inputs that are read
     * @param mutations one to four of which are applied to each
     * @param documented what the reader throws at inputs it refuses
     */
    public static void run(
            String name,
            List<byte[]> good,
            List<Mutation> mutations,
            Reader reader,
            Class<? extends RuntimeException> documented)
            throws IOException {
        System.out.println("fuzz " + name + ": " + CASES + " cases, seed " + SEED);
        for (byte[] input : good) reader.read(input);
        var current = new AtomicReference<>(new Case(-1, new byte[0]));
        var counts = new int[2];
        try {
            assertTimeoutPreemptively(LONGEST_BATCH, () -> {
                for (int i = 0; i < CASES; i++) {
                    var random = new Random(SEED * 0x9E3779B97F4A7C15L + i * 0xD1B54A32D192ED03L);
                    byte[] input = good.get(random.nextInt(good.size()));
                    for (int edits = 1 + random.nextInt(4); edits > 0; edits--) {
                        input = mutations.get(random.nextInt(mutations.size())).apply(input, random);
                    }
                    current.set(new Case(i, input));
                    long start = THREADS.getCurrentThreadCpuTime();
                    counts[read(reader, input, documented) ? 0 : 1]++;
                    var took = Duration.ofNanos(THREADS.getCurrentThreadCpuTime() - start);
                    assertThat(took).as("time of one case").isLessThan(LONGEST_CASE);
                }
            });
        } catch (Throwable e) {
            throw new AssertionError(
                    name + ", seed " + SEED + ", " + save(name, Objects.requireNonNull(current.get())) + ": " + e, e);
        }
        System.out.println("fuzz " + name + ": " + counts[0] + " read, " + counts[1] + " refused");
        // Mutations that leave nothing, or everything, as it was would test nothing.
        assertThat(counts[0]).as("cases that were read").isGreaterThan(CASES / 100);
        assertThat(counts[1]).as("cases that were refused").isGreaterThan(CASES / 10);
    }

    private static boolean read(Reader reader, byte[] input, Class<? extends RuntimeException> documented)
            throws IOException {
        try {
            reader.read(input);
            return true;
        } catch (RuntimeException e) {
            if (!documented.isInstance(e)) throw e;
            assertThat(e.getMessage()).as("message").isNotBlank();
            return false;
        }
    }

    private static String save(String name, Case failed) {
        var file = Path.of("target", "fuzz", name + "-" + SEED + "-" + failed.number());
        try {
            Files.createDirectories(file.resolveSibling(""));
            Files.write(file, failed.input());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return "case " + failed.number() + " (saved as " + file.toAbsolutePath() + ")";
    }
}
