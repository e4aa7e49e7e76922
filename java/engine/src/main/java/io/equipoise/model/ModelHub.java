package io.equipoise.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.equipoise.kernels.KernelProvider;
import io.equipoise.kernels.Kernels;
import io.equipoise.memory.Vector;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.ObjLongConsumer;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Loads and saves Hugging Face model folders: {@code config.json}, safetensors, {@code tokenizer.json}. */
public final class ModelHub {
    private static final Logger LOG = LoggerFactory.getLogger(ModelHub.class);
    private static final String EMBEDDING = "transformer.wte.weight";
    private static final String HEAD = "lm_head.weight";
    private static final JsonMapper JSON = new JsonMapper();
    private static final JsonFile CONFIG = JsonFile.of(16, 100_000);
    private static final int LARGEST_CONFIG = 1 << 20;

    private ModelHub() {}

    /**
     * A model with its tokenizer.
     *
     * @throws ModelFormatException when something is missing, broken, unknown, or doesn't fit together
     */
    public static PretrainedModel load(Path folder) {
        return load(folder, Precision.F32);
    }

    /**
     * A model with its tokenizer.
     *
     * @param precision what products are computed in; weights are kept in f32
     * @throws ModelFormatException when something is missing, broken, unknown, or doesn't fit together
     */
    public static PretrainedModel load(Path folder, Precision precision) {
        return load(folder, precision, Device.CPU);
    }

    /**
     * A model with its tokenizer, computed on a device.
     *
     * @param precision as for {@link #load(Path, Precision)}
     * @param device whose memory the process's kernels must be able to read
     * @throws ModelFormatException when something is missing, broken, unknown, or doesn't fit together
     * @throws io.equipoise.kernels.KernelException when the device can't be used
     */
    public static PretrainedModel load(Path folder, Precision precision, Device device) {
        var kernels = KernelProvider.kernels();
        var model = loadModel(folder, kernels, precision, LibtorchDevice.of(device, kernels));
        try {
            var loaded = new PretrainedModel(
                    model,
                    Tokenizer.load(
                            folder.resolve("tokenizer.json"), model.config().vocabularySize()));
            LOG.info("{}", loaded.specialTokens());
            Companions.tell(folder);
            return loaded;
        } catch (RuntimeException e) {
            model.close();
            throw e;
        }
    }

    /**
     * What a model will take of the host's memory, before any of it is taken.
     *
     * @throws ModelFormatException when its configuration is missing, broken or unknown
     */
    public static ModelMemory memory(Path folder, Precision precision) {
        return memory(folder, precision, Device.CPU);
    }

    /**
     * What a model will take of a device's memory, before any of it is taken.
     *
     * @throws ModelFormatException when its configuration is missing, broken or unknown
     */
    public static ModelMemory memory(Path folder, Precision precision, Device device) {
        var config = config(folder, tokens -> {});
        try (var weights = Weights.open(folder)) {
            // A configuration may claim any size; these are there.
            names(weights, config, folder);
        }
        return device == Device.CPU
                ? new Gpt2Memory(config, precision.type(), Workers.count())
                : Gpt2Memory.onCard(config);
    }

    /**
     * A model without a tokenizer.
     *
     * @throws ModelFormatException when something is missing, broken or unknown
     */
    public static CausalLanguageModel loadModel(Path folder, Kernels kernels) {
        return loadModel(folder, kernels, Precision.F32);
    }

    /**
     * A model without a tokenizer.
     *
     * @param precision as for {@link #load(Path, Precision)}
     * @throws ModelFormatException when something is missing, broken or unknown
     */
    public static CausalLanguageModel loadModel(Path folder, Kernels kernels, Precision precision) {
        return loadModel(folder, kernels, precision, LibtorchDevice.CPU);
    }

    /**
     * A model without a tokenizer, computed on a device.
     *
     * @param kernels which must be able to read the device's memory
     * @param precision as for {@link #load(Path, Precision)}
     * @throws ModelFormatException when something is missing, broken or unknown
     * @throws io.equipoise.kernels.KernelException when the device can't be used
     */
    public static CausalLanguageModel loadModel(Path folder, Kernels kernels, Precision precision, Device device) {
        return loadModel(folder, kernels, precision, LibtorchDevice.of(device, kernels));
    }

    static CausalLanguageModel loadModel(Path folder, Kernels kernels, Precision precision, LibtorchDevice device) {
        var config = config(folder, SpecialTokens::tell);
        Gpt2.withoutKernels(config, kernels, device).ifPresent(why -> LOG.info("{}: {}", folder, why));
        try (var weights = Weights.open(folder)) {
            // Before any memory is taken: a configuration may claim any size.
            var names = names(weights, config, folder);
            var model = new Gpt2(config, kernels, precision, device);
            try {
                names.forEach((name, found) ->
                        read(weights, found, model.flatParameters().tensor(name), folder));
                if (config.tiedEmbeddings()) requireTied(weights, names, model.flatParameters(), folder);
                return model;
            } catch (RuntimeException e) {
                model.close();
                throw e;
            }
        }
    }

    /** What the tensor of each parameter is called in the files; all are there, of a known type and the right shape. */
    private static Map<String, String> names(Weights weights, Gpt2Config config, Path folder) {
        if (config.layers() > weights.size()) {
            throw new ModelFormatException(folder.resolve("config.json") + ": n_layer is " + config.layers() + ", the "
                    + weights.size() + " tensors in " + folder + " are too few for that; they are of another model");
        }
        var names = new LinkedHashMap<String, String>();
        for (var declaration : Gpt2.declarations(config)) {
            String name = declaration.name();
            // Checkpoints of the bare transformer leave the prefix out.
            var candidates = new ArrayList<>(List.of(name, name.replaceFirst("^transformer\\.", "")));
            if (name.equals(config.headName())) candidates.add(HEAD);
            String found = weights.find(candidates, declaration.shape())
                    .orElseThrow(() -> new ModelFormatException("no tensor " + name + " in " + folder
                            + "; the safetensors are of another model or incomplete"));
            weights.type(found);
            names.put(name, found);
        }
        return names;
    }

