package io.equipoise.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.equipoise.distributed.Rendezvous;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code train} in several real processes: the same run as in one; and what becomes of it when one is killed or stopped. */
@EnabledOnOs(OS.LINUX)
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class ProcessesTest {
    private static final int STEPS = 20;
    /**
     * What f32 sums in another order, magnified by twenty steps of Adam, may change of a figure, relative to 1 + its size, as long
     * as the proposal is the base model. Once it is the policy, which differs in its last digits, a draw near a boundary may fall
     * to the other side, and every figure with it.
     */
    private static final double NEARLY = 2e-3;

    static final String CONFIG = """
            model: embedded
            constraints:
              - {name: female, feature: held, is: female, moment: 0.3}
            training: {steps: 20, batchSize: 10, momentSamples: 256, maxTokens: 12, checkEvery: 20, seed: 7}
            evaluation: {baseSamples: 48, policySamples: 16, texts: 4}
            checkpointEvery: 5
            """;

    @TempDir
    private static Path temporary = Path.of("");

    private static Path config = Path.of("");
    private static List<JsonNode> alone = List.of();

    @BeforeAll
    static void trainAlone() throws IOException {
        config = Files.writeString(temporary.resolve("small.yaml"), CONFIG);
        var run = temporary.resolve("alone");
        var outputs = Outputs.of("train", config.toString(), "--output", run.toString());
        assertThat(outputs.code()).as(outputs.err()).isZero();
        alone = TrainProcess.metrics(run);
    }

    private static void assertNear(JsonNode got, JsonNode wanted, double relative, String where) {
        if (wanted.isObject()) {
            wanted.fieldNames()
                    .forEachRemaining(
                            name -> assertNear(got.path(name), wanted.path(name), relative, where + "." + name));
        } else if (wanted.isNumber()) {
            assertThat(got.asDouble())
                    .as(where)
                    .isCloseTo(wanted.asDouble(), within(relative * (1 + Math.abs(wanted.asDouble()))));
        } else {
            assertThat(got).as(where).isEqualTo(wanted);
        }
    }

    private static void assertSameRun(Path run) throws IOException {
        var metrics = TrainProcess.metrics(run);
        assertThat(metrics).hasSize(STEPS);
        // Step 1 is of the same texts, so of it only the gradient's sum has another order.
        assertNear(metrics.get(0), alone.get(0), 1e-6, "step 1");
        for (int i = 0; i < STEPS; i++) assertNear(metrics.get(i), alone.get(i), NEARLY, "step " + (i + 1));
        // Texts of the base model are drawn by all ranks together.
        assertThat(textsOf(run)).isEqualTo(textsOf(temporary.resolve("alone")));
        assertThat(run.resolve("report.html")).isNotEmptyFile();
        assertThat(run.resolve("checkpoints/latest").toRealPath().getFileName()).hasToString("step-" + STEPS);
    }

    private static List<String> textsOf(Path run) throws IOException {
        try (var lines = Files.lines(run.resolve("samples.jsonl"))) {
            return lines.filter(line -> line.contains("\"model\":\"base\"")).toList();
        }
    }

    @ParameterizedTest
    @CsvSource({"2, --json", "4, --shard-optimizer"})
    void anyNumberOfProcessesIsTheSameRun(int processes, String option) throws IOException {
        var run = temporary.resolve("processes-" + processes);
        var outputs = Outputs.of(
                "train",
                config.toString(),
                "--output",
                run.toString(),
                "--processes",
                Integer.toString(processes),
                option);
        assertThat(outputs.code()).as(outputs.err()).isZero();
        // Gloo's own words are not among the results.
        assertThat(outputs.out()).doesNotContain("Gloo");
        if (option.equals("--json"))
            assertThat(outputs.json().path("run").asText()).isEqualTo(run.toString());
        assertThat(outputs.err()).contains("training in " + processes + " processes");
        assertSameRun(run);
    }

    /** One rank as whatever starts processes on a cluster would start it. */
    private static TrainProcess rank(int rank, int size, Path run, Map<String, String> others, String... more)
            throws IOException {
        var environment = new HashMap<>(others);
        environment.putAll(Map.of(
                "RANK",
                Integer.toString(rank),
                "WORLD_SIZE",
                Integer.toString(size),
                "LOCAL_RANK",
                Integer.toString(rank),
                "LOCAL_WORLD_SIZE",
                Integer.toString(size),
                Rendezvous.FILE,
                run + ".meeting"));
        return TrainProcess.start(temporary.resolve(run.getFileName() + "-" + rank + ".txt"), environment, more);
    }

    private static List<TrainProcess> ranks(int size, Path run, Map<String, String> environment, String... more)
            throws IOException {
        Files.deleteIfExists(Path.of(run + ".meeting"));
        var ranks = new ArrayList<TrainProcess>();
        for (int r = 0; r < size; r++) ranks.add(rank(r, size, run, environment, more));
        return ranks;
    }

    private static long steps(Path run) {
        try (var lines = Files.lines(run.resolve("metrics.jsonl"))) {
            return lines.count();
        } catch (IOException e) {
            return 0;
        }
    }

    private static boolean hasCheckpoint(Path run) {
        return Files.exists(run.resolve("checkpoints/latest"));
    }

    @ParameterizedTest(name = "rank {1} of 3 gets SIG{0}")
    @CsvSource({"KILL, 1", "STOP, 2", "STOP, 0"})
    void aLostRankEndsAllOthersInTimeAndTheRunGoesOn(String signal, int lost) throws Exception {
        assumeThat(signal.equals("KILL") || Integer.getInteger("equipoise.test.kills", 3) > 3)
                .as("run with -Pnightly")
                .isTrue();
        var run = temporary.resolve(signal + lost);
        // A rank that is gone is known without a time-out, longer here than the test may take; one that stands still
        // isn't.
        String timeout = signal.equals("KILL") ? "3600" : "10";
        var processes = ranks(
                3,
                run,
                HeldFeature.after(5, run),
                config.toString(),
                "--output",
                run.toString(),
                "--collective-timeout",
                timeout);
        try {
            processes.get(lost).await(() -> hasCheckpoint(run) && steps(run) == 5);
            processes.get(lost).signal(signal);
            HeldFeature.release(run);
            for (int r = 0; r < 3; r++) {
                if (r == lost) continue;
                var process = processes.get(r);
                assertThat(process.code()).as(process.output()).isEqualTo(1);
                assertThat(process.output()).contains("rank " + lost);
            }
        } finally {
            for (var process : processes) process.close();
        }
        for (var process : processes) process.code();
        // Another number of processes may go on with it, or one.
        var outputs = Outputs.of("train", "--resume", run.toString(), "--processes", "2");
        assertThat(outputs.code()).as(outputs.err()).isZero();
        assertSameRun(run);
    }

    /** What is to say so was started by the one that is told. */
    @Test
    void aKilledRankIsBlamedAtOnceWithAdvice() throws Exception {
        var run = temporary.resolve("blamed");
        try (var process = TrainProcess.start(
                temporary.resolve("blamed.txt"),
                HeldFeature.after(5, run),
                config.toString(),
                "--output",
                run.toString(),
                "--json",
                "--processes",
                "2")) {
            process.await(() -> hasCheckpoint(run) && steps(run) == 5);
            var killed = rank(process, 1);
            killed.destroyForcibly();
            HeldFeature.release(run);
            assertThat(process.code()).as(process.output()).isEqualTo(128 + 9);
            assertThat(process.output())
                    .contains("rank 1 was ended by signal 9 (SIGKILL", "; waiting for the others to end\n")
                    // The survivor had the time to find out and say it.
                    .contains("error: rank 0 of 2 waited in vain", "rank 1 is no longer there: killed;")
                    .contains("; all others have ended too; go on from the last checkpoint with train --resume " + run)
                    .doesNotContain("ended here because they had not")
                    .containsOnlyOnce("{\"error\":")
                    .contains("\"exitCode\":137}}");
        }
        var outputs = Outputs.of("train", "--resume", run.toString());
        assertThat(outputs.code()).as(outputs.err()).isZero();
        assertSameRun(run);
    }

    /** The process of one rank among those that a process has started. */
    private static ProcessHandle rank(TrainProcess parent, int rank) throws IOException {
        for (var child : parent.process().children().toList()) {
            var environment = Files.readString(
                    Path.of("/proc", Long.toString(child.pid()), "environ"), StandardCharsets.ISO_8859_1);
            if (List.of(environment.split("\0")).contains("RANK=" + rank)) return child;
        }
        throw new AssertionError("no rank " + rank + " among the children");
    }

    /** In the shell of salloc, or where something else has set a world of one, a process needs nobody. */
    @Test
    void oneProcessTrainsAlone() throws Exception {
        var environments = List.of(
                Map.of("RANK", "0", "WORLD_SIZE", "1"),
                Map.of(
                        "SLURM_JOB_ID", "1",
                        "SLURM_PROCID", "0",
                        "SLURM_LOCALID", "0",
                        "SLURM_NTASKS", "4",
                        "SLURM_STEP_ID", "4294967290",
                        "SLURM_STEP_NUM_TASKS", "1",
                        "SLURM_STEP_TASKS_PER_NODE", "1",
                        "SLURM_STEP_NODELIST", "localhost"));
        for (var environment : environments) {
            // It comes as far as what any process finds.
            try (var process = TrainProcess.start(temporary.resolve("one.txt"), environment, "--resume", "nowhere")) {
                assertThat(process.code()).as(process.output()).isEqualTo(2);
                assertThat(process.output()).contains("no run in ").doesNotContain("rank", "MASTER_ADDR");
            }
            Files.delete(temporary.resolve("one.txt"));
        }
    }

    @Test
    void whoeverWaitsSaysForWhom() throws Exception {
        int port;
        try (var socket = new ServerSocket(0)) {
            port = socket.getLocalPort();
        }
        var slurm = Map.of(
                "SLURM_PROCID", "0",
                "SLURM_LOCALID", "0",
                "SLURM_NTASKS", "8",
                "SLURM_STEP_ID", "0",
                "SLURM_STEP_NUM_TASKS", "4",
                "SLURM_STEP_NODELIST", "localhost",
                "MASTER_PORT", Integer.toString(port));
        try (var process = TrainProcess.start(
                temporary.resolve("waits.txt"), slurm, config.toString(), "--collective-timeout", "1")) {
            assertThat(process.code()).as(process.output()).isEqualTo(1);
            assertThat(process.output())
                    .contains("rank 0 of 4 (SLURM_STEP_NUM_TASKS): waiting at localhost:" + port
                            + " for ranks 1, 2, 3, at most 1 s (--collective-timeout); to train alone unset"
                            + " SLURM_PROCID\n");
        }
    }

    @Test
    void ranksThatAreToldDifferentThingsAreRefused() throws Exception {
        var run = temporary.resolve("different");
        Files.deleteIfExists(Path.of(run + ".meeting"));
        try (var first = rank(0, 2, run, Map.of(), config.toString(), "--output", run.toString());
                var second = rank(
                        1,
                        2,
                        run,
                        Map.of(),
                        config.toString(),
                        "--output",
                        run.toString(),
                        "--set",
                        "training.batchSize=12")) {
            for (var process : List.of(first, second)) {
                assertThat(process.code()).as(process.output()).isEqualTo(2);
                assertThat(process.output())
                        .contains("rank 1 has another configuration than rank 0", "batchSize: 10", "batchSize: 12");
            }
        }
        assertThat(run).doesNotExist();
    }

    @Test
    void aSignalStopsAllAfterTheSameStep() throws Exception {
        var run = temporary.resolve("signalled");
        try (var process = TrainProcess.start(
                temporary.resolve("signalled.txt"),
                HeldFeature.after(3, run),
                config.toString(),
                "--output",
                run.toString(),
                "--processes",
                "2")) {
            process.await(() -> steps(run) == 3);
            process.signal("TERM");
            process.awaitOutput("stopping after this step");
            HeldFeature.release(run);
            assertThat(process.code()).as(process.output()).isEqualTo(143);
            assertThat(process.output()).contains("--resume " + run);
        }
        assertThat(steps(run)).isEqualTo(4);
        assertThat(run.resolve("checkpoints/latest").toRealPath().getFileName()).hasToString("step-4");
        var outputs = Outputs.of("train", "--resume", run.toString());
        assertThat(outputs.code()).as(outputs.err()).isZero();
        assertSameRun(run);
    }

    @Test
    void aNanStopsAllAtTheSameStep() throws IOException {
        var run = temporary.resolve("nan");
        var outputs = Outputs.of(
                "train",
                config.toString(),
                "--output",
                run.toString(),
                "--processes",
                "2",
                "--set",
                "training.learningRate=1e15");
        assertThat(outputs.code()).as(outputs.err()).isEqualTo(1);
        assertThat(outputs.err()).contains("step 2, phase gradient", "the last good step is in " + run);
        assertThat(outputs.err()).doesNotContain("waited in vain");
        assertThat(run.resolve("checkpoints/latest").toRealPath().getFileName()).hasToString("step-1");
    }

    @ParameterizedTest
    @CsvSource({"0, --processes must be >= 1", "x, 'x' is not"})
    void nonsenseIsRefused(String processes, String message) {
        var outputs = Outputs.of("train", config.toString(), "--processes", processes);
        assertThat(outputs.code()).isEqualTo(2);
        assertThat(outputs.err()).contains(message);
    }

    @Test
    void halfAnEnvironmentIsRefused() throws Exception {
        try (var process = TrainProcess.start(
                temporary.resolve("half.txt"), Map.of("RANK", "0", "WORLD_SIZE", "2"), config.toString())) {
            assertThat(process.code()).as(process.output()).isEqualTo(2);
            assertThat(process.output()).contains("MASTER_ADDR is not set");
        }
    }
}
