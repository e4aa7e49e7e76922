package io.equipoise.benchmarks;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.equipoise.memory.DataType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;

/**
 * Times one operation in this process and prints a JSON line: median and least of the calls, and the memory that they took
 * beyond the inputs, the first call's and what the JVM adds included.
 *
 * <pre>--operation sample|tokenLogProb|gradient|head --type F32|BF16 --rows 64 --runs 11 [--check FOLDER]</pre>
 *
 * {@code gradient} is {@code tokenLogProb}, then {@code gradient}: forward and backward. With {@code --check} the folder
 * gets inputs and outputs, of large logits the first rows.
 */
public final class OperationRun {
    private static final int VOCABULARY = 50257;
    private static final int WIDTH = 768;
    private static final int WARMUP = 3;
    private static final int CHECKED_ROWS = 64;

    private OperationRun() {}

    /** @param refresh makes the inputs again that a call wrote over */
    private record Operation(
            OperationBenchmark owner, Runnable refresh, Runnable call, Dump.Writer inputs, Dump.Writer outputs) {}

    public static void main(String[] args) throws Exception {
        var options = Options.parse(args);
        var operation = operation(options);
        double[] milliseconds = new double[options.number("runs", 11)];
        operation.refresh.run();
        ProcessMemory.resetPeak();
        long before = ProcessMemory.now();
        for (int k = 0; k < WARMUP; k++) {
            operation.refresh.run();
            operation.call.run();
        }
        for (int k = 0; k < milliseconds.length; k++) {
            operation.refresh.run();
            long start = System.nanoTime();
            operation.call.run();
            milliseconds[k] = (System.nanoTime() - start) * 1e-6;
        }
        long extra = ProcessMemory.peak() - before;
        var check = options.folder("check");
        if (check.isPresent()) write(operation, check.get());
        Arrays.sort(milliseconds);
        var line = new LinkedHashMap<String, Object>();
        line.put("operation", options.text("operation"));
        line.put("medianMilliseconds", milliseconds[milliseconds.length / 2]);
        line.put("leastMilliseconds", milliseconds[0]);
        line.put("runs", milliseconds.length);
        line.put("extraBytes", extra);
        System.out.println(new JsonMapper().writeValueAsString(line));
        operation.owner.tearDown();
    }

    private static void write(Operation operation, Path folder) throws IOException {
        var dump = Dump.to(folder);
        operation.refresh.run();
        operation.inputs.write(dump);
        operation.call.run();
        operation.outputs.write(dump);
    }

    private static Operation operation(Options options) {
        int rows = options.number("rows", 64);
        var type = DataType.valueOf(options.text("type"));
        return switch (options.text("operation")) {
            case "sample" -> sample(rows, type);
            case "tokenLogProb" -> tokenLogProb(rows, type);
            case "gradient" -> gradient(rows, type);
            case "head" -> head(rows, type);
            default -> throw new IllegalArgumentException("no operation " + options.text("operation"));
        };
    }

    private static Operation sample(int rows, DataType type) {
        var benchmark = new SampleBenchmark();
        benchmark.rows = rows;
        benchmark.vocabulary = VOCABULARY;
        benchmark.type = type;
        benchmark.allocate();
        return new Operation(
                benchmark,
                () -> {},
                benchmark::cpu,
                dump -> {
                    dump.write("logits", benchmark.logits.matrix, rows);
                    dump.write("uniform", benchmark.uniform);
                },
                dump -> {
                    dump.write("token", benchmark.token);
                    dump.write("logProb", benchmark.logProb);
                });
    }

    private static Operation tokenLogProb(int rows, DataType type) {
        var benchmark = new TokenLogProbBenchmark();
        benchmark.rows = rows;
        benchmark.vocabulary = VOCABULARY;
        benchmark.type = type;
        benchmark.allocate();
        return new Operation(
                benchmark,
                () -> {},
                benchmark::cpu,
                dump -> {
                    dump.write("logits", benchmark.logits.matrix, CHECKED_ROWS);
                    dump.write("token", benchmark.logits.token);
                },
                dump -> {
                    dump.write("logProb", benchmark.logProb);
                    dump.write("entropy", benchmark.entropy);
                });
    }

    private static Operation gradient(int rows, DataType type) {
        var benchmark = new GradientBenchmark();
        benchmark.rows = rows;
        benchmark.vocabulary = VOCABULARY;
        benchmark.type = type;
        benchmark.allocate();
        return new Operation(
                benchmark,
                benchmark::refresh,
                () -> {
                    benchmark.forward();
                    benchmark.cpu();
                },
                dump -> {
                    dump.write("logits", benchmark.logits.matrix, CHECKED_ROWS);
                    dump.write("token", benchmark.logits.token);
                    dump.write("coefficient", benchmark.logits.coefficient);
                },
                dump -> {
                    dump.write("logProb", benchmark.logProb);
                    dump.write("gradient", benchmark.logits.matrix, CHECKED_ROWS);
                });
    }

    private static Operation head(int rows, DataType type) {
        var benchmark = new HeadBenchmark();
        benchmark.rows = rows;
        benchmark.width = WIDTH;
        benchmark.vocabulary = VOCABULARY;
        benchmark.type = type;
        benchmark.allocate();
        benchmark.prepare();
        return new Operation(
                benchmark,
                () -> {},
                benchmark::cpu,
                dump -> {
                    dump.write("hidden", Tensors.matrix(benchmark.hidden), rows);
                    dump.write("head", Tensors.matrix(benchmark.head), VOCABULARY);
                    dump.write("token", benchmark.token);
                    dump.write("coefficient", benchmark.coefficient);
                },
                dump -> {
                    dump.write("logProb", benchmark.logProb);
                    dump.write("gradHidden", Tensors.matrix(benchmark.gradHidden), rows);
                    dump.write("gradHead", Tensors.matrix(benchmark.gradHead), VOCABULARY);
                });
    }
}
