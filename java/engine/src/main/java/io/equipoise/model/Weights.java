package io.equipoise.model;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/** The safetensors of a model folder: {@code model.safetensors}, or the shards that its index names. */
final class Weights implements AutoCloseable {
    private static final JsonFile JSON = JsonFile.of(8, 1_000_000);
    private static final int LARGEST_INDEX = 16 << 20;
    private static final Pattern SHARD = Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]{0,200}\\.safetensors");
    /** What PyTorch's own formats, which are pickles, are called. */
    private static final Pattern PICKLE = Pattern.compile(".*\\.(bin|pt|pth|ckpt|pkl|pickle)");

    private final Path folder;
    private final Map<String, Safetensors> files;
    private final Map<String, Safetensors> fileOf = new HashMap<>();

    private Weights(Path folder, Map<String, Safetensors> files) {
        this.folder = folder;
        this.files = files;
        for (var file : files.values()) {
            for (String name : file.entries().keySet()) {
                if (fileOf.put(name, file) == null) continue;
                throw new ModelFormatException("tensor " + name + " is in two shards of " + folder
                        + "; remove those that belong to another model");
            }
        }
    }

    static Weights open(Path folder) {
        var files = new LinkedHashMap<String, Safetensors>();
        try {
            var index = folder.resolve("model.safetensors.index.json");
            if (Files.exists(folder.resolve("model.safetensors"))) {
                files.put("model.safetensors", Safetensors.open(folder.resolve("model.safetensors")));
            } else if (Files.exists(index)) {
                for (var shard : shards(index)) {
                    if (!files.containsKey(shard)) files.put(shard, Safetensors.open(folder.resolve(shard)));
                }
            } else {
                throw none(folder);
            }
            return new Weights(folder, files);
        } catch (RuntimeException e) {
            files.values().forEach(Safetensors::close);
            throw e;
        }
    }

    private static ModelFormatException none(Path folder) {
        String pickle = "";
        try (var files = Files.list(folder)) {
            pickle = files.map(file -> file.getFileName().toString())
                    .filter(name -> PICKLE.matcher(name).matches())
                    .sorted()
                    .findFirst()
                    .map(name -> "; " + name + " is a pickle, which can run any code, and is never opened")
                    .orElse("");
        } catch (IOException e) {
            pickle = "; what else is there can't be listed (" + e.getMessage() + ")";
        }
        return new ModelFormatException("no model.safetensors and no model.safetensors.index.json in " + folder + pickle
                + "; convert other formats with transformers' save_pretrained(…, safe_serialization=True)");
    }

    private static List<String> shards(Path index) {
        var root = JSON.read(index, LARGEST_INDEX);
        var shards = new java.util.ArrayList<String>();
        for (var field : root.path("weight_map").properties()) {
            String shard = field.getValue().asText();
            // A shard is a file of this folder: never a path out of it.
            if (!SHARD.matcher(shard).matches()) {
                throw new ModelFormatException(index + " names the shard '" + shard
                        + "', which is not a plain file name that ends in .safetensors; download it again");
            }
            shards.add(shard);
        }
        if (shards.isEmpty()) throw new ModelFormatException(index + " has no weight_map");
        return shards;
    }

    /** The first of these names that is there, with its shape checked. */
    Optional<String> find(List<String> candidates, List<Long> shape) {
        for (String name : candidates) {
            var file = fileOf.get(name);
            if (file == null) continue;
            var entry = file.entries().get(name);
            if (entry != null && !entry.shape().equals(shape)) {
                throw new ModelFormatException("tensor " + name + " in " + folder + " has shape " + entry.shape()
                        + ", config.json wants " + shape);
            }
            return Optional.of(name);
        }
        return Optional.empty();
    }

    /** @return safetensors' name of the type: F32, F16 or BF16 */
    String type(String name) {
        String type = entry(name).type();
        if (!List.of("F32", "F16", "BF16").contains(type)) {
            throw new ModelFormatException(
                    "tensor " + name + " in " + folder + " is " + type + ", wanted F32, F16 or BF16");
        }
        return type;
    }

    /** As {@link Safetensors#read}. */
    void read(String name, Consumer<ByteBuffer> piece) {
        file(name).read(entry(name), piece);
    }

    /** Whether there is a tensor of this name. */
    boolean has(String name) {
        return fileOf.containsKey(name);
    }

    /** A tensor's shape, row-major. */
    List<Long> shape(String name) {
        return entry(name).shape();
    }

    /** How many tensors there are. */
    int size() {
        return fileOf.size();
    }

    private Safetensors.Entry entry(String name) {
        var entry = file(name).entries().get(name);
        if (entry == null) throw new ModelFormatException("no tensor " + name + " in " + folder);
        return entry;
    }

    private Safetensors file(String name) {
        var file = fileOf.get(name);
        if (file == null) throw new ModelFormatException("no tensor " + name + " in " + folder);
        return file;
    }

    @Override
    public void close() {
        files.values().forEach(Safetensors::close);
    }
}
