package io.equipoise.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * One {@code .safetensors} file: eight bytes of header length, a JSON header, then the tensors. Everything the header says
 * is checked against the file before a byte of data is touched. Data is read, never mapped: a mapped file that somebody
 * makes shorter kills the process, a read that finds its end is an error.
 */
public final class Safetensors implements AutoCloseable {
    /** Bytes; some 100 times what a model of a thousand tensors has. */
    private static final long LARGEST_HEADER = 16 << 20;

    private static final int LARGEST_RANK = 8;
    /** Bytes; a multiple of every type's. */
    private static final int PIECE = 4 << 20;

    private static final Map<String, Integer> BYTES = Map.ofEntries(
            Map.entry("F64", 8),
            Map.entry("F32", 4),
            Map.entry("F16", 2),
            Map.entry("BF16", 2),
            Map.entry("I64", 8),
            Map.entry("I32", 4),
            Map.entry("I16", 2),
            Map.entry("I8", 1),
            Map.entry("U8", 1),
            Map.entry("BOOL", 1));
    private static final JsonFile JSON = JsonFile.of(8, 1_000_000);

    /**
     * One tensor of the file.
     *
     * @param type safetensors' name of the element type: F32, BF16, …
     * @param shape row-major; empty for a scalar
     * @param begin first byte, from the start of the data
     * @param end one past the last byte
     */
    public record Entry(String name, String type, List<Long> shape, long begin, long end) {}

    private final Path file;
    private final FileChannel channel;
    private final long dataStart;
    private final Map<String, Entry> entries;

    private Safetensors(Path file, FileChannel channel, long dataStart, Map<String, Entry> entries) {
        this.file = file;
        this.channel = channel;
        this.dataStart = dataStart;
        this.entries = entries;
    }

    /** @throws ModelFormatException when the file is missing, truncated or contradicts itself */
    public static Safetensors open(Path file) {
        FileChannel channel;
        try {
            channel = FileChannel.open(file, StandardOpenOption.READ);
        } catch (IOException e) {
            throw new ModelFormatException("can't open " + file + ": " + e, e);
        }
        try {
            long size = channel.size();
            var start = ByteBuffer.allocate((int) Math.min(size, GitLfsPointer.BEGINNING_BYTES));
            readFully(channel, start, 0);
            GitLfsPointer.refuse(file, start.array());
            if (size < 8) throw broken(file, "it has " + size + " bytes, not even the 8 of the header's length");
            var prefix = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
            readFully(channel, prefix, 0);
            long length = prefix.getLong(0);
            if (length < 2 || length > size - 8) {
                throw broken(
                        file, "its header claims " + Long.toUnsignedString(length) + " bytes, the file has " + size);
            }
            if (length > LARGEST_HEADER) {
                throw new ModelFormatException(file + " is not a safetensors file of a model: its header claims "
                        + length + " bytes, at most " + LARGEST_HEADER + " are read; download it again");
            }
            var header = ByteBuffer.allocate((int) length);
            readFully(channel, header, 8);
            long dataSize = size - 8 - length;
            return new Safetensors(file, channel, 8 + length, parse(file, header.array(), dataSize));
        } catch (IOException | RuntimeException e) {
            try {
                channel.close();
            } catch (IOException suppressed) {
                e.addSuppressed(suppressed);
            }
            if (e instanceof RuntimeException runtime) throw runtime;
            throw new ModelFormatException("can't read " + file + ": " + e, e);
        }
    }

    private static void readFully(FileChannel channel, ByteBuffer buffer, long from) throws IOException {
        while (buffer.hasRemaining()) {
            int count = channel.read(buffer, from + buffer.position());
            if (count < 0) throw new IOException("the file now ends before byte " + (from + buffer.limit()));
        }
    }

