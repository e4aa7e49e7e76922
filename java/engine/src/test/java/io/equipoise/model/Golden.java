package io.equipoise.model;

import io.equipoise.kernels.KernelProvider;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Objects;

/** The fixtures under {@code golden/}, computed by other software. */
public final class Golden {
    private Golden() {}

    public static Path folder(String name) {
        try {
            return Path.of(Objects.requireNonNull(Golden.class.getResource("/golden/" + name), name)
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A model of them, on the device that the system property {@code equipoise.test.device} names, the CPU by default. */
    public static CausalLanguageModel model(String name) {
        return model(folder(name));
    }

    /** The same for a model elsewhere. */
    static CausalLanguageModel model(Path folder) {
        var device = Device.named(System.getProperty("equipoise.test.device", Device.CPU.toString()));
        return ModelHub.loadModel(folder, KernelProvider.kernels(), Precision.F32, device);
    }

    public static float[] floats(Safetensors file, String name) {
        var buffer = data(file, name).asFloatBuffer();
        var values = new float[buffer.remaining()];
        buffer.get(values);
        return values;
    }

    public static int[] ints(Safetensors file, String name) {
        var buffer = data(file, name).asIntBuffer();
        var values = new int[buffer.remaining()];
        buffer.get(values);
        return values;
    }

    /** A row-major (rows, columns) tensor of tokens as rows. */
    public static int[][] rows(Safetensors file, String name) {
        int[] flat = ints(file, name);
        int rows = Objects.requireNonNull(file.entries().get(name), name)
                .shape()
                .get(0)
                .intValue();
        var result = new int[rows][flat.length / rows];
        for (int i = 0; i < rows; i++) System.arraycopy(flat, i * result[i].length, result[i], 0, result[i].length);
        return result;
    }

    private static ByteBuffer data(Safetensors file, String name) {
        var entry = Objects.requireNonNull(file.entries().get(name), name);
        var whole = ByteBuffer.allocate(Math.toIntExact(entry.end() - entry.begin()))
                .order(ByteOrder.LITTLE_ENDIAN);
        file.read(entry, whole::put);
        return whole.flip();
    }
}
