package io.equipoise.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.equipoise.kernels.KernelProvider;
import io.equipoise.memory.Vector;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsTest {
    @TempDir
    Path folder;

    private Path file(long headerLength, String header, int dataBytes) throws IOException {
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        var buffer = ByteBuffer.allocate(8 + text.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
        buffer.putLong(headerLength).put(text);
        return Files.write(folder.resolve("t.safetensors"), buffer.array());
    }

    @Test
    void whatIsWrittenIsRead() throws IOException {
        try (var a = Vector.of(1.5f, -2f, Float.MIN_VALUE, 4f, 5f, 6f);
                var b = Vector.of(7f)) {
            var target = folder.resolve("w.safetensors");
            SafetensorsWriter.write(
                    target,
                    List.of(
                            new SafetensorsWriter.Tensor("a", List.of(2L, 3L), a),
                            new SafetensorsWriter.Tensor("ü", List.of(1L), b)));
            try (var read = Safetensors.open(target)) {
                assertThat(read.entries().keySet()).containsExactly("a", "ü");
                assertThat(read.entries().get("a"))
                        .isEqualTo(new Safetensors.Entry("a", "F32", List.of(2L, 3L), 0, 24));
                assertThat(Golden.floats(read, "a")).containsExactly(a.toFloats());
                assertThat(Golden.floats(read, "ü")).containsExactly(7f);
            }
            assertThat(folder.resolve("w.safetensors.part")).doesNotExist();
        }
    }

    @ParameterizedTest(name = "{1}")
    @CsvSource(
            delimiter = '|',
            value = {
                "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,4]}} | data_offsets",
                "{'a':{'dtype':'F32','shape':[1],'data_offsets':[4,0]}} | data_offsets",
                "{'a':{'dtype':'F32','shape':[1],'data_offsets':[-4,0]}} | data_offsets",
                "{'a':{'dtype':'F32','shape':[1],'data_offsets':[0]}} | data_offsets",
                "{'a':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}} | starts at byte 4",
                "{'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]},'b':{'dtype':'F32','shape':[1],'data_offsets':[0,4]}} | starts at byte 0",
                "{'a':{'dtype':'F32','shape':[5],'data_offsets':[0,20]}} | it has 8",
                "{'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]}} | it has 8",
                "{'a':{'dtype':'X9','shape':[1],'data_offsets':[0,4]}} | unknown type",
                "{'a':{'dtype':'F32','shape':[-1],'data_offsets':[0,4]}} | dimension -1",
                "{'a':{'dtype':'F32','shape':[4611686018427387904,4],'data_offsets':[0,8]}} | impossible shape",
                "{'a':{'dtype':'F32','data_offsets':[0,8]}} | no shape",
                "[1,2] | not a JSON object",
                "{'a': | not JSON",
                "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]},'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}} | uplicate",
            })
    void aHeaderThatContradictsTheFileIsRefused(String header, String message) throws IOException {
        String json = header.replace('\'', '"');
        var file = file(json.length(), json, 8);
        assertThatThrownBy(() -> Safetensors.open(file))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("t.safetensors")
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @CsvSource({"0", "1", "100", "-1", "9223372036854775807", "1000000000"})
    void aHeaderLengthBeyondTheFileIsRefused(long length) throws IOException {
        var file = file(length, "{}", 8);
        assertThatThrownBy(() -> Safetensors.open(file)).isInstanceOf(ModelFormatException.class);
    }

    @Test
    void aTruncatedFileIsRefusedAtEveryLength() throws IOException {
        byte[] whole = Files.readAllBytes(Golden.folder("gpt2/expected.safetensors"));
        long seed = 5;
        var random = new Random(seed);
        for (int i = 0; i < 50; i++) {
            int length = i < 20 ? i : random.nextInt(whole.length);
            var cut = Files.write(folder.resolve("cut.safetensors"), java.util.Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> Safetensors.open(cut))
                    .as("seed %d, %d bytes", seed, length)
                    .isInstanceOf(ModelFormatException.class);
        }
    }

    @Test
    void shardsAreFoundByTheirIndexAndNeverOutsideTheFolder() throws IOException {
        var model = folder.resolve("sharded");
        Files.createDirectories(model);
        var config = Golden.folder("gpt2/config.json");
        Files.copy(config, model.resolve("config.json"));
        try (var loaded = ModelHub.loadModel(Golden.folder("gpt2"), KernelProvider.kernels())) {
            split((Gpt2) loaded, model);
            try (var sharded = ModelHub.loadModel(model, KernelProvider.kernels())) {
                assertThat(sharded.parameters().value().toFloats())
                        .containsExactly(loaded.parameters().value().toFloats());
            }
        }
        Files.writeString(
                model.resolve("model.safetensors.index.json"), "{\"weight_map\":{\"a\":\"../../etc/passwd\"}}");
        assertThatThrownBy(() -> ModelHub.loadModel(model, KernelProvider.kernels()))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("not a plain file name");
    }

    private static void split(Gpt2 model, Path target) throws IOException {
        var declarations = model.flatParameters().declarations();
        var parameters = model.parameters();
        var map = new StringBuilder();
        for (int shard = 0; shard < 3; shard++) {
            var tensors = new java.util.ArrayList<SafetensorsWriter.Tensor>();
            for (int i = shard; i < declarations.size(); i += 3) {
                var p = parameters.list().get(i);
                tensors.add(new SafetensorsWriter.Tensor(
                        p.name(),
                        declarations.get(i).shape(),
                        parameters.value().slice(p.from(), p.size())));
                map.append(map.isEmpty() ? "" : ",").append('"' + p.name() + "\":\"s" + shard + ".safetensors\"");
            }
            SafetensorsWriter.write(target.resolve("s" + shard + ".safetensors"), tensors);
        }
        Files.writeString(target.resolve("model.safetensors.index.json"), "{\"weight_map\":{" + map + "}}");
    }
}
