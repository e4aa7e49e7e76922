package io.equipoise.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A run whose wall clock jumps back and forth by days; the time that passes is told by another clock. */
@EnabledOnOs(OS.LINUX)
@Tag("nightly")
class ClockTest {
    /** Stands before the C library's own. Every call finds the wall clock three days off, to either side in turns. */
    private static final String JUMPING = """
            #include <dlfcn.h>
            #include <time.h>
            extern "C" int clock_gettime(clockid_t clock, struct timespec* time) {
              static auto real = reinterpret_cast<int (*)(clockid_t, struct timespec*)>(dlsym(RTLD_NEXT, "clock_gettime"));
              static unsigned calls = 0;
              const int code = real(clock, time);
              if (clock == CLOCK_REALTIME) time->tv_sec += __atomic_fetch_add(&calls, 1, __ATOMIC_RELAXED) % 2 ? 259200 : -259200;
              return code;
            }
            """;

    @TempDir
    private Path temporary = Path.of("");

    private Path library() throws IOException, InterruptedException {
        var source = Files.writeString(temporary.resolve("jumping.cpp"), JUMPING);
        var library = temporary.resolve("jumping.so");
        var compiler = new ProcessBuilder(
                        "g++", "-shared", "-fPIC", "-o", library.toString(), source.toString(), "-ldl")
                .inheritIO()
                .start();
        assertThat(compiler.waitFor()).isZero();
        return library;
    }

    @Test
    void jumpsChangeNothing() throws Exception {
        var config = Files.writeString(temporary.resolve("small.yaml"), InterruptionTest.CONFIG);
        var preload = Map.of("LD_PRELOAD", library().toString());
        var run = temporary.resolve("jumping");
        var held = new HashMap<>(preload);
        held.putAll(HeldFeature.after(3, run));
        try (var process =
                TrainProcess.start(temporary.resolve("1.txt"), held, config.toString(), "--output", run.toString())) {
            process.await(() -> Files.exists(run.resolve("checkpoints/latest")));
            process.signal("TERM");
            process.awaitOutput("stopping after this step");
            HeldFeature.release(run);
            assertThat(process.code()).as(process.output()).isEqualTo(143);
        }
        try (var process = TrainProcess.start(temporary.resolve("2.txt"), preload, "--resume", run.toString())) {
            assertThat(process.code()).as(process.output()).isZero();
        }
        // That the clock has jumped: the log's lines are days apart.
        assumeThat(Files.readAllLines(run.resolve("run.log")).stream()
                        .filter(line -> line.matches("\\d{4}-.*"))
                        .map(line -> line.substring(0, 10))
                        .distinct())
                .as("days of the log")
                .hasSizeGreaterThan(1);
        var still = temporary.resolve("still");
        assertThat(Outputs.of("train", config.toString(), "--output", still.toString())
                        .code())
                .isZero();
        assertThat(TrainProcess.metrics(run)).isEqualTo(TrainProcess.metrics(still));
        for (String line : Files.readAllLines(run.resolve("metrics.jsonl"))) {
            var seconds = StepJson.read(new JsonMapper().readTree(line)).seconds();
            assertThat(seconds.values()).allMatch(each -> each >= 0 && each < 600);
        }
    }
}
