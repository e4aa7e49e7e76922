package io.equipoise.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.equipoise.InvalidInputException;
import io.equipoise.cli.config.ConfigException;
import io.equipoise.kernels.KernelException;
import io.equipoise.kernels.KernelProvider;
import io.equipoise.kernels.Shapes;
import io.equipoise.memory.Vector;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Exit code 2 for what users can mend, 1 with a stack trace for the program's own faults. */
class FailuresTest {
    @TempDir
    private Path temporary = Path.of("");

    /** A command that does something, and what it then says. */
    private static Outputs command(boolean verbose, Runnable work) {
        var out = new ByteArrayOutputStream();
        var err = new ByteArrayOutputStream();
        var console = new Console(
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                false);
        console.verbose(verbose);
        int code = new Command(console) {
            @Override
            void run() {
                work.run();
            }
        }.call();
        return new Outputs(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    @Test
    void faultsOfTheProgramAreNotTheUsers() {
        List<Runnable> faults = List.of(
                () -> {
                    throw new IllegalArgumentException("from somewhere inside");
                },
                () -> assertThat(Integer.parseInt("x")).isZero(),
                () -> assertThat(Path.of("a\0b")).isAbsolute(),
                () -> Vector.f32(-1).close(),
                FailuresTest::wrongShapes,
                () -> {
                    throw new AssertionError("can't be");
                });
        for (var fault : faults) {
            var outputs = command(false, fault);
            assertThat(outputs.code()).as(outputs.err()).isEqualTo(1);
            assertThat(outputs.err()).contains("error: ", "Run again with --verbose for the stack trace.");
            assertThat(outputs.err()).doesNotContain("\tat ");
            assertThat(command(true, fault).err()).contains("\tat io.equipoise.cli.FailuresTest");
        }
    }

    private static void wrongShapes() {
        try (var three = Vector.of(new float[3]);
                var two = Vector.of(new float[2])) {
            Shapes.adam(three, three, three, two);
        }
    }

    @Test
    void whatUsersCanMendIsOneLine() {
        List<Runnable> refusals = List.of(
                () -> {
                    throw new InvalidInputException("steps must be >= 1, got 0");
                },
                () -> {
                    throw new ConfigException("unknown key 'stps'");
                },
                () -> KernelProvider.named("abacus"));
        for (var refusal : refusals) {
            var outputs = command(false, refusal);
            assertThat(outputs.code()).as(outputs.err()).isEqualTo(2);
            assertThat(outputs.err().lines()).hasSize(1);
            assertThat(outputs.err()).startsWith("error: ").doesNotContain("Exception");
        }
    }

    @Test
    void aKernelsFaultIsASentence() {
        var outputs = command(false, () -> {
            throw new KernelException("embed: table is f16, wanted f32 or bf16");
        });
        assertThat(outputs.code()).isEqualTo(1);
        assertThat(outputs.err()).startsWith("error: embed: table is f16, wanted f32 or bf16\n");
    }

    private Outputs train(String feature) throws IOException {
        var config = Files.writeString(
                temporary.resolve("config.yaml"),
                "model: embedded\nconstraints: [{name: odd, "
                        + feature
                        + ", moment: 0.5}]\ntraining: {steps: 1, batchSize: 8, momentSamples: 64, maxTokens: 8}\n");
        return Outputs.of(
                "train", config.toString(), "--output", temporary.resolve("run").toString());
    }

    /** Found while the target is sought, when nothing has been trained yet: its trace is in the run's log all the same. */
    @Test
    void aFaultOfAFeatureLeavesItsTrace() throws IOException {
        var outputs = train("feature: faulty");
        assertThat(outputs.code()).as(outputs.err()).isEqualTo(1);
        var log = temporary.resolve("run/run.log");
        assertThat(outputs.err())
                .contains("feature 'odd' failed on text ", "NumberFormatException", "The stack trace is in " + log);
        assertThat(log)
                .content()
                .contains("NumberFormatException", "\tat io.equipoise.cli.FaultyFeature.", ", kernels ");
    }

    @Test
    void whatAFeatureRefusesIsTheUsers() throws IOException {
        var outputs = train("feature: faulty, colour: red");
        assertThat(outputs.code()).as(outputs.err()).isEqualTo(2);
        assertThat(outputs.err()).contains("line 2", "feature faulty takes no options, got {colour=red}");
        assertThat(temporary.resolve("run")).doesNotExist();
    }
}
