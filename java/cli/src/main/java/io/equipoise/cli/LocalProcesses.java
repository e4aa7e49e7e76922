package io.equipoise.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.equipoise.distributed.Rendezvous;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** The ranks of one run as processes of this machine: this very program, with its own options, once for each. */
final class LocalProcesses {
    /** What the others have to find out for themselves that one is lost, and to say so. */
    private static final long GRACE_SECONDS = 20;

    private static final long POLL_MILLIS = 50;
    /** Twice what the smallest run needs. */
    private static final long LEAST_HEAP = 128L << 20;

    private static final String CARDS = "CUDA_VISIBLE_DEVICES";
    /** The environment variable that tells a process whose end is its own. */
    private static final String PARENT = "EQUIPOISE_PARENT";

    private final Console console;
    private final int count;
    private final String run;
    private final List<RankProcess> ranks = new ArrayList<>();
    /** Ranks in the order in which they have ended. */
    private final BlockingQueue<RankProcess> ended = new LinkedBlockingQueue<>();
    /** With {@code --json}, rank 0's stdout: it is this program's only if nothing goes wrong that rank 0 can't know. */
    private final List<String> results = Collections.synchronizedList(new ArrayList<>());

    private final CountDownLatch done = new CountDownLatch(1);

    /** @param run what advice calls the run folder */
    LocalProcesses(Console console, int count, String run) {
        this.console = console;
        this.count = count;
        this.run = run;
    }

    /** Whether this process was started here. */
    static boolean isOne() {
        return !System.getenv().getOrDefault(PARENT, "").isEmpty();
    }

    /** In a process that was started here: it ends at once when this one does, were it killed without a chance to tell. */
    static void endWithParent() {
        String parent = System.getenv().getOrDefault(PARENT, "");
        if (parent.isEmpty()) return;
        var watch = new Thread(
                () -> {
                    ProcessHandle.of(Long.parseLong(parent))
                            .ifPresent(process -> process.onExit().join());
                    Runtime.getRuntime().halt(Failures.UNEXPECTED);
                },
                "end with parent");
        watch.setDaemon(true);
        watch.start();
    }

    /**
     * Runs them to their end.
     *
     * @param arguments of the program
     * @throws ProcessFailedException if one ended otherwise than with 0; the others have ended then too
     * @throws RunStoppedException if that was because a signal has come to this process
     */
    void run(List<String> arguments) throws IOException, InterruptedException {
        var folder = Files.createTempDirectory("equipoise-processes");
        var stop = new Thread(this::stop, "stop processes");
        Runtime.getRuntime().addShutdownHook(stop);
        try {
            for (int rank = 0; rank < count; rank++) start(rank, arguments, folder.resolve("meeting"));
            var failed = awaitFirstFailure();
            if (failed.isEmpty()) {
                finishReading();
                results.forEach(console.out()::println);
            } else {
                if (failed.get().wasSignalled() && Signals.exitCode().isEmpty())
                    console.say(failed.get().end() + "; waiting for the others to end");
                awaitOthers();
                fail(failed.get());
            }
        } finally {
            for (var rank : ranks) rank.process().destroyForcibly();
            finishReading();
            Folders.delete(folder);
            done.countDown();
            remove(stop);
        }
    }

    /**
     * The largest heap of each of some processes: together they take no more than an eighth of the memory, as the launcher gives
     * one.
     *
     * @param own this process's, in bytes
     * @param memory of the machine or its container, in bytes
     */
    static long heap(long own, long memory, int processes) {
        return Math.min(own, Math.max(LEAST_HEAP, memory / 8 / processes));
    }

    private void finishReading() throws InterruptedException {
        for (var rank : ranks) rank.finishReading();
    }

