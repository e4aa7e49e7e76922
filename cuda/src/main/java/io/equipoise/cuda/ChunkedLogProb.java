package io.equipoise.cuda;

import io.equipoise.kernels.KernelException;
import io.equipoise.kernels.Shapes;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;

/** {@code tokenLogProb} of logits that exist a chunk of the vocabulary at a time. */
final class ChunkedLogProb {
    private static final String OPERATION = "token_log_prob";
    /** A row's maximum, its sums and the token's logit, f32 each. */
    private static final int STATE_BYTES = 16;

    private final Launcher launcher;

    ChunkedLogProb(Launcher launcher) {
        this.launcher = launcher;
    }

    /** As for {@link CudaKernels#tokenLogProb(Vector, Vector, Vector, Iterable, Vector, long)}. */
    void run(Vector logProb, Vector logSumExp, Vector entropy, Iterable<Matrix> chunks, Vector token, long vocabulary) {
        long rows = token.size();
        Shapes.tokenLogProb(logProb, logSumExp, entropy, Launcher.shape(rows, vocabulary), token, 1);
        if (rows == 0) return;
        launcher.checkTokens("tokenLogProb", token, vocabulary);
        try (var operands = new Operands(launcher.device())) {
            long tokens = operands.read(token);
            long state = operands.scratch(STATE_BYTES * rows);
            long column = 0;
            for (var chunk : chunks) {
                check(chunk, rows, column, vocabulary);
                if (chunk.columns() == 0) continue;
                add(state, chunk, tokens, column);
                column += chunk.columns();
            }
            if (column != vocabulary) {
                throw new KernelException("tokenLogProb: the chunks have " + column + " columns, wanted " + vocabulary);
            }
            launcher.launch(
                    OPERATION,
                    "token_log_prob_finish_kernel",
                    Launcher.threads(rows),
                    operands.write(logProb),
                    operands.write(logSumExp),
                    operands.write(entropy),
                    state,
                    tokens,
                    rows);
            operands.finish();
        }
    }

    private static void check(Matrix chunk, long rows, long column, long vocabulary) {
        if (chunk.rows() == rows && chunk.columns() <= vocabulary - column) return;
        throw new KernelException("tokenLogProb: the chunk from column " + column + " is " + chunk.rows() + " by "
                + chunk.columns() + ", wanted " + rows + " by at most " + (vocabulary - column));
    }

    private void add(long state, Matrix chunk, long tokens, long column) {
        try (var operands = new Operands(launcher.device())) {
            launcher.launch(
                    OPERATION,
                    Launcher.entry("token_log_prob_chunk", chunk.type()),
                    Launcher.blocks(chunk.rows()),
                    state,
                    operands.read(chunk),
                    tokens,
                    chunk.columns(),
                    chunk.rowStride(),
                    column,
                    column == 0 ? 1 : 0);
            operands.finish();
        }
    }
}
