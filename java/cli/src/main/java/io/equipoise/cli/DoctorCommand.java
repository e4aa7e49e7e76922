package io.equipoise.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.equipoise.cli.config.RunConfig;
import io.equipoise.kernels.KernelProvider;
import io.equipoise.model.Device;
import io.equipoise.model.ModelHub;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;

/** {@code doctor}. */
@picocli.CommandLine.Command(name = "doctor", description = "Say what runs here, what doesn't, and why.")
final class DoctorCommand extends Command {
    private static final double GIB = 1L << 30;

    DoctorCommand(Console console) {
        super(console);
    }

    @Override
    void run() throws Exception {
        var json = JsonNodeFactory.instance.objectNode();
        var versions = json.putObject("versions");
        versions.put("equipoise", Version.equipoise());
        versions.put("java", Runtime.version() + ", " + System.getProperty("java.vm.name"));
        versions.put("javacpp", version("org.bytedeco", "javacpp"));
        versions.put("pytorch preset", version("org.bytedeco", "pytorch"));
        versions.put("openblas preset", version("org.bytedeco", "openblas"));
        var processor = Processor.ofThisMachine();
        var machine = json.putObject("machine");
        machine.put(
                "system",
                System.getProperty("os.name") + " " + System.getProperty("os.version") + ", "
                        + System.getProperty("os.arch"));
        machine.put("processor", processor.name());
        machine.put("features", String.join(" ", processor.features()));
        machine.put("threads", Runtime.getRuntime().availableProcessors());
        machine.put("memory, GiB", round(Pointer.totalPhysicalBytes() / GIB));
        machine.put("memory free, GiB", round(Pointer.availablePhysicalBytes() / GIB));
        machine.put("container's memory, GiB", round(MachineMemory.limit() / GIB));
        machine.put("Java heap at most, GiB", round(Runtime.getRuntime().maxMemory() / GIB));
        machine.put("GPU", String.join("; ", Processor.nvidiaDevices()));
        machine.put("GPU driver", Processor.nvidiaDriver());
        kernels(json.putObject("kernels"));
        var library = json.putObject("libtorch");
        try (var model = ModelHub.load(ModelFolder.of(RunConfig.EMBEDDED))) {
            library.put("loads", true);
            library.put("embedded model", model.model().parameters().value().size() + " parameters");
            library.put("its special tokens", model.specialTokens());
        }
        for (var device : Device.values()) {
            library.put(
                    "--device " + device,
                    device.unavailable().map(why -> "can't run: " + why).orElse("can run"));
        }
        console().result(json);
        console().result(text(json));
    }

    private static void kernels(ObjectNode node) {
        node.put("in use", KernelProvider.kernels().description());
        for (var provider : KernelProvider.all()) {
            node.put(
                    provider.name(),
                    provider.unavailable().map(why -> "can't run: " + why).orElse("can run"));
        }
    }

    private static String version(String group, String artifact) throws IOException {
        return Optional.ofNullable(Loader.getVersion(group, artifact)).orElse("unknown");
    }

    private static double round(double value) {
        return Math.rint(value * 10) / 10;
    }

    private static String text(ObjectNode json) {
        var text = new StringBuilder();
        for (var section : json.properties()) {
            text.append(text.isEmpty() ? "" : "\n").append(section.getKey()).append('\n');
            for (var field : section.getValue().properties()) {
                String value = field.getValue().asText();
                text.append(String.format("  %-22s %s%n", field.getKey(), value.isEmpty() ? "none" : value));
            }
        }
        return text.toString().stripTrailing();
    }

    /**
     * The processor, as far as the system tells.
     *
     * @param features those that kernels ask for
     */
    record Processor(String name, List<String> features) {
        private static final String ASKED_FOR =
                "avx|avx2|fma|f16c|avx512.*|avx_vnni|amx_.*|asimd|asimdhp|bf16|sve.*|i8mm";

        static Processor ofThisMachine() {
            String name = System.getProperty("os.arch");
            List<String> features = List.of();
            for (String line : SystemFiles.lines("/proc/cpuinfo")) {
                String value = line.substring(line.indexOf(':') + 1).strip();
                if (line.startsWith("model name")) name = value;
                if (line.startsWith("flags") || line.startsWith("Features")) {
                    features = List.of(value.split(" ")).stream()
                            .filter(feature -> feature.matches(ASKED_FOR))
                            .sorted()
                            .toList();
                }
            }
            return new Processor(name, features);
        }

        static List<String> nvidiaDevices() {
            return SystemFiles.below("/proc/driver/nvidia/gpus", "information").stream()
                    .flatMap(file -> SystemFiles.lines(file).stream())
                    .filter(line -> line.startsWith("Model:"))
                    .map(line -> line.substring(6).strip())
                    .toList();
        }

        /** As its kernel module gives it; empty without one. */
        static String nvidiaDriver() {
            return SystemFiles.lines("/proc/driver/nvidia/version").stream()
                    .filter(line -> line.startsWith("NVRM version:"))
                    .map(line -> line.substring(13).strip())
                    .findFirst()
                    .orElse("");
        }
    }
}
