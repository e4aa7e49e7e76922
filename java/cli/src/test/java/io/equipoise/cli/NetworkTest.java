package io.equipoise.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/** Two ranks, each in a network namespace of its own, with a link between them that is slow, or cut. Takes root's rights. */
@EnabledIfSystemProperty(named = "equipoise.test.network", matches = "true", disabledReason = "run with -Pnightly")
@Timeout(value = 600, unit = TimeUnit.SECONDS)
class NetworkTest {
    private static final List<String> NAMESPACES = List.of("equipoise-0", "equipoise-1");
    private static final List<String> DEVICES = List.of("equipoise-v0", "equipoise-v1");
    private static final List<String> ADDRESSES = List.of("10.213.77.1", "10.213.77.2");

    @TempDir
    private Path temporary = Path.of("");

    /** What a command says; empty if it succeeds without a word. */
    private static String run(String command) throws IOException, InterruptedException {
        var process =
                new ProcessBuilder(command.split(" ")).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int code = process.waitFor();
        return code == 0 ? "" : command + ": " + said.strip() + " (exit code " + code + ")";
    }

    @BeforeEach
    void connect() throws IOException, InterruptedException {
        var commands = new ArrayList<String>();
        for (String namespace : NAMESPACES) commands.add("ip netns add " + namespace);
        commands.add("ip link add " + DEVICES.get(0) + " type veth peer name " + DEVICES.get(1));
        for (int r = 0; r < 2; r++) {
            String inside = "ip -n " + NAMESPACES.get(r) + " ";
            commands.add("ip link set " + DEVICES.get(r) + " netns " + NAMESPACES.get(r));
            commands.add(inside + "addr add " + ADDRESSES.get(r) + "/24 dev " + DEVICES.get(r));
            commands.add(inside + "link set " + DEVICES.get(r) + " up");
            commands.add(inside + "link set lo up");
        }
        for (String command : commands) {
            String failure = run(command);
            assumeThat(failure)
                    .as("network namespaces can't be made here: %s", failure)
                    .isEmpty();
        }
    }

    @AfterEach
    void disconnect() throws IOException, InterruptedException {
        for (String namespace : NAMESPACES) run("ip netns del " + namespace);
        run("ip link del " + DEVICES.get(0));
    }

    private TrainProcess rank(int rank, Path run, Map<String, String> environments, String... more) throws IOException {
        var environment = new HashMap<>(environments);
        environment.putAll(Map.of(
                "RANK",
                Integer.toString(rank),
                "WORLD_SIZE",
                "2",
                "MASTER_ADDR",
                ADDRESSES.get(0),
                "MASTER_PORT",
                "29500"));
        var config = Files.writeString(temporary.resolve("small.yaml"), ProcessesTest.CONFIG);
        var arguments = new ArrayList<>(List.of(config.toString(), "--output", run.toString()));
        arguments.addAll(List.of(more));
        return TrainProcess.start(
                List.of("ip", "netns", "exec", NAMESPACES.get(rank)),
                temporary.resolve("rank-" + rank + ".txt"),
                environment,
                arguments.toArray(String[]::new));
    }

    private static long steps(Path run) {
        try (var lines = Files.lines(run.resolve("metrics.jsonl"))) {
            return lines.count();
        } catch (IOException e) {
            return 0;
        }
    }

    /** 20 ms each way; where the kernel can't delay, 50 Mbit/s with a queue of up to 400 ms. */
    @Test
    void aSlowLinkOnlyTakesTime() throws Exception {
        for (int r = 0; r < 2; r++) {
            String queue = "tc -n " + NAMESPACES.get(r) + " qdisc add dev " + DEVICES.get(r) + " root ";
            String failure = run(queue + "netem delay 20ms");
            if (failure.isEmpty()) continue;
            System.out.println("no delay, a narrow link instead: " + failure);
            assertThat(run(queue + "tbf rate 50mbit burst 32kbit latency 400ms"))
                    .isEmpty();
        }
        var run = temporary.resolve("slow");
        try (var first = rank(0, run, Map.of(), "--set", "training.steps=5");
                var second = rank(1, run, Map.of(), "--set", "training.steps=5")) {
            for (var process : List.of(first, second))
                assertThat(process.code()).as(process.output()).isZero();
        }
        assertThat(TrainProcess.metrics(run)).hasSize(5);
    }

    @Test
    void aCutLinkEndsBothSidesInTime() throws Exception {
        var run = temporary.resolve("cut");
        var held = HeldFeature.after(2, run);
        try (var first = rank(0, run, held, "--collective-timeout", "12");
                var second = rank(1, run, held, "--collective-timeout", "12")) {
            first.await(() -> steps(run) == 2);
            assertThat(run("ip -n " + NAMESPACES.get(1) + " link set " + DEVICES.get(1) + " down"))
                    .isEmpty();
            HeldFeature.release(run);
            for (var process : List.of(first, second))
                assertThat(process.code()).as(process.output()).isEqualTo(1);
            assertThat(first.output()).contains("rank 1 is no longer there");
            assertThat(second.output()).contains("rank 0, which keeps the ranks' notes, does not answer");
        }
    }
}
