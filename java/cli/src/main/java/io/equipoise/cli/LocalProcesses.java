package io.equipoise.cli;

import io.equipoise.distributed.Rendezvous;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/** The ranks of one run as processes of this machine: this very program, with its own options, once for each. */
final class LocalProcesses {
    /** What the others have to find out for themselves that one is lost, and to say so. */
    private static final long GRACE_SECONDS = 20;

    private static final long POLL_MILLIS = 50;
    private static final int REMEMBERED_LINES = 50;
    private static final int SIGNALLED = 128;
    /** Twice what the smallest run needs. */
    private static final long LEAST_HEAP = 128L << 20;

    private static final String CARDS = "CUDA_VISIBLE_DEVICES";
    /** The environment variable that tells a process whose end is its own. */
    private static final String PARENT = "EQUIPOISE_PARENT";

    /** What Gloo prints on stdout, which is for results. */
    private static final String GLOO = "[Gloo] ";

    private final Console console;
    private final int count;
    private final List<Process> processes = new ArrayList<>();
    private final List<Deque<String>> printed = new ArrayList<>();
    private final List<Thread> readers = new ArrayList<>();

    LocalProcesses(Console console, int count) {
        this.console = console;
        this.count = count;
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
     */
    void run(List<String> arguments) throws IOException, InterruptedException {
        var folder = Files.createTempDirectory("equipoise-processes");
        var stop = new Thread(this::stop, "stop processes");
        Runtime.getRuntime().addShutdownHook(stop);
        try {
            for (int rank = 0; rank < count; rank++) start(rank, arguments, folder.resolve("meeting"));
            int failed = awaitFirstFailure();
            if (failed >= 0) {
                awaitOthers();
                throw failure(failed);
            }
        } finally {
            processes.forEach(Process::destroyForcibly);
            for (var reader : readers) reader.join(TimeUnit.SECONDS.toMillis(1));
            Folders.delete(folder);
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

    private static void remove(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The process is ending already, by that very hook.
        }
    }

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
        if (rank > 0) builder.redirectErrorStream(true);
        var environment = builder.environment();
        environment.put("RANK", Integer.toString(rank));
        environment.put("WORLD_SIZE", Integer.toString(count));
        environment.put("LOCAL_RANK", Integer.toString(rank));
        environment.put("LOCAL_WORLD_SIZE", Integer.toString(count));
        environment.put(Rendezvous.FILE, meeting.toString());
        environment.put(PARENT, Long.toString(ProcessHandle.current().pid()));
        String[] cards = environment.getOrDefault(CARDS, "").split(",", -1);
        environment.put(CARDS, rank < cards.length && !cards[rank].isBlank() ? cards[rank] : Integer.toString(rank));
        var process = builder.start();
        processes.add(process);
        printed.add(new ArrayDeque<>());
        process.getOutputStream().close();
        if (rank == 0) {
            read(() -> copy(process.getErrorStream(), console.err()));
            read(() -> lines(process.getInputStream(), line -> console.out().println(line)));
        } else {
            read(() -> lines(process.getInputStream(), line -> remember(printed.get(rank), line)));
        }
    }

    @FunctionalInterface
    private interface Reading {
        void run() throws IOException;
    }

    @FunctionalInterface
    private interface Lines {
        void line(String line);
    }

    private void read(Reading reading) {
        var thread = new Thread(
                () -> {
                    try {
                        reading.run();
                    } catch (IOException e) {
                        // The process has ended.
                    }
                },
                "output of a process");
        thread.setDaemon(true);
        thread.start();
        readers.add(thread);
    }

    /** Byte by byte as they come: there may be a line that rewrites itself among them. */
    private static void copy(InputStream from, PrintStream to) throws IOException {
        var buffer = new byte[8192];
        for (int read = from.read(buffer); read >= 0; read = from.read(buffer)) {
            to.write(buffer, 0, read);
            to.flush();
        }
    }

    private static void lines(InputStream from, Lines to) throws IOException {
        try (var reader = new BufferedReader(new InputStreamReader(from, StandardCharsets.UTF_8))) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                if (!line.startsWith(GLOO)) to.line(line);
            }
        }
    }

    private static void remember(Deque<String> lines, String line) {
        synchronized (lines) {
            lines.add(line);
            if (lines.size() > REMEMBERED_LINES) lines.remove();
        }
    }

    /** @return its rank, or −1 if all have ended well */
    private int awaitFirstFailure() throws InterruptedException {
        while (true) {
            int running = 0;
            for (int rank = 0; rank < count; rank++) {
                if (processes.get(rank).isAlive()) running++;
                else if (processes.get(rank).exitValue() != 0) return rank;
            }
            if (running == 0) return -1;
            Thread.sleep(POLL_MILLIS);
        }
    }

    private void awaitOthers() throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(GRACE_SECONDS);
        while (System.nanoTime() < end && processes.stream().anyMatch(LocalProcesses::isRunning)) {
            Thread.sleep(POLL_MILLIS);
        }
    }

    /** Whether it is alive and hasn't been stopped: one that has won't end by itself. */
    private static boolean isRunning(Process process) {
        if (!process.isAlive()) return false;
        try {
            var stat = Files.readString(Path.of("/proc", Long.toString(process.pid()), "stat"));
            return stat.charAt(stat.lastIndexOf(')') + 2) != 'T';
        } catch (IOException e) {
            // Another system than Linux, or it has ended meanwhile.
            return process.isAlive();
        }
    }

    private ProcessFailedException failure(int first) {
        int code = processes.get(first).exitValue();
        for (int rank = 1; rank < count; rank++) {
            var process = processes.get(rank);
            if (process.isAlive() || process.exitValue() == 0) continue;
            synchronized (printed.get(rank)) {
                for (String line : printed.get(rank)) console.say("[rank " + rank + "] " + line);
            }
        }
        int[] left = IntStream.range(0, count)
                .filter(rank -> processes.get(rank).isAlive())
                .toArray();
        String ended = code > SIGNALLED
                ? "rank " + first + " was ended by signal " + (code - SIGNALLED)
                : "rank " + first + " failed with exit code " + code;
        return new ProcessFailedException(
                ended
                        + (left.length == 0
                                ? "; all others have ended too"
                                : "; ended here because they had not: ranks " + Arrays.toString(left)),
                code);
    }

    /** The signal that ends this process goes to all: they stop together after a step. */
    private void stop() {
        // Process.destroy() would close the pipes, and what they still have to say be lost.
        for (var process : processes) process.toHandle().destroy();
        for (var process : processes) {
            try {
                process.waitFor();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }
}
