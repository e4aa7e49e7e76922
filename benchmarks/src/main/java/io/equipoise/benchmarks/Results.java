package io.equipoise.benchmarks;

import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.equipoise.kernels.KernelProvider;
import io.equipoise.model.Device;
import io.equipoise.model.Workers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/**
 * Runs benchmarks as JMH's own command line does, the machine's among them, and merges what they gave into {@code
 * FOLDER/DEVICE.json}: times, and what they mean in bytes or operations a second and as a share of what the machine did in
 * the same run. A result replaces the one of the same benchmark, parameters and device.
 *
 * <p>System properties: {@code equipoise.results}, the folder; {@code equipoise.commit}.
 */
public final class Results {
    private static final JsonMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    private static final Map<String, Function<Map<String, String>, Work>> WORK = Map.of(
            "SampleBenchmark", SampleBenchmark::work,
            "TokenLogProbBenchmark", TokenLogProbBenchmark::work,
            "GradientBenchmark", GradientBenchmark::work,
            "AdamBenchmark", AdamBenchmark::work,
            "HeadBenchmark", HeadBenchmark::work,
            "LmHeadBenchmark", LmHeadBenchmark::work);

    private Results() {}

    public static void main(String[] args) throws Exception {
        var asked = new CommandLineOptions(args);
        var options = new OptionsBuilder().parent(asked);
        for (String include : asked.getIncludes()) options.include(include);
        if (!asked.getIncludes().isEmpty()) options.include("MachineBenchmark");
        leaveOut(options);
        var runner = new Runner(options.build());
        if (asked.shouldHelp() || asked.shouldList()) {
            if (asked.shouldHelp()) asked.showHelp();
            else runner.list();
            return;
        }
        var results = runner.run();
        if (results.isEmpty()) return;
        var folder = Files.createDirectories(Path.of(System.getProperty("equipoise.results", "benchmarks/results")));
        merge(folder, results);
    }

    /** What can't be run without a card, or without libtorch for it, and says so in one line. */
    private static void leaveOut(ChainedOptionsBuilder options) {
        var obstacle = KernelProvider.all().stream()
                .filter(provider -> provider.name().equals("cuda"))
                .findFirst()
                .flatMap(KernelProvider::unavailable);
        if (obstacle.isPresent()) {
            options.exclude("\\.cuda\\w*$");
            System.out.println("cuda left out: " + obstacle.get());
            return;
        }
        Device.CUDA.unavailable().ifPresent(reason -> {
            options.exclude("\\.cudaProductThenSample$");
            System.out.println("cudaProductThenSample left out: " + reason);
        });
    }

    private static void merge(Path folder, Collection<RunResult> results) throws IOException {
        String cpu = cpu();
        String kernels = KernelProvider.named("cpu").description();
        var file = folder.resolve((cpu + " " + Workers.count() + " threads " + kernels)
                        .toLowerCase(Locale.ROOT)
                        .replaceAll("[^a-z0-9]+", "-")
                        .replaceAll("-$", "")
                + ".json");
        var byKey = new TreeMap<String, ObjectNode>();
        if (Files.exists(file)) {
            for (var old : JSON.readTree(file.toFile()).path("results")) byKey.put(key(old.deepCopy()), old.deepCopy());
        }
        var machine = new TreeMap<String, Double>();
        for (var result : results) {
            if (name(result).startsWith("MachineBenchmark.")) {
                String method = method(result);
                machine.put(method, perSecond(MachineBenchmark.work(method), median(result)));
            }
        }
        for (var result : results) {
            var node = node(result, machine);
            byKey.put(key(node), node);
        }
        var root = JSON.createObjectNode();
        root.putObject("device").put("cpu", cpu).put("threads", Workers.count()).put("kernels", kernels);
        ArrayNode list = root.putArray("results");
        byKey.values().forEach(list::add);
        Files.writeString(file, JSON.writeValueAsString(root) + "\n");
        System.out.println(file);
    }

    private static ObjectNode node(RunResult result, Map<String, Double> machine) {
        var node = JSON.createObjectNode();
        node.put("benchmark", name(result));
        boolean onCard = method(result).startsWith("cuda");
        if (onCard) node.put("device", KernelProvider.named("cuda").description());
        var parameters = parameters(result);
        node.putPOJO("parameters", parameters);
        var statistics = result.getPrimaryResult().getStatistics();
        node.putObject("microseconds")
                .put("p50", statistics.getPercentile(50))
                .put("p90", statistics.getPercentile(90));
        node.put("calls", statistics.getN());
        work(result, parameters).ifPresent(work -> {
            double rate = perSecond(work, median(result));
            node.put(work.flop() > 0 ? "flopPerSecond" : "bytesPerSecond", rate);
            var most = machine.get(work.bound());
            if (most != null && !onCard) node.putObject("shareOfMachine").put(work.bound(), rate / most);
        });
        node.put("commit", System.getProperty("equipoise.commit", "unknown"));
        node.put("jdk", System.getProperty("java.runtime.version"));
        return JSON.valueToTree(node);
    }

    private static Optional<Work> work(RunResult result, Map<String, String> parameters) {
        String type = name(result).substring(0, name(result).indexOf('.'));
        if (type.equals("MachineBenchmark")) return Optional.of(MachineBenchmark.work(method(result)));
        return Optional.ofNullable(WORK.get(type)).map(of -> of.apply(parameters));
    }

    private static Map<String, String> parameters(RunResult result) {
        var parameters = new TreeMap<String, String>();
        for (String key : result.getParams().getParamsKeys()) {
            parameters.put(key, result.getParams().getParam(key));
        }
        return parameters;
    }

    private static double perSecond(Work work, double microseconds) {
        return (work.flop() > 0 ? work.flop() : work.bytes()) / (microseconds * 1e-6);
    }

    private static double median(RunResult result) {
        return result.getPrimaryResult().getStatistics().getPercentile(50);
    }

    /** {@code Class.method}. */
    private static String name(RunResult result) {
        String full = result.getParams().getBenchmark();
        return full.substring(full.lastIndexOf('.', full.lastIndexOf('.') - 1) + 1);
    }

    private static String method(RunResult result) {
        return name(result).substring(name(result).indexOf('.') + 1);
    }

    private static String key(ObjectNode node) {
        return node.path("benchmark").asText() + node.path("device").asText() + node.path("parameters");
    }

    private static String cpu() throws IOException {
        var file = Path.of("/proc/cpuinfo");
        if (Files.isReadable(file)) {
            for (String line : Files.readAllLines(file)) {
                if (line.startsWith("model name"))
                    return line.substring(line.indexOf(':') + 1).strip();
            }
        }
        return System.getProperty("os.arch");
    }
}