    /**
     * Refuses a head of its own where the configuration says that there is none: transformers keeps both, so what is computed
     * with one of them is another model.
     */
    private static void requireTied(
            Weights weights, Map<String, String> names, FlatParameters parameters, Path folder) {
        String embedding = names.getOrDefault(EMBEDDING, EMBEDDING);
        if (!weights.has(HEAD) || embedding.equals(HEAD)) return;
        var shape = weights.shape(embedding);
        if (weights.shape(HEAD).equals(shape) && isEqual(weights, HEAD, parameters.tensor(EMBEDDING))) return;
        throw new ModelFormatException("tensor " + HEAD + " in " + folder + " differs from " + embedding
                + ", but tie_word_embeddings is true in config.json, which says that they are one; set it to false to"
                + " use both, as transformers does, or delete " + HEAD + " from the safetensors to use " + embedding
                + " alone");
    }

    private static Gpt2Config config(Path folder, Consumer<SpecialTokens> told) {
        if (!Files.isDirectory(folder)) {
            throw new ModelFormatException("no model folder " + folder
                    + "; give the path of a folder with config.json, model.safetensors and tokenizer.json");
        }
        var file = folder.resolve("config.json");
        var json = readConfig(file);
        String type = json.path("model_type").asText("");
        if (!type.equals("gpt2")) {
            throw new ModelFormatException(file + ": model_type '" + type + "' is not supported; supported: gpt2");
        }
        var tokens = SpecialTokens.read(folder, json, Gpt2Config.vocabularySize(json, file));
        told.accept(tokens);
        return Gpt2Config.of(json, file, tokens);
    }

    private static JsonNode readConfig(Path file) {
        if (!Files.isRegularFile(file)) throw new ModelFormatException("no " + file + ": not a model folder");
        return CONFIG.read(file, LARGEST_CONFIG);
    }

    private static void read(Weights weights, String name, Tensor destination, Path folder) {
        try (var scope = new PointerScope();
                var guard = new NoGradGuard()) {
            var flat = destination.view(-1);
            pieces(weights, name, (source, from) -> flat.narrow(0, from, source.numel())
                    .copy_(source));
            if (!torch.isfinite(flat).all().item_bool()) {
                throw new ModelFormatException("tensor " + name + " in " + folder
                        + " holds NaN or infinity; the checkpoint is damaged or its training diverged");
            }
        }
    }

    /** Whether a tensor of the files has the values of one in memory. */
    private static boolean isEqual(Weights weights, String name, Tensor wanted) {
        try (var scope = new PointerScope();
                var guard = new NoGradGuard()) {
            var flat = wanted.view(-1);
            var equal = new AtomicBoolean(true);
            pieces(weights, name, (source, from) -> {
                if (!equal.get()) return;
                var there = flat.narrow(0, from, source.numel());
                equal.set(torch.empty_like(there).copy_(source).equal(there));
            });
            return equal.get();
        }
    }

    /** @param piece takes the elements' place and the elements, of the type that the file has, good only until it returns */
    private static void pieces(Weights weights, String name, ObjLongConsumer<Tensor> piece) {
        var type =
                switch (weights.type(name)) {
                    case "F32" -> torch.ScalarType.Float;
                    case "F16" -> torch.ScalarType.Half;
                    default -> torch.ScalarType.BFloat16;
                };
        int bytes = type == torch.ScalarType.Float ? 4 : 2;
        var from = new AtomicLong();
        weights.read(name, buffer -> {
            long count = buffer.remaining() / bytes;
            var source = torch.from_blob(new BytePointer(buffer), new long[] {count}, new TensorOptions(type));
            piece.accept(source, from.getAndAdd(count));
        });
    }

    /**
     * Saves the weights in f32 with the configuration they were loaded with; {@code transformers} loads the result.
     *
     * @param origin the folder the model came from: its configuration, what it has of tokenizer and generation, and its
     *     licence are taken along
     */
    public static void save(CausalLanguageModel model, Path origin, Path folder) throws IOException {
        save(model, model.parameters().value(), origin, folder);
    }

    /**
     * The same with weights copied earlier, while the model may be changing.
     *
     * @param values (P) in the order of {@link CausalLanguageModel#parameters}, f32
     */
    public static void save(CausalLanguageModel model, Vector values, Path origin, Path folder) throws IOException {
        if (!(model instanceof Gpt2 gpt2)) {
            throw new IllegalArgumentException(
                    "only models loaded from a folder can be saved, got " + model.getClass());
        }
        Files.createDirectories(folder);
        Companions.copy(origin, folder);
        var config = (ObjectNode) readConfig(origin.resolve("config.json"));
        config.put(config.has("torch_dtype") ? "torch_dtype" : "dtype", "float32");
        Files.writeString(
                folder.resolve("config.json"),
                JSON.writerWithDefaultPrettyPrinter().writeValueAsString(config) + "\n");
        var tensors = new ArrayList<SafetensorsWriter.Tensor>();
        var parameters = gpt2.parameters();
        var declarations = gpt2.flatParameters().declarations();
        for (int i = 0; i < declarations.size(); i++) {
            var parameter = parameters.list().get(i);
            tensors.add(new SafetensorsWriter.Tensor(
                    parameter.name(), declarations.get(i).shape(), values.slice(parameter.from(), parameter.size())));
        }
        SafetensorsWriter.write(folder.resolve("model.safetensors"), tensors);
    }
}
