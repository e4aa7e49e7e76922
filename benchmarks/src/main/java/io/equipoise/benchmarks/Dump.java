package io.equipoise.benchmarks;

import io.equipoise.memory.Vector;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;

/** Raw arrays in a folder, in the machine's byte order, for another program to read and compare with. */
record Dump(Path folder) {
    static Dump to(Path folder) throws IOException {
        return new Dump(Files.createDirectories(folder));
    }

    void write(String name, Vector vector) throws IOException {
        write(name, vector.address(), vector.size() * vector.type().bytes());
    }

    /** The first rows of a matrix without gaps. */
    void write(String name, Tensor tensor, long rows) throws IOException {
        write(name, tensor.data_ptr(), rows * tensor.size(1) * tensor.element_size());
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