    private static Map<String, Entry> parse(Path file, byte[] header, long dataSize) {
        JsonNode root;
        try {
            root = JSON.parse(header);
        } catch (IOException e) {
            throw new ModelFormatException(
                    file + " is not a safetensors file: its header is not JSON (" + JsonFile.reason(e)
                            + "); download it again",
                    e);
        }
        if (!root.isObject()) throw broken(file, "its header is not a JSON object");
        var entries = new ArrayList<Entry>();
        for (var field : root.properties()) {
            if (!field.getKey().equals("__metadata__")) entries.add(entry(file, field.getKey(), field.getValue()));
        }
        entries.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
        long expected = 0;
        for (var entry : entries) {
            if (entry.begin() != expected) {
                throw broken(
                        file, "tensor " + entry.name() + " starts at byte " + entry.begin() + ", expected " + expected);
            }
            expected = entry.end();
        }
        if (expected != dataSize) {
            throw broken(file, "its tensors need " + expected + " bytes of data, it has " + dataSize);
        }
        var byName = new LinkedHashMap<String, Entry>();
        for (var entry : entries) byName.put(entry.name(), entry);
        return byName;
    }

    private static Entry entry(Path file, String name, JsonNode node) {
        String type = node.path("dtype").asText();
        var bytes = BYTES.get(type);
        if (bytes == null) throw broken(file, "tensor " + name + " has the unknown type '" + type + "'");
        if (!node.path("shape").isArray()) throw broken(file, "tensor " + name + " has no shape");
        if (node.path("shape").size() > LARGEST_RANK) {
            throw broken(
                    file,
                    "tensor " + name + " has " + node.path("shape").size() + " dimensions, wanted at most "
                            + LARGEST_RANK);
        }
        var shape = new ArrayList<Long>();
        long size = bytes;
        for (var dimension : node.path("shape")) {
            if (!dimension.canConvertToLong() || !dimension.isIntegralNumber() || dimension.asLong() < 0) {
                throw broken(file, "tensor " + name + " has the dimension " + dimension);
            }
            shape.add(dimension.asLong());
            try {
                size = Math.multiplyExact(size, dimension.asLong());
            } catch (ArithmeticException e) {
                throw broken(file, "tensor " + name + " has an impossible shape " + node.path("shape"));
            }
        }
        var offsets = node.path("data_offsets");
        if (!offsets.isArray()
                || offsets.size() != 2
                || !offsets.get(0).isIntegralNumber()
                || !offsets.get(1).isIntegralNumber()
                || !offsets.get(0).canConvertToLong()
                || !offsets.get(1).canConvertToLong()) {
            throw broken(file, "tensor " + name + " has data_offsets " + offsets);
        }
        long begin = offsets.get(0).asLong();
        long end = offsets.get(1).asLong();
        if (begin < 0 || end < begin || end - begin != size) {
            throw broken(
                    file, "tensor " + name + " of " + size + " bytes has data_offsets [" + begin + ", " + end + ")");
        }
        return new Entry(name, type, Collections.unmodifiableList(shape), begin, end);
    }

    /** The tensors by name, in the order of their data. */
    public Map<String, Entry> entries() {
        return Collections.unmodifiableMap(entries);
    }

    /**
     * Reads a tensor's bytes in order.
     *
     * @param piece takes each part: little-endian, direct, whole elements, good only until it returns
     * @throws ModelFormatException when the file can't be read, or has become shorter since it was opened
     */
    public void read(Entry entry, Consumer<ByteBuffer> piece) {
        long size = entry.end() - entry.begin();
        var buffer = ByteBuffer.allocateDirect((int) Math.min(PIECE, size)).order(ByteOrder.LITTLE_ENDIAN);
        for (long from = 0; from < size; from += PIECE) {
            buffer.clear().limit((int) Math.min(PIECE, size - from));
            try {
                readFully(channel, buffer, dataStart + entry.begin() + from);
            } catch (IOException e) {
                throw new ModelFormatException(
                        "can't read tensor " + entry.name() + " of " + file + ": " + e.getMessage()
                                + "; don't change a model's files while they are read",
                        e);
            }
            piece.accept(buffer.flip());
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new ModelFormatException("can't close " + file + ": " + e, e);
        }
    }

    private static ModelFormatException broken(Path file, String what) {
        return new ModelFormatException(
                file + " is not a whole safetensors file: " + what + "; download or copy it again");
    }
}
