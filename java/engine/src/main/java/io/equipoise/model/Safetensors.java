package io.equipoise.model;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
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

/**
 * One {@code .safetensors} file, memory-mapped: eight bytes of header length, a JSON header, then the tensors. Everything
 * the header says is checked against the file before a byte of data is touched.
 */
public final class Safetensors implements AutoCloseable {
    private static final long LARGEST_HEADER = 100_000_000;
    private static final long LARGEST_PIECE = 1L << 30;
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
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    static {
        JSON.getFactory()
                .setStreamReadConstraints(
                        StreamReadConstraints.builder().maxNestingDepth(8).build());
    }

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
            if (size < 8) throw broken(file, "it has " + size + " bytes, not even the 8 of the header's length");
            var prefix = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
            readFully(channel, prefix, 0);
            long length = prefix.getLong(0);
            if (length < 2 || length > Math.min(LARGEST_HEADER, size - 8)) {
                throw broken(
                        file, "its header claims " + Long.toUnsignedString(length) + " bytes, the file has " + size);
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
            if (count < 0) throw new IOException("file ends at byte " + (from + buffer.position()));
        }
    }

    private static Map<String, Entry> parse(Path file, byte[] header, long dataSize) {
        JsonNode root;
        try {
            root = JSON.readTree(header);
        } catch (IOException e) {
            throw new ModelFormatException(
                    file + " is not a safetensors file: its header is not JSON (" + firstLine(e)
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

    /** The tensor's bytes, little-endian, read-only, mapped in pieces of at most 1 GiB. */
    public List<ByteBuffer> map(Entry entry) {
        var pieces = new ArrayList<ByteBuffer>();
        try {
            for (long from = entry.begin(); from < entry.end(); from += LARGEST_PIECE) {
                long length = Math.min(LARGEST_PIECE, entry.end() - from);
                pieces.add(channel.map(FileChannel.MapMode.READ_ONLY, dataStart + from, length)
                        .order(ByteOrder.LITTLE_ENDIAN));
            }
        } catch (IOException e) {
            throw new ModelFormatException("can't map " + entry.name() + " of " + file + ": " + e, e);
        }
        return pieces;
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new ModelFormatException("can't close " + file + ": " + e, e);
        }
    }

    private static String firstLine(Exception e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }

    private static ModelFormatException broken(Path file, String what) {
        return new ModelFormatException(
                file + " is not a whole safetensors file: " + what + "; download or copy it again");
    }
}
