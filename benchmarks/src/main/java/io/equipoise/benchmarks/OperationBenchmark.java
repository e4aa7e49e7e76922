package io.equipoise.benchmarks;

import io.equipoise.kernels.KernelProvider;
import io.equipoise.kernels.Kernels;
import io.equipoise.model.Workers;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.bytedeco.pytorch.global.torch;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** What the benchmarks of operations have in common: how they are timed, on how many threads, with which kernels. */
@State(Scope.Thread) // libtorch's and OpenMP's settings belong to a thread
@BenchmarkMode(Mode.SampleTime) // percentiles: other work on the machine shows in the tail, not in the median
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(2) // memory lies differently in each process
@Warmup(iterations = 3, time = 1) // JIT, thread pools, page faults
@Measurement(iterations = 5, time = 1)
public abstract class OperationBenchmark {
    final Kernels kernels = KernelProvider.named("cpu");
    private final List<AutoCloseable> owned = new ArrayList<>();

    OperationBenchmark() {
        torch.set_num_threads(Workers.count()); // the kernels' too: one libgomp
    }

    /** Closes it with the benchmark. */
    final <T extends AutoCloseable> T owned(T resource) {
        owned.add(resource);
        return resource;
    }

    @TearDown
    public void tearDown() throws Exception {
        for (var resource : owned) resource.close();
        owned.clear();
    }
}
