package io.equipoise.cuda.card;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportTest {
    @TempDir
    private Path folder;

    private void file(String name, String content) throws IOException {
        Files.writeString(folder.resolve(name), content);
    }

    private void passedTests(String device) throws IOException {
        file("environment", "device=" + device + "\ncard=NVIDIA H100, 580.1\n");
        file("status", "tests\tpassed\t0\t31\t\n");
        file("tests.json", "{\"device\": \"cuda (NVIDIA H100, sm_90)\", \"classes\": [], \"passed\": true}");
    }

    @Test
    void passesWhereTheTestsPassedOnACard() throws IOException {
        passedTests("cuda");
        var report = Report.make(folder);
        assertThat(report.path("passed").asBoolean()).isTrue();
        assertThat(report.path("rehearsal").asBoolean()).isFalse();
        assertThat(report.path("environment").path("card").asText()).isEqualTo("NVIDIA H100, 580.1");
        assertThat(report.path("parts").path("tests").path("seconds").asInt()).isEqualTo(31);
        assertThat(report.path("parts")
                        .path("tests")
                        .path("result")
                        .path("device")
                        .asText())
                .contains("H100");
    }

    @Test
    void aRehearsalNeverPasses() throws IOException {
        passedTests("interpreter");
        var report = Report.make(folder);
        assertThat(report.path("testsPassed").asBoolean()).isTrue();
        assertThat(report.path("passed").asBoolean()).isFalse();
        assertThat(report.path("rehearsal").asBoolean()).isTrue();
    }

    @Test
    void testsThatFailedOrWereCutOffHaveNotPassed() throws IOException {
        passedTests("cuda");
        file("status", "tests\ttimed out\t124\t120\tafter 120 s\n");
        assertThat(Report.make(folder).path("passed").asBoolean()).isFalse();
        passedTests("cuda");
        file("tests.json", "{\"classes\": [], \"passed\": false}");
        assertThat(Report.make(folder).path("passed").asBoolean()).isFalse();
        passedTests("cuda");
        file("tests.json", "{\"classes\": [");
        assertThat(Report.make(folder).path("passed").asBoolean()).isFalse();
    }

    @Test
    void whatCouldNotBeRunHasItsReason() throws IOException {
        passedTests("cuda");
        file("status", "torch\tskipped\t0\t0\tpython3 has no torch\n");
        var part = Report.make(folder).path("parts").path("torch");
        assertThat(part.path("status").asText()).isEqualTo("skipped");
        assertThat(part.path("reason").asText()).isEqualTo("python3 has no torch");
    }

    @Test
    void theSanitizersFindingsAreCountedAndQuoted() throws IOException {
        passedTests("cuda");
        file("status", "memcheck\tfailed\t86\t50\t\nracecheck\ttimed out\t124\t40\t\n");
        file("memcheck.txt", """
                ========= COMPUTE-SANITIZER
                ========= Invalid __global__ read of size 4 bytes
                =========     at energy_kernel+0x40
                ========= ERROR SUMMARY: 3 errors
                """);
        file("racecheck.txt", "========= COMPUTE-SANITIZER\n");
        var parts = Report.make(folder).path("parts");
        var findings = parts.path("memcheck").path("findings");
        assertThat(findings.path("errors").asInt()).isEqualTo(3);
        assertThat(findings.path("first").get(0).asText()).isEqualTo("Invalid __global__ read of size 4 bytes");
        assertThat(parts.path("racecheck").path("findings").has("errors")).isFalse();
    }

    @Test
    void eachBenchmarkIsComparedWithTheFastestOfPyTorchsWaysThatComputeAsMuch() throws IOException {
        passedTests("cuda");
        file("jmh-TokenLogProb.json", """
                [{"benchmark": "io.equipoise.benchmarks.TokenLogProbBenchmark.cuda",
                  "params": {"rows": "512", "type": "F32", "vocabulary": "50257"},
                  "primaryMetric": {"scorePercentiles": {"50.0": 100.0}}},
                 {"benchmark": "io.equipoise.benchmarks.TokenLogProbBenchmark.cuda",
                  "params": {"rows": "512", "type": "BF16", "vocabulary": "50257"},
                  "primaryMetric": {"scorePercentiles": {"50.0": 60.0}}}]
                """);
        file("torch.json", """
                {"rows": [{"operation": "tokenLogProb", "agrees": true, "errors": {},
                  "parameters": {"vocabulary": "50257", "rows": "512", "type": "F32"},
                  "functions": [{"name": "without entropy", "complete": false, "microseconds": 50.0},
                                {"name": "eager", "complete": true, "microseconds": 400.0},
                                {"name": "compiled", "complete": true, "microseconds": 250.0}]}]}
                """);
        var rows = Report.make(folder).path("comparison");
        assertThat(rows).hasSize(2);
        var first = rows.get(0);
        assertThat(first.path("operation").asText()).isEqualTo("tokenLogProb");
        assertThat(first.path("torch").path("function").asText()).isEqualTo("compiled");
        assertThat(first.path("ratio").asDouble()).isCloseTo(2.5, within(1e-12));
        assertThat(first.path("agrees").asBoolean()).isTrue();
        assertThat(rows.get(1).has("torch")).as("another type").isFalse();
    }
}
