package io.equipoise.benchmarks;

import io.equipoise.model.Precision;
import io.equipoise.training.Step;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** One whole training step through the public API, as {@link TrainingRun} says; {@link StepRun} tells its phases. */
@State(Scope.Thread)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 2) // the first also scores less than the others
@Measurement(iterations = 5)
public class StepBenchmark {
    /** A folder, from where the benchmark is started; the embedded model's in the repository. */
    @Param("java/cli/src/main/resources/io/equipoise/cli/embedded")
    String model = "";

    @Param("256")
    int batch = 1;

    @Param("64")
    int microBatch = 1;

    @Param("39")
    int newTokens = 1;

    @Param({"F32", "BF16"})
    Precision precision = Precision.F32;

    private Optional<TrainingRun> run = Optional.empty();

    @Setup
    public void setUp() {
        run = Optional.of(
                new TrainingRun(new TrainingRun.Workload(Path.of(model), batch, microBatch, newTokens, precision)));
    }

    @Benchmark
    public Step step() {
        return run.orElseThrow().step();
    }

    @TearDown
    public void tearDown() {
        run.ifPresent(TrainingRun::close);
    }
}
