package io.equipoise.cuda.ptx;

import io.equipoise.cuda.Device.Grid;
import io.equipoise.memory.Vector;
import java.util.Arrays;
import org.bytedeco.javacpp.LongPointer;

/** Kernels of a few instructions, for tests. */
final class Snippet {
    private static final String HEAD = ".version 9.0\n.target sm_80\n.address_size 64\n";

    private Snippet() {}

    /**
     * A kernel {@code test} with parameters {@code p0} up to {@code p3} of 64 bits and registers %p, %rs, %r, %rd, %f, %fd.
     *
     * @param before variables of the module
     */
    static String kernel(String before, String body) {
        return HEAD + before + """

                .visible .entry test(
                    .param .u64 p0,
                    .param .u64 p1,
                    .param .u64 p2,
                    .param .u64 p3
                )
                {
                    .reg .pred %p<40>;
                    .reg .b16 %rs<40>;
                    .reg .b32 %r<40>;
                    .reg .b64 %rd<40>;
                    .reg .f32 %f<40>;
                    .reg .f64 %fd<40>;
                """ + body + "\n}\n";
    }

    static String kernel(String body) {
        return kernel("", body);
    }

    /** One thread a value: {@code %d = instruction(%a, %b, %c)}, the operands' registers having these types. */
    static long[] evaluate(String instruction, String types, long[]... inputs) {
        var type = types.split(" ");
        var registers = new StringBuilder();
        var loads = new StringBuilder();
        for (int i = 1; i < type.length; i++) {
            char name = (char) ('a' + i - 1);
            int bits = bits(type[i]);
            registers.append(".reg .").append(type[i]).append(" %").append(name).append(";\n");
            loads.append("ld.param.u64 %rd2, [p").append(i).append("];\nadd.s64 %rd2, %rd2, %rd1;\n");
            loads.append("ld.global.b").append(bits).append(" %").append(name).append(", [%rd2];\n");
        }
        int bits = bits(type[0]);
        var ptx = kernel(registers + ".reg ." + type[0] + " %d;\n"
                + "mov.u32 %r0, %tid.x;\nmul.wide.u32 %rd1, %r0, 8;\n" + loads + instruction
                + "\nld.param.u64 %rd2, [p0];\nadd.s64 %rd2, %rd2, %rd1;\nmov.u64 %rd3, 0;\n"
                + "st.global.b64 [%rd2], %rd3;\nst.global.b" + bits + " [%rd2], %d;\nret;");
        return run(ptx, inputs[0].length, inputs[0].length, inputs);
    }

    private static int bits(String type) {
        return Type.named(type).orElseThrow().bits;
    }

    /**
     * Runs {@code test} in one block. {@code p0} points to {@code size} numbers of 64 bits, which are the result; the other
     * parameters to the inputs.
     */
    static long[] run(String ptx, int threads, int size, long[]... inputs) {
        return run(ptx, Grid.of(1, threads), 3, size, inputs);
    }

    static long[] run(String ptx, Grid grid, int orders, int size, long[]... inputs) {
        try (var device = new PtxInterpreter(80, orders, 7);
                var host = new LongPointer(Math.max(1, size))) {
            var arguments = new Object[] {0L, 0L, 0L, 0L};
            long result = device.allocate(8L * size);
            arguments[0] = result;
            host.put(new long[size]);
            device.copyToDevice(result, host, 8L * size);
            for (int i = 0; i < inputs.length; i++) {
                try (var input = new LongPointer(inputs[i])) {
                    long address = device.allocate(8L * inputs[i].length);
                    device.copyToDevice(address, input, 8L * inputs[i].length);
                    arguments[i + 1] = address;
                }
            }
            device.launch(device.kernel(ptx, "test"), grid, arguments);
            device.copyToHost(host, result, 8L * size);
            var values = new long[size];
            host.get(values);
            return values;
        }
    }

    /** The address of a vector's elements on the device. */
    static long copied(PtxInterpreter device, Vector vector) {
        long bytes = vector.size() * vector.type().bytes();
        long address = device.allocate(bytes);
        device.copyToDevice(address, vector.address(), bytes);
        return address;
    }

    static long[] bits(float... values) {
        var bits = new long[values.length];
        Arrays.setAll(bits, i -> Float.floatToRawIntBits(values[i]) & 0xffffffffL);
        return bits;
    }

    static long[] bits(double... values) {
        return Arrays.stream(values).mapToLong(Double::doubleToRawLongBits).toArray();
    }

    /** Every pair of the values: the first of each, or the second. */
    static long[] pairs(long[] values, boolean second) {
        var pairs = new long[values.length * values.length];
        Arrays.setAll(pairs, i -> values[second ? i % values.length : i / values.length]);
        return pairs;
    }
}
