package io.equipoise.benchmarks;

import io.equipoise.memory.Matrix;
import io.equipoise.memory.Memory;
import io.equipoise.memory.Vector;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;

/** Raw arrays in a folder, in the machine's byte order, for another program to read and compare with. */
record Dump(Path folder) {
    /** Names the folder that {@link #results} writes to. */
    private static final String FOLDER = "equipoise.benchmarks.dump";

    interface Writer {
        void write(Dump dump) throws IOException;
    }

    static Dump to(Path folder) throws IOException {
        return new Dump(Files.createDirectories(folder));
    }

    /** Writes a benchmark's results where the system property {@value #FOLDER} says so, under its name and parameters. */
    static void results(Writer writer, Object... of) throws IOException {
        String root = System.getProperty(FOLDER, "");
        if (root.isEmpty()) return;
        String name = Arrays.stream(of).map(String::valueOf).collect(Collectors.joining("-"));
        writer.write(to(Path.of(root, name)));
    }

    void write(String name, Vector vector) throws IOException {
        try (var host = Vector.allocate(vector.type(), vector.size())) {
            host.copyFrom(vector);
            write(name, host.address(), host.size() * host.type().bytes());
        }
    }

    /** The first rows of a matrix. */
    void write(String name, Matrix matrix, long rows) throws IOException {
        try (var host = Matrix.allocate(Memory.HOST, matrix.type(), rows, matrix.columns(), matrix.columns())) {
            host.copyRows(0, matrix, 0, rows);
            write(name, host.address(), rows * host.columns() * host.type().bytes());
        }
    }

    void write(String name, double[] values) throws IOException {
        var bytes = ByteBuffer.allocate(Double.BYTES * values.length).order(ByteOrder.nativeOrder());
        for (double value : values) bytes.putDouble(value);
        Files.write(folder.resolve(name + ".bin"), bytes.array());
    }

    /** Rows of equal length, one after the other. */
    void write(String name, List<int[]> rows) throws IOException {
        var bytes = ByteBuffer.allocate(rows.stream()
                        .mapToInt(row -> Integer.BYTES * row.length)
                        .sum())
                .order(ByteOrder.nativeOrder());
        for (int[] row : rows) for (int value : row) bytes.putInt(value);
        Files.write(folder.resolve(name + ".bin"), bytes.array());
    }

    private void write(String name, Pointer address, long size) throws IOException {
        var bytes = new byte[Math.toIntExact(size)];
        new BytePointer(address).capacity(size).get(bytes);
        Files.write(folder.resolve(name + ".bin"), bytes);
    }
}
