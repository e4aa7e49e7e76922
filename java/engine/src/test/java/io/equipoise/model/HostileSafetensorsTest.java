package io.equipoise.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.equipoise.kernels.KernelProvider;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Weights and configurations that somebody made to do harm. */
class HostileSafetensorsTest {
    @TempDir
    private Path folder = Path.of("");

    private Path file = Path.of("");

    @BeforeEach
    void chooseFile() {
        file = folder.resolve("model.safetensors");
    }

    private void write(String header, long dataBytes) throws IOException {
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        try (var access = new RandomAccessFile(file.toFile(), "rw")) {
            access.write(ByteBuffer.allocate(8)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(0, text.length)
                    .array());
            access.write(text);
            access.setLength(8 + text.length + dataBytes);
        }
    }

    private void refused(String... parts) {
        assertThatThrownBy(() -> Safetensors.open(file).close())
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContainingAll("model.safetensors")
                .hasMessageContainingAll(parts);
    }

    @Test
    void aHeaderOfOneGigabyteIsRefusedUnread() throws IOException {
        long length = 1L << 30;
        try (var access = new RandomAccessFile(file.toFile(), "rw")) {
            access.write(ByteBuffer.allocate(8)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(0, length)
                    .array());
            // Sparse: it takes no disk.
            access.setLength(8 + length + 8);
        }
        refused("header claims 1073741824 bytes", "at most 16777216 are read");
    }

    @Test
    void aHeaderOfAMillionValuesIsRefused() throws IOException {
        write("{\"a\":{\"dtype\":\"F32\",\"shape\":[" + "1,".repeat(1_000_000) + "1],\"data_offsets\":[0,4]}}", 4);
        refused("header is not JSON", "Token count");
    }

