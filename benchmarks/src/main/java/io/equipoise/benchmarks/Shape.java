package io.equipoise.benchmarks;

import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import java.util.Random;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;

/** Logits as they occur: the rows that one call sees and the vocabulary of a real model. */
public enum Shape {
    /** GPT-2's vocabulary, one decoding step of 64 sequences. */
    GPT2_64(64, 50257),
    /** GPT-2's vocabulary, one sequence: what threads can share is a single row. */
    GPT2_1(1, 50257),
    /** GPT-2's vocabulary, a chunk of a training batch. */
    GPT2_512(512, 50257),
    /** Qwen 2's vocabulary, one decoding step of 16 sequences. */
    QWEN2_16(16, 151936);

    final int rows;
    final int columns;

    Shape(int rows, int columns) {
        this.rows = rows;
        this.columns = columns;
    }

    /** Normal logits of deviation 2, which make a softmax about as peaked as a language model's. */
    Matrix logits(DataType type) {
        var random = new Random(1);
        var matrix = Matrix.allocate(type, rows, columns);
        var row = new float[columns];
        for (int n = 0; n < rows; n++) {
            for (int v = 0; v < columns; v++) row[v] = (float) (2 * random.nextGaussian());
            matrix.putRow(n, row);
        }
        return matrix;
    }

    /** The same memory as libtorch sees it. */
    Tensor tensor(Matrix logits) {
        var type =
                switch (logits.type()) {
                    case BF16 -> torch.ScalarType.BFloat16;
                    case F16 -> torch.ScalarType.Half;
                    default -> torch.ScalarType.Float;
                };
        return torch.from_blob(logits.address(), new long[] {rows, columns}, new TensorOptions(type));
    }
}
