package io.equipoise.benchmarks;

import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;

/**
 * Numbers that are a function of (seed, index), by a mixing of 64-bit integers (SplitMix64: Steele, Lea, Flood, 2014) that
 * any language repeats to the bit: {@code cuda/torch_ops.py} makes the same arrays without a file. The sum of a number's
 * four 16-bit parts stands for a normal deviate; it is exact in f32, and is rounded once, by its scale.
 */
final class Noise {
    private static final long INDEX = 0x9E3779B97F4A7C15L;
    private static final long SEED = 0xD1342543DE82EF95L;
    /** What the sum of four uniform numbers below 2¹⁶ is on average, times 2. */
    private static final int MIDDLE = 4 * 0xFFFF;
    /** Elements made at a time of a vector that may be larger than the heap. */
    private static final int PIECE = 1 << 20;

    private Noise() {}

    static long bits(long seed, long index) {
        long z = INDEX * (index + 1) + SEED * seed;
        z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
        z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
        return z ^ z >>> 31;
    }

    /** Mean 0, deviation 1 over {@link #scale}, at most 3.5 deviations from it. */
    private static float deviate(long seed, long index) {
        long bits = bits(seed, index);
        int sum = (int) ((bits & 0xFFFF) + (bits >>> 16 & 0xFFFF) + (bits >>> 32 & 0xFFFF) + (bits >>> 48));
        return 2 * sum - MIDDLE;
    }

    /** What a deviate is multiplied by to have a deviation: 2¹⁶ / √12 times √4 times 2 is its own. */
    private static float scale(double deviation) {
        return (float) (deviation * Math.sqrt(3) / 0x1p17);
    }

    /** The elements {@code [from, from + size)}, of a deviation. */
    static float[] deviates(long seed, long from, int size, double deviation) {
        float scale = scale(deviation);
        var numbers = new float[size];
        for (int i = 0; i < size; i++) numbers[i] = deviate(seed, from + i) * scale;
        return numbers;
    }

    /** (N), f32, of a deviation. */
    static Vector vector(long seed, long size, double deviation) {
        var vector = Vector.f32(size);
        fill(vector, seed, deviation);
        return vector;
    }

    /** Over all elements of an f32 vector. */
    static void fill(Vector vector, long seed, double deviation) {
        for (long from = 0; from < vector.size(); from += PIECE) {
            int size = (int) Math.min(PIECE, vector.size() - from);
            vector.slice(from, size).put(deviates(seed, from, size, deviation));
        }
    }

    /** (N, V) without gaps between rows, of a deviation, rounded to the type. */
    static Matrix matrix(DataType type, long seed, int rows, int columns, double deviation) {
        var matrix = Matrix.allocate(type, rows, columns);
        for (int row = 0; row < rows; row++) {
            matrix.putRow(row, deviates(seed, (long) row * columns, columns, deviation));
        }
        return matrix;
    }

    /** (N), i32: tokens below V. */
    static Vector tokens(long seed, int size, int vocabulary) {
        var tokens = new int[size];
        for (int i = 0; i < size; i++) tokens[i] = (int) ((bits(seed, i) >>> 1) % vocabulary);
        return Vector.of(tokens);
    }
}
