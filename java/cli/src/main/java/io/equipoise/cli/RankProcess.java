package io.equipoise.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** One rank's process and what it prints: rank 0's on this one's stderr at once, the last lines of others if they fail. */
final class RankProcess {
    private static final int REMEMBERED_LINES = 50;
    /** What Gloo prints on stdout, which is for results. */
    private static final String GLOO = "[Gloo] ";
    /** The signal that nobody can answer to. */
    private static final int KILL = 9;

    private final int rank;
    private final Process process;
    private final Deque<String> printed = new ArrayDeque<>();
    private final List<Thread> readers = new ArrayList<>();

    /** @param results gets the lines of rank 0's stdout */
    RankProcess(int rank, ProcessBuilder builder, Console console, Consumer<String> results) throws IOException {
        this.rank = rank;
        process = builder.redirectErrorStream(rank > 0).start();
        process.getOutputStream().close();
        if (rank == 0) {
            read(() -> copy(process.getErrorStream(), console.err()));
            read(() -> lines(process.getInputStream(), results));
        } else {
            read(() -> lines(process.getInputStream(), this::remember));
        }
    }

    int rank() {
        return rank;
    }

    Process process() {
        return process;
    }

    @FunctionalInterface
    private interface Reading {
        void run() throws IOException;
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

    private static void lines(InputStream from, Consumer<String> to) throws IOException {
        try (var reader = new BufferedReader(new InputStreamReader(from, StandardCharsets.UTF_8))) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                if (!line.startsWith(GLOO)) to.accept(line);
            }
        }
    }

    private void remember(String line) {
        synchronized (printed) {
            printed.add(line);
            if (printed.size() > REMEMBERED_LINES) printed.remove();
        }
    }

    /** The last lines of another rank than 0. */
    List<String> printed() {
        synchronized (printed) {
            return List.copyOf(printed);
        }
    }

    /** Waits until all that it has printed is read, or something else holds its output open. */
    void finishReading() throws InterruptedException {
        for (var reader : readers) reader.join(TimeUnit.SECONDS.toMillis(1));
    }

    /** Whether it is alive and hasn't been stopped: one that has won't end by itself. */
    boolean isRunning() {
        if (!process.isAlive()) return false;
        try {
            var stat = Files.readString(Path.of("/proc", Long.toString(process.pid()), "stat"));
            return stat.charAt(stat.lastIndexOf(')') + 2) != 'T';
        } catch (IOException e) {
            // Another system than Linux, or it has ended meanwhile.
            return process.isAlive();
        }
    }

    boolean hasFailed() {
        return !process.isAlive() && process.exitValue() != 0;
    }

    /** Whether a signal has ended it. */
    boolean wasSignalled() {
        return !process.isAlive() && Signals.of(process.exitValue()).isPresent();
    }

    /** How it ended, which it has. */
    String end() {
        int code = process.exitValue();
        var signal = Signals.of(code);
        if (signal.isEmpty()) return "rank " + rank + " failed with exit code " + code;
        String what = "rank " + rank + " was ended by signal " + signal.getAsInt();
        if (signal.getAsInt() != KILL) return what;
        return what + " (SIGKILL: by somebody, or by the system for want of memory, which dmesg tells)";
    }
}
