package io.equipoise.kernels;

import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Logits of one shape and type; rows alternate between ordinary ones and every edge. A function of the seed only. */
record Case(DataType type, int rows, int columns, int rowStride, double temperature, long seed) {
    private static final int[] VOCABULARIES = {1, 31, 32, 33, 257, 1271, 50257};
    private static final int[] POSITIONS = {0, 1, 7, 64};
    private static final int KINDS = 12;
    /** Of one case: slow implementations meet one row of the largest vocabulary and many of the others. */
    private static final int MOST_ELEMENTS = Implementations.FAST ? 400_000 : 100_000;

    private static final List<DataType> TYPES = List.of(DataType.F32, DataType.BF16, DataType.F16);

    /** All but {@link #largest}. */
    static Stream<Case> all() {
        return TYPES.stream()
                .flatMap(type -> Arrays.stream(VOCABULARIES).boxed().flatMap(columns -> Arrays.stream(POSITIONS)
                        .filter(rows -> (long) rows * columns < MOST_ELEMENTS)
                        .boxed()
                        .flatMap(rows -> variants(type, rows, columns))));
    }

    /**
     * The most rows of the largest vocabulary: so many elements that tests compute what is wanted once for all. Of every kind of
     * row at least one.
     */
    static Stream<Case> largest() {
        int columns = VOCABULARIES[VOCABULARIES.length - 1];
        int rows = Implementations.FAST ? POSITIONS[POSITIONS.length - 1] : KINDS;
        return TYPES.stream().map(type -> new Case(type, rows, columns, columns + 5, 0.7, 41));
    }

    private static Stream<Case> variants(DataType type, int rows, int columns) {
        long seed = 31L * columns + rows;
        return Stream.of(
                new Case(type, rows, columns, columns, 1, seed),
                new Case(type, rows, columns, columns + 5, 0.7, seed + 1));
    }

    /** (rows, columns); the gaps between rows hold NaN, which must never be read into a result. */
    Matrix logits() {
        var random = new Random(seed);
        var matrix = Matrix.allocate(type, rows, columns, rowStride);
        // The same memory, seen as rows that end with the gap.
        var whole = Matrix.borrow(type, matrix.address(), rows, rowStride, rowStride);
        for (int row = 0; row < rows; row++) {
            float[] values = Arrays.copyOf(row(row, random), rowStride);
            Arrays.fill(values, columns, rowStride, Float.NaN);
            whole.putRow(row, values);
        }
        return matrix;
    }

    private float[] row(int row, Random random) {
        var x = new float[columns];
        for (int v = 0; v < columns; v++) x[v] = (float) (3 * random.nextGaussian());
        int some = random.nextInt(columns);
        switch ((row + columns) % KINDS) {
            case 3 -> Arrays.fill(x, 1.5f);
            case 4 -> {
                for (int v = 0; v < columns; v++) x[v] = v % 3 == 0 ? 1e4f : -1e4f;
            }
            case 5 -> {
                Arrays.fill(x, Float.NEGATIVE_INFINITY);
                x[some] = -7;
            }
            case 6 -> x[some] = Float.NaN;
            case 7 -> {
                Arrays.fill(x, Float.NEGATIVE_INFINITY);
                x[columns - 1] = Float.NaN;
            }
            case 8 -> Arrays.fill(x, Float.NEGATIVE_INFINITY);
            case 9 -> x[some] = Float.POSITIVE_INFINITY;
            case 10 -> {
                for (int v = 0; v < columns; v++) x[v] += v < columns / 2 ? Float.NEGATIVE_INFINITY : 9000;
            }
            case 11 -> {
                x[some] = Float.NaN;
                x[columns / 2] = Float.POSITIVE_INFINITY;
            }
            default -> {}
        }
        return x;
    }

    /** One token a row, every fifth of them padding. */
    int[] tokens() {
        var random = new Random(seed + 2);
        return IntStream.range(0, rows)
                .map(row -> row % 5 == 4 ? -1 - row : random.nextInt(columns))
                .toArray();
    }
}
