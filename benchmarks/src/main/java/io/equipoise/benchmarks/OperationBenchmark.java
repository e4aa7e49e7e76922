package io.equipoise.benchmarks;

import io.equipoise.kernels.KernelProvider;
import io.equipoise.kernels.Kernels;
import io.equipoise.model.Device;
import io.equipoise.model.Workers;
import java.util.concurrent.TimeUnit;
import org.bytedeco.pytorch.global.torch;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Warmup;

/** What the benchmarks of operations have in common: how they are timed, on how many threads, with which kernels. */
@BenchmarkMode(Mode.SampleTime) // percentiles: other work on the machine shows in the tail, not in the median
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(2) // memory lies differently in each process
@Warmup(iterations = 3, time = 1) // JIT, thread pools, page faults
@Measurement(iterations = 5, time = 1)
public abstract class OperationBenchmark extends Operands {
    final Kernels kernels = KernelProvider.named("cpu");

    OperationBenchmark() {
        // The kernels' threads too: one libgomp. Where libtorch isn't there, on a card's machine, they keep OpenMP's
        // number.
        if (Device.CPU.unavailable().isEmpty()) torch.set_num_threads(Workers.count());
    }
}
