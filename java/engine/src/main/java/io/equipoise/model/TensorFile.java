package io.equipoise.model;

import io.equipoise.memory.Vector;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/** Flat f32 vectors by name in a {@code .safetensors} file. */
public final class TensorFile {
    private TensorFile() {}

    /** Writes vectors, of whatever memory: aside, flushed to the disk, then renamed. */
    public static void write(Path file, Map<String, Vector> vectors) throws IOException {
        SafetensorsWriter.write(
                file,
                vectors.entrySet().stream()
                        .map(each -> new SafetensorsWriter.Tensor(
                                each.getKey(), List.of(each.getValue().size()), each.getValue()))
                        .toList());
    }

    /**
     * Reads all tensors, flattened, into the host's memory.
     *
     * @return in the order of their data; the caller closes them
     * @throws ModelFormatException when the file is missing, broken or holds other types than F32
     */
    public static Map<String, Vector> read(Path file) {
        var vectors = new LinkedHashMap<String, Vector>();
        try (var safetensors = Safetensors.open(file)) {
            for (var entry : safetensors.entries().values()) {
                var vector = Vector.f32(count(entry, file));
                vectors.put(entry.name(), vector);
                copy(safetensors, entry, vector, 0);
            }
            return vectors;
        } catch (RuntimeException e) {
            vectors.values().forEach(Vector::close);
            throw e;
        }
    }

    /**
     * Reads all tensors into one vector in the host's memory, each after the one whose data is before its own: what {@link
     * Parameters#value()} was when {@link ModelHub#save} wrote it.
     *
     * @return the caller closes it
     * @throws ModelFormatException as {@link #read}
     */
    public static Vector readJoined(Path file) {
        try (var safetensors = Safetensors.open(file)) {
            long total = 0;
            for (var entry : safetensors.entries().values()) total += count(entry, file);
            var joined = Vector.f32(total);
            try {
                long from = 0;
                for (var entry : safetensors.entries().values()) from = copy(safetensors, entry, joined, from);
                return joined;
            } catch (RuntimeException e) {
                joined.close();
                throw e;
            }
        }
    }

    private static long count(Safetensors.Entry entry, Path file) {
        if (!entry.type().equals("F32")) {
            throw new ModelFormatException(
                    "tensor " + entry.name() + " of " + file + " is " + entry.type() + ", wanted F32");
        }
        return (entry.end() - entry.begin()) / Float.BYTES;
    }

    private static long copy(Safetensors safetensors, Safetensors.Entry entry, Vector destination, long start) {
        var from = new AtomicLong(start);
        safetensors.read(entry, piece -> {
            var floats = piece.asFloatBuffer();
            long count = floats.remaining();
            destination.slice(from.getAndAdd(count), count).asFloats().put(floats);
        });
        return from.get();
    }
}
