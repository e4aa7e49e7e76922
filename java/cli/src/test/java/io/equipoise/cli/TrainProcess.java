package io.equipoise.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** {@code train} in a process of its own, which can be sent signals. What it prints goes to a file. */
record TrainProcess(Process process, Path printed) implements AutoCloseable {
    private static final long LONGEST_SECONDS = 300;

    /** @param environment besides that of this process */
    static TrainProcess start(Path printed, Map<String, String> environment, String... arguments) throws IOException {
        return start(List.of(), printed, environment, arguments);
    }

    /** @param under the command that runs it, in its own place */
    static TrainProcess start(List<String> under, Path printed, Map<String, String> environment, String... arguments)
            throws IOException {
        var command = new ArrayList<>(under);
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx1g",
                "-Dorg.bytedeco.javacpp.maxBytes=0",
                "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                "train"));
        command.addAll(List.of(arguments));
        var builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(printed.toFile()));
        builder.environment().putAll(environment);
        return new TrainProcess(builder.start(), printed);
    }

    /** Waits until something is so, or the process has ended. */
    void await(BooleanSupplier condition) throws InterruptedException {
        while (process.isAlive() && !condition.getAsBoolean()) Thread.sleep(1);
    }

    /** Waits until it has printed something, or has ended. */
    void awaitOutput(String text) throws InterruptedException {
        await(() -> {
            try {
                return output().contains(text);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    /** The exit code, as a shell has it. */
    int code() throws InterruptedException {
        if (!process.waitFor(LONGEST_SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError("still running after " + LONGEST_SECONDS + " s");
        }
        return process.exitValue();
    }

    void signal(String name) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                .start()
                .waitFor();
    }

    /** Whether the process would not see this signal, as the children of some shells don't. */
    boolean ignores(int signal) throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc", Long.toString(process.pid()), "status"))) {
            if (!line.startsWith("SigIgn:")) continue;
            return (Long.parseUnsignedLong(line.substring("SigIgn:".length()).strip(), 16) >> (signal - 1) & 1) == 1;
        }
        return false;
    }

    String output() throws IOException {
        return Files.readString(printed);
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }

    /** A run's metrics without what time has touched. */
    static List<JsonNode> metrics(Path run) throws IOException {
        var lines = new ArrayList<JsonNode>();
        for (String line : Files.readAllLines(run.resolve("metrics.jsonl"))) {
            var node = (ObjectNode) new JsonMapper().readTree(line);
            node.remove("seconds");
            lines.add(node);
        }
        return lines;
    }
}
