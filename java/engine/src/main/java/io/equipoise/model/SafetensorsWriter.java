package io.equipoise.model;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.equipoise.memory.DataType;
import io.equipoise.memory.Memory;
import io.equipoise.memory.Vector;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.BytePointer;

/** Writes a {@code .safetensors} file: aside, flushed to the disk, then renamed, so that it is whole or absent. */
final class SafetensorsWriter {
    private static final long LARGEST_PIECE = 1L << 28;

    private SafetensorsWriter() {}

    /**
     * One f32 tensor to write.
     *
     * @param shape row-major
     * @param data the elements, f32
     */
    record Tensor(String name, List<Long> shape, Vector data) {}

    static void write(Path file, List<Tensor> tensors) throws IOException {
        var json = new JsonMapper();
        var header = json.createObjectNode();
        // transformers refuses a file that does not say which framework's layout it has.
        header.set("__metadata__", json.valueToTree(Map.of("format", "pt")));
        long offset = 0;
        for (var tensor : tensors) {
            long end = offset + tensor.data().size() * DataType.F32.bytes();
            var node = header.putObject(tensor.name());
            node.put("dtype", "F32");
            node.set("shape", json.valueToTree(tensor.shape()));
            node.set("data_offsets", json.valueToTree(List.of(offset, end)));
            offset = end;
        }
        var text = new StringBuilder(header.toString());
        // Readers expect the data to start at a multiple of eight.
        while (text.toString().getBytes(StandardCharsets.UTF_8).length % 8 != 0) text.append(' ');
        byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
        var aside = file.resolveSibling(file.getFileName() + ".part");
        try (var channel = FileChannel.open(
                aside, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            var prefix = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(0, bytes.length);
            writeFully(channel, prefix);
            writeFully(channel, ByteBuffer.wrap(bytes));
            for (var tensor : tensors) {
                // A buffer ends at 2 GiB, a tensor doesn't.
                for (long from = 0; from < tensor.data().size(); from += LARGEST_PIECE) {
                    long length = Math.min(LARGEST_PIECE, tensor.data().size() - from);
                    writeFully(channel, tensor.data().slice(from, length));
                }
            }
            channel.force(true);
        }
        Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private static void writeFully(FileChannel channel, Vector vector) throws IOException {
        if (vector.memory() == Memory.HOST) {
            writeFully(channel, bytes(vector));
            return;
        }
        try (var here = Vector.f32(vector.size())) {
            here.copyFrom(vector);
            writeFully(channel, bytes(here));
        }
    }

    private static ByteBuffer bytes(Vector vector) {
        long size = vector.size() * DataType.F32.bytes();
        return new BytePointer(vector.address()).capacity(size).asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }

    private static void writeFully(FileChannel channel, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) channel.write(buffer);
    }
}
