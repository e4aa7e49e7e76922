package io.equipoise.benchmarks;

import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;

/** Random logits, tokens and coefficients, of which {@link Tensors} shows libtorch the same memory. */
final class Logits implements AutoCloseable {
    private static final long LOGITS = 1;
    private static final long TOKENS = 2;
    private static final long COEFFICIENTS = 3;

    /** Stands in a field until a benchmark's parameters are known. */
    static final Logits NONE = new Logits(0, 1, DataType.F32);

    /** (N, V). */
    final Matrix matrix;
    /** (N), i32. */
    final Vector token;
    /** (N), f32. */
    final Vector coefficient;

    /** Logits of deviation 2, which make a softmax about as peaked as a language model's. */
    Logits(int rows, int columns, DataType type) {
        matrix = Noise.matrix(type, LOGITS, rows, columns, 2);
        token = Noise.tokens(TOKENS, rows, columns);
        coefficient = Noise.vector(COEFFICIENTS, rows, 1);
    }

    @Override
    public void close() {
        matrix.close();
        token.close();
        coefficient.close();
    }
}
