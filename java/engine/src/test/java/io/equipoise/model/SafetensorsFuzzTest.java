package io.equipoise.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.equipoise.fuzz.ByteMutations;
import io.equipoise.fuzz.Fuzzer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsFuzzTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final List<String> TYPES = List.of("F64", "F32", "F16", "BF16", "I64", "U8", "BOOL", "X", "");
    private static final String GOOD = """
            {"__metadata__":{"format":"pt"},
            "a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},
            "b":{"dtype":"F16","shape":[4],"data_offsets":[24,32]},
            "c":{"dtype":"I64","shape":[],"data_offsets":[32,40]},
            "d":{"dtype":"BF16","shape":[0,7],"data_offsets":[40,40]}}""";

    @Test
    void everyFileIsReadOrRefused(@TempDir Path folder) throws IOException {
        var file = folder.resolve("fuzz.safetensors");
        var mutations = new ArrayList<>(ByteMutations.ALL);
        // As often as all the others, which rarely leave JSON.
        for (int i = 0; i < ByteMutations.ALL.size(); i++) mutations.add(SafetensorsFuzzTest::editHeader);
        Fuzzer.run(
                "safetensors",
                List.of(file(GOOD.getBytes(StandardCharsets.UTF_8), new byte[40]), file(bytes("{}"), new byte[0])),
                mutations,
                input -> read(file, input),
                ModelFormatException.class);
    }

    private static void read(Path file, byte[] input) throws IOException {
        Files.write(file, input);
        try (var safetensors = Safetensors.open(file)) {
            for (var entry : safetensors.entries().values()) {
                var count = new AtomicLong();
                safetensors.read(entry, piece -> count.addAndGet(piece.remaining()));
                assertThat(count).hasValue(entry.end() - entry.begin());
                assertThat(entry.end()).isBetween(0L, input.length - 8L);
            }
        }
    }

    /** One edit of the header's tree, with its length put right. */
    private static byte[] editHeader(byte[] input, Random random) {
        if (input.length < 8) return input;
        long length = ByteBuffer.wrap(input).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
        if (length < 0 || length > input.length - 8) return input;
        ObjectNode root;
        try {
            if (!(JSON.readTree(input, 8, (int) length) instanceof ObjectNode object)) return input;
            root = object;
        } catch (IOException e) {
            return input;
        }
        var names = new ArrayList<String>();
        root.fieldNames().forEachRemaining(names::add);
        if (names.isEmpty()) return input;
        String name = names.get(random.nextInt(names.size()));
        byte[] data = java.util.Arrays.copyOfRange(input, 8 + (int) length, input.length);
        if (!(root.get(name) instanceof ObjectNode tensor)) return input;
        String text = "";
        switch (random.nextInt(8)) {
            case 0 -> tensor.put("dtype", TYPES.get(random.nextInt(TYPES.size())));
            case 1 -> tensor.set("shape", numbers(random, random.nextInt(12)));
            case 2 -> tensor.set("data_offsets", numbers(random, random.nextInt(4)));
            case 3 -> root.remove(name);
            case 4 -> root.set("copy", tensor.deepCopy());
            case 5 -> tensor.remove(List.of("dtype", "shape", "data_offsets").get(random.nextInt(3)));
            case 6 ->
                text = "{\"" + name + "\":" + tensor + "," + root.toString().substring(1);
            default -> tensor.set("extra", nested(random.nextInt(900)));
        }
        return file(bytes(text.isEmpty() ? root.toString() : text), data);
    }

    private static JsonNode numbers(Random random, int count) {
        var array = JSON.createArrayNode();
        for (int i = 0; i < count; i++) {
            String extreme = ByteMutations.EXTREMES.get(random.nextInt(ByteMutations.EXTREMES.size()));
            if (random.nextBoolean()) array.add(random.nextInt(50));
            else if (random.nextInt(4) == 0) array.add(extreme);
            else array.add(new java.math.BigDecimal(extreme));
        }
        return array;
    }

    private static JsonNode nested(int depth) {
        JsonNode node = JSON.createArrayNode();
        for (int i = 0; i < depth; i++) node = JSON.createArrayNode().add(node);
        return node;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] file(byte[] header, byte[] data) {
        return ByteBuffer.allocate(8 + header.length + data.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(header.length)
                .put(header)
                .put(data)
                .array();
    }
}
