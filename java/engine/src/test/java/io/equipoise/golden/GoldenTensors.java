package io.equipoise.golden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/** Reads the reference fixtures under src/test/resources/golden, with no code of the engine. */
public final class GoldenTensors {
    private final JsonNode header;
    private final ByteBuffer data;

    private GoldenTensors(JsonNode header, ByteBuffer data) {
        this.header = header;
        this.data = data;
    }

    /** A .safetensors fixture: 8 bytes of header length, a JSON header, the tensors' bytes; little-endian. */
    public static GoldenTensors read(String name) {
        try {
            var file = ByteBuffer.wrap(bytes(name)).order(ByteOrder.LITTLE_ENDIAN);
            int length = Math.toIntExact(file.getLong());
            var header = new ObjectMapper().readTree(new String(file.array(), 8, length, StandardCharsets.UTF_8));
            return new GoldenTensors(header, file.position(8 + length).slice().order(ByteOrder.LITTLE_ENDIAN));
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /** A .json fixture. */
    public static JsonNode json(String name) {
        try {
            return new ObjectMapper().readTree(bytes(name));
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /** An F32 or I32 tensor's values, flat. */
    public double[] values(String tensor) {
        var entry = Objects.requireNonNull(header.get(tensor), tensor);
        int start = entry.get("data_offsets").get(0).asInt();
        var values = new double[(entry.get("data_offsets").get(1).asInt() - start) / 4];
        boolean isFloat = entry.get("dtype").asText().equals("F32");
        for (int i = 0; i < values.length; i++) {
            values[i] = isFloat ? data.getFloat(start + 4 * i) : data.getInt(start + 4 * i);
        }
        return values;
    }

    /** A matrix's rows. */
    public double[][] rows(String tensor) {
        var flat = values(tensor);
        int columns = Objects.requireNonNull(header.get(tensor), tensor)
                .get("shape")
                .get(1)
                .asInt();
        var rows = new double[flat.length / columns][columns];
        for (int i = 0; i < flat.length; i++) rows[i / columns][i % columns] = flat[i];
        return rows;
    }

    private static byte[] bytes(String name) throws IOException {
        try (var stream = GoldenTensors.class.getResourceAsStream("/golden/" + name)) {
            return Objects.requireNonNull(stream, name).readAllBytes();
        }
    }
}