    private static void remove(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The process is ending already, by that very hook.
        }
    }

    @SuppressWarnings("FutureReturnValueIgnored") // the queue is what is waited for
    private void start(int rank, List<String> arguments, Path meeting) throws IOException {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        int threads =
                Integer.getInteger("equipoise.threads", Runtime.getRuntime().availableProcessors());
        command.add("-Dequipoise.threads=" + Math.max(1, threads / count));
        // The last of several counts. What the user has said of the heap is left as it is.
        if (Boolean.getBoolean("equipoise.ownHeap")) {
            command.add("-Xmx" + heap(Runtime.getRuntime().maxMemory(), MachineMemory.limit(), count));
        }
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
        command.addAll(arguments);
        var builder = new ProcessBuilder(command);
        var environment = builder.environment();
        environment.put("RANK", Integer.toString(rank));
        environment.put("WORLD_SIZE", Integer.toString(count));
        environment.put("LOCAL_RANK", Integer.toString(rank));
        environment.put("LOCAL_WORLD_SIZE", Integer.toString(count));
        environment.put(Rendezvous.FILE, meeting.toString());
        environment.put(PARENT, Long.toString(ProcessHandle.current().pid()));
        String[] cards = environment.getOrDefault(CARDS, "").split(",", -1);
        environment.put(CARDS, rank < cards.length && !cards[rank].isBlank() ? cards[rank] : Integer.toString(rank));
        Consumer<String> result =
                console.json() ? results::add : line -> console.out().println(line);
        var process = new RankProcess(rank, builder, console, result);
        ranks.add(process);
        process.process().onExit().thenRun(() -> ended.add(process));
    }

    /** @return the first of them to fail; empty if all have ended well */
    private Optional<RankProcess> awaitFirstFailure() throws InterruptedException {
        for (int left = count; left > 0; left--) {
            var rank = ended.take();
            if (rank.hasFailed()) return Optional.of(rank);
        }
        return Optional.empty();
    }

    private void awaitOthers() throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(GRACE_SECONDS);
        while (System.nanoTime() < end && ranks.stream().anyMatch(RankProcess::isRunning)) Thread.sleep(POLL_MILLIS);
    }

    private void fail(RankProcess first) throws InterruptedException {
        // One that a signal has ended could not say so; those that lost it then fail, some before its end is known
        // here.
        var blamed =
                ranks.stream().filter(RankProcess::wasSignalled).findFirst().orElse(first);
        for (var rank : ranks) {
            if (!rank.hasFailed()) continue;
            rank.finishReading();
            for (String line : rank.printed()) console.say("[rank " + rank.rank() + "] " + line);
        }
        var left = ranks.stream()
                .filter(rank -> rank.process().isAlive())
                .map(RankProcess::rank)
                .toList();
        String message = blamed.end()
                + (left.isEmpty()
                        ? "; all others have ended too"
                        : "; ended here because they had not within " + GRACE_SECONDS + " s: ranks " + left)
                + (blamed.wasSignalled() ? "; go on from the last checkpoint with train --resume " + run : "");
        var stopped = Signals.exitCode();
        int code = stopped.orElse(blamed.process().exitValue());
        // What rank 0 itself could say, unless it is one of those that know less.
        if (blamed.rank() == 0 || stopped.isPresent()) passOn(code);
        console.failure(message, code);
        if (stopped.isPresent()) throw new RunStoppedException(message);
        throw new ProcessFailedException(message, code);
    }

    /** The error that rank 0 has printed for {@code --json}, if it came to that. */
    private void passOn(int code) {
        if (results.isEmpty()) return;
        try {
            String message = new JsonMapper()
                    .readTree(results.get(0))
                    .at("/error/message")
                    .asText();
            if (!message.isEmpty()) console.failure(message, code);
        } catch (JsonProcessingException e) {
            // It was ended in the middle of the line.
        }
    }

    /** The signal that ends this process goes to all: they stop together after a step. */
    private void stop() {
        // Process.destroy() would close the pipes, and what they still have to say be lost.
        for (var rank : ranks) rank.process().toHandle().destroy();
        try {
            for (var rank : ranks) rank.process().waitFor();
            // What they have said is still being passed on.
            done.await(GRACE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
