package io.equipoise.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Matrices, vectors and weights of one test, a function of the seed; closed together, when the gaps between rows are
 * looked at: they hold NaN, which nothing may read into a result or write over.
 */
public final class Operands implements AutoCloseable {
    private static final int GAP = 5;

    private final long seed;
    private final Random random;
    private final List<Matrix> wide = new ArrayList<>();
    private final List<Long> widths = new ArrayList<>();
    private final List<Runnable> closing = new ArrayList<>();

    public Operands(long seed) {
        this.seed = seed;
        random = new Random(seed);
    }

    public Random random() {
        return random;
    }

    /** f32 or bf16. */
    DataType type() {
        return random.nextBoolean() ? DataType.F32 : DataType.BF16;
    }

    @SafeVarargs
    final <T> T oneOf(T... values) {
        return values[random.nextInt(values.length)];
    }

    /** Zeros; with gaps between rows, or without, as chance has it. */
    public Matrix zeros(DataType type, long rows, long columns) {
        return random.nextBoolean() ? gapless(type, rows, columns) : gapped(type, rows, columns);
    }

    /** Zeros without gaps between rows. */
    public Matrix gapless(DataType type, long rows, long columns) {
        var matrix = Matrix.allocate(type, rows, columns);
        closing.add(matrix::close);
        return matrix;
    }

    private Matrix gapped(DataType type, long rows, long columns) {
        var nan = new float[(int) columns + GAP];
        Arrays.fill(nan, Float.NaN);
        Arrays.fill(nan, 0, (int) columns, 0);
        var matrix = gapless(type, rows, nan.length);
        for (long row = 0; row < rows; row++) matrix.putRow(row, nan);
        wide.add(matrix);
        widths.add(columns);
        return Matrix.borrow(type, matrix.address(), rows, columns, nan.length);
    }

    /** Normal deviates times the scale. */
    public Matrix gaussian(DataType type, long rows, long columns, double scale) {
        return fill(zeros(type, rows, columns), scale);
    }

    /** Normal deviates times the scale, without gaps between rows. */
    public Matrix gaplessGaussian(DataType type, long rows, long columns, double scale) {
        return fill(gapless(type, rows, columns), scale);
    }

    private Matrix fill(Matrix matrix, double scale) {
        for (long row = 0; row < matrix.rows(); row++) matrix.putRow(row, values(matrix.columns(), scale));
        return matrix;
    }

    private float[] values(long size, double scale) {
        var values = new float[(int) size];
        for (int i = 0; i < values.length; i++) values[i] = (float) (scale * random.nextGaussian());
        return values;
    }

    /** f32, normal deviates. */
    public Vector gaussian(long size) {
        return keep(Vector.of(values(size, 1)));
    }

    public Vector keep(Vector vector) {
        closing.add(vector::close);
        return vector;
    }

    public HeadScores keep(HeadScores scores) {
        closing.add(scores::close);
        return scores;
    }

    /** So many tokens, a fifth of them padding. */
    Vector tokens(int size, int vocabulary) {
        var tokens = IntStream.range(0, size)
                .map(n -> n % 5 == 4 ? -1 - n : random.nextInt(vocabulary))
                .toArray();
        return keep(Vector.of(tokens));
    }

    /** The same values elsewhere. */
    public Matrix copy(Matrix matrix) {
        return rows(matrix, IntStream.range(0, (int) matrix.rows()).toArray());
    }

    Vector copy(Vector vector) {
        if (vector.isNone()) return vector;
        var copy = keep(Vector.allocate(vector.type(), vector.size()));
        copy.copyFrom(vector);
        return copy;
    }

    /** These rows elsewhere. */
    public Matrix rows(Matrix matrix, int... indices) {
        if (matrix.isNone()) return matrix;
        var copy = zeros(matrix.type(), indices.length, matrix.columns());
        for (int i = 0; i < indices.length; i++) copy.putRow(i, matrix.row(indices[i]));
        return copy;
    }

    /** These elements of an i32 vector elsewhere. */
    public Vector elements(Vector vector, int... indices) {
        int[] values = vector.toInts();
        return keep(Vector.of(Arrays.stream(indices).map(i -> values[i]).toArray()));
    }

    /** Some of the rows 0 … count − 1, in any order; at least one. */
    public int[] someRows(int count) {
        var rows = new ArrayList<>(IntStream.range(0, count).boxed().toList());
        Collections.shuffle(rows, random);
        return rows.subList(0, 1 + random.nextInt(count)).stream()
                .mapToInt(row -> row)
                .toArray();
    }

    /** Absolute values, f32. */
    Matrix absolute(Matrix matrix) {
        var result = gapless(DataType.F32, matrix.rows(), matrix.columns());
        for (long row = 0; row < matrix.rows(); row++) result.putRow(row, absolute(matrix.row(row)));
        return result;
    }

    Vector absolute(Vector vector) {
        return vector.isNone() ? vector : keep(Vector.of(absolute(vector.toFloats())));
    }

    private static float[] absolute(float[] values) {
        for (int i = 0; i < values.length; i++) values[i] = Math.abs(values[i]);
        return values;
    }

    public PackedWeight pack(TransformerKernels kernels, DataType type, Matrix weight, boolean transposed) {
        var packed = transposed
                ? kernels.allocate(type, weight.columns(), weight.rows())
                : kernels.allocate(type, weight.rows(), weight.columns());
        closing.add(packed::close);
        kernels.pack(packed, weight, transposed);
        return packed;
    }

    @Override
    public void close() {
        for (int i = 0; i < wide.size(); i++) {
            for (long row = 0; row < wide.get(i).rows(); row++) {
                float[] values = wide.get(i).row(row);
                var gap = Arrays.copyOfRange(values, widths.get(i).intValue(), values.length);
                assertThat(gap).as("after row %d, seed %d", row, seed).containsOnly(Float.NaN);
            }
        }
        closing.forEach(Runnable::run);
    }
}
