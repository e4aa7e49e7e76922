package io.equipoise.cuda.ptx;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.LongStream;

/** Operands worth trying: edges, and random ones from a fixed seed. */
final class Values {
    private Values() {}

    /** At most 30, so that all pairs of them fit into a block. */
    static long[] of(Type type) {
        return switch (type) {
            case F32 -> Snippet.bits(floats());
            case F64 -> Snippet.bits(doubles());
            case F16 ->
                new long[] {
                    0, 0x8000, 0x3c00, 0xbc00, 0x7c00, 0xfc00, 0x7e00, 1, 0x8001, 0x3ff, 0x400, 0x7bff, 0xfbff, 0x3555,
                    0x4248, 0x1234, 0x5678, 0xb00b, 0x3c01, 0x2e66
                };
            case BF16 ->
                new long[] {
                    0, 0x8000, 0x3f80, 0xbf80, 0x7f80, 0xff80, 0x7fc0, 1, 0x8001, 0x7f, 0x80, 0x7f7f, 0xff7f, 0x3eab,
                    0x4049, 0x1234, 0x5678, 0xb00b, 0x3f81, 0x3dcd
                };
            default -> integers(type);
        };
    }

    private static long[] integers(Type type) {
        var random = new Random(3);
        long highest = type.mask() >>> 1;
        return LongStream.concat(
                        LongStream.of(0, 1, 2, 3, 5, 7, 31, 32, 33, 63, 64, 255, -1, -2, highest, highest + 1, 100),
                        random.longs(11))
                .map(value -> value & type.mask())
                .toArray();
    }

    static float[] floats() {
        var random = new Random(4);
        float[] edges = {
            0,
            -0f,
            1,
            -1,
            Float.POSITIVE_INFINITY,
            Float.NEGATIVE_INFINITY,
            Float.NaN,
            Float.MIN_VALUE,
            -Float.MIN_VALUE,
            Float.MIN_NORMAL,
            Math.nextDown(Float.MIN_NORMAL),
            Float.MAX_VALUE,
            -Float.MAX_VALUE,
            0x1p-24f,
            1 + 0x1p-23f,
            1 / 3f,
            0x1.fffffep-64f,
            16777216f,
            2.5f,
            -3.5f
        };
        float[] values = Arrays.copyOf(edges, 30);
        for (int i = edges.length; i < 30; i++)
            values[i] = (float) (random.nextGaussian() * Math.pow(2, random.nextInt(40) - 20));
        return values;
    }

    static double[] doubles() {
        var random = new Random(5);
        double[] edges = {
            0,
            -0.0,
            1,
            -1,
            Double.POSITIVE_INFINITY,
            Double.NEGATIVE_INFINITY,
            Double.NaN,
            Double.MIN_VALUE,
            Double.MAX_VALUE,
            -Double.MAX_VALUE,
            Double.MIN_NORMAL,
            1e-300,
            -1e300,
            0x1p-53,
            1 + 0x1p-52,
            1 / 3.0,
            0x1p63,
            -0x1p63,
            4e9,
            0x1p-149
        };
        double[] values = Arrays.copyOf(edges, 28);
        for (int i = edges.length; i < 28; i++)
            values[i] = random.nextGaussian() * Math.pow(2, random.nextInt(80) - 40);
        return values;
    }
}