    @Test
    void aDeeplyNestedHeaderIsRefused() throws IOException {
        write("{\"a\":" + "[".repeat(100_000) + "]".repeat(100_000) + "}", 4);
        refused("header is not JSON", "nesting depth");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[0,18446744073709551616]",
                "[0,1e1]",
                "[0.5,8]",
                "[\"0\",\"8\"]",
                "[-9223372036854775808,-9223372036854775800]",
                "[9223372036854775800,9223372036854775807]",
                "[null,8]",
                "{\"0\":8}",
                "[0,8,8]",
            })
    void offsetsThatAreNoneAreRefused(String offsets) throws IOException {
        write("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":" + offsets + "}}", 8);
        refused("tensor a", "data_offsets");
    }

    @ParameterizedTest
    @ValueSource(strings = {"[1e0]", "[\"2\"]", "[null]", "[[2]]", "[1,1,1,1,1,1,1,1,2]", "{}", "2"})
    void shapesThatAreNoneAreRefused(String shape) throws IOException {
        write("{\"a\":{\"dtype\":\"F32\",\"shape\":" + shape + ",\"data_offsets\":[0,8]}}", 8);
        refused("tensor a");
    }

    @Test
    void tensorsThatOverlapAreRefused() throws IOException {
        String each = "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[%d,%d]}";
        write("{\"a\":" + each.formatted(0, 8) + ",\"b\":" + each.formatted(4, 12) + "}", 12);
        refused("tensor b starts at byte 4, expected 8");
    }

    @Test
    void aFileThatShrinksAfterItWasOpenedIsAnError() throws IOException {
        write("{\"a\":{\"dtype\":\"F32\",\"shape\":[1000],\"data_offsets\":[0,4000]}}", 4000);
        try (var safetensors = Safetensors.open(file)) {
            try (var access = new RandomAccessFile(file.toFile(), "rw")) {
                access.setLength(2000);
            }
            var entry = Objects.requireNonNull(safetensors.entries().get("a"));
            assertThatThrownBy(() -> safetensors.read(entry, piece -> {}))
                    .isInstanceOf(ModelFormatException.class)
                    .hasMessageContainingAll("tensor a", "model.safetensors", "now ends before byte", "don't change");
        }
    }

    @Test
    void aFileThatShrinksWhileATensorIsReadIsAnError() throws IOException {
        long elements = 3L << 20;
        write(
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[" + elements + "],\"data_offsets\":[0," + 4 * elements + "]}}",
                4 * elements);
        var pieces = new AtomicInteger();
        try (var safetensors = Safetensors.open(file)) {
            var entry = Objects.requireNonNull(safetensors.entries().get("a"));
            assertThatThrownBy(() -> safetensors.read(entry, piece -> {
                        if (pieces.incrementAndGet() == 1) shrink();
                        // Memory of our own: what was read stays, whatever becomes of the file.
                        long sum = 0;
                        while (piece.hasRemaining()) sum += piece.get();
                        assertThat(sum).isZero();
                    }))
                    .isInstanceOf(ModelFormatException.class)
                    .hasMessageContaining("now ends before byte");
        }
        assertThat(pieces).hasValue(1);
    }

    private void shrink() {
        try (var access = new RandomAccessFile(file.toFile(), "rw")) {
            access.setLength(100);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private Path modelFolder() throws IOException {
        var model = Files.createDirectories(folder.resolve("model"));
        for (String name : new String[] {"config.json", "model.safetensors"}) {
            Files.copy(Golden.folder("gpt2/" + name), model.resolve(name));
        }
        return model;
    }

    private static void loadingIsRefused(Path model, String... parts) {
        assertThatThrownBy(() ->
                        ModelHub.loadModel(model, KernelProvider.kernels()).close())
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContainingAll(parts);
    }

    @ParameterizedTest
    @ValueSource(strings = {"n_layer", "n_embd", "n_positions", "vocab_size", "n_inner"})
    void aConfigurationThatClaimsMoreThanThereIsTakesNoMemory(String key) throws IOException {
        var model = modelFolder();
        var config = model.resolve("config.json");
        String json = Files.readString(config).replaceFirst("\"" + key + "\": *(\\d+|null),?", "");
        for (String size : new String[] {"16777216", "2147483647", "-1", "0", "1e3", "99999999999999999999", "\"4\""}) {
            Files.writeString(config, json.replaceFirst("\\{", "{\"" + key + "\": " + size + ","));
            // A width that its heads don't divide would be refused for that; n_inner that is no int is 4 × n_embd.
            if (key.equals("n_inner") && !size.matches("-?\\d{1,10}")) continue;
            loadingIsRefused(model, "config.json");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"-1", "0", "\"x\"", "1e400", "[]"})
    void anEpsilonThatMakesNoNumbersIsRefused(String epsilon) throws IOException {
        var model = modelFolder();
        var config = model.resolve("config.json");
        String json = Files.readString(config).replaceFirst("\"layer_norm_epsilon\": *[^,}]+", "\"x\": 0");
        Files.writeString(config, json.replaceFirst("\\{", "{\"layer_norm_epsilon\": " + epsilon + ","));
        loadingIsRefused(model, "config.json", "layer_norm_epsilon must be");
    }

    @Test
    void aConfigurationWithoutEndIsRefused() throws IOException {
        var model = modelFolder();
        try (var access = new RandomAccessFile(model.resolve("config.json").toFile(), "rw")) {
            access.setLength(1L << 40);
        }
        loadingIsRefused(model, "config.json", "more than 1048576 bytes");
    }

    @ParameterizedTest
    @ValueSource(strings = {"pytorch_model.bin", "model.pt", "weights.pth", "epoch.ckpt", "model.pkl"})
    void picklesAreNeverOpened(String name) throws IOException {
        var model = modelFolder();
        Files.move(model.resolve("model.safetensors"), model.resolve(name));
        loadingIsRefused(
                model, name + " is a pickle, which can run any code", "never opened", "safe_serialization=True");
        Files.writeString(model.resolve("model.safetensors.index.json"), "{\"weight_map\":{\"a\":\"" + name + "\"}}");
        loadingIsRefused(model, name, "ends in .safetensors");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"/", "..", ".", "", "a\\u0000.safetensors", "../x.safetensors", "/etc/x.safetensors", "\\ud800"})
    void shardsThatAreNoFilesOfTheFolderAreRefused(String shard) throws IOException {
        var model = modelFolder();
        Files.delete(model.resolve("model.safetensors"));
        Files.writeString(model.resolve("model.safetensors.index.json"), "{\"weight_map\":{\"a\":\"" + shard + "\"}}");
        loadingIsRefused(model, "index.json", "not a plain file name");
    }
}
