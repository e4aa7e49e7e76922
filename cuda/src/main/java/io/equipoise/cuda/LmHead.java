package io.equipoise.cuda;

import io.equipoise.cuda.Device.Grid;
import io.equipoise.kernels.KernelException;
import io.equipoise.kernels.Shapes;
import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;

/** The language-model head and the draw from its logits in one kernel, whose tiles a second one merges. */
final class LmHead {
    private static final String OPERATION = "lm_head_sample";
    /** What is left of one row in one tile, f32 each. */
    private static final int TILE_BYTES = 16;

    private final Launcher launcher;

    LmHead(Launcher launcher) {
        this.launcher = launcher;
    }

    /** As for {@link CudaKernels#lmHeadSample}. */
    void sample(
            Vector token,
            Vector logProb,
            Matrix hidden,
            Matrix weight,
            Vector sequence,
            Vector position,
            double temperature,
            long seed) {
        long rows = hidden.rows();
        long columns = weight.rows();
        long depth = hidden.columns();
        is("hidden", hidden, depth);
        is("weight", weight, depth);
        Shapes.sample(token, logProb, Launcher.shape(rows, columns), sequence, position, temperature);
        if (rows == 0) return;
        long tiles = Launcher.parts(columns, LmHeadModel.TILE_COLUMNS);
        try (var operands = new Operands(launcher.device())) {
            long state = operands.scratch(TILE_BYTES * rows * tiles);
            long sequences = operands.read(sequence);
            long positions = operands.read(position);
            launcher.launch(
                    OPERATION,
                    "lm_head_sample_bf16_kernel",
                    new Grid(tiles, Math.toIntExact(Launcher.parts(rows, LmHeadModel.TILE_ROWS)), Launcher.THREADS),
                    state,
                    operands.read(hidden),
                    operands.read(weight),
                    sequences,
                    positions,
                    rows,
                    columns,
                    depth,
                    hidden.rowStride(),
                    weight.rowStride(),
                    Launcher.reciprocal(temperature),
                    seed);
            launcher.launch(
                    OPERATION,
                    "lm_head_sample_merge_kernel",
                    Launcher.blocks(rows),
                    operands.write(token),
                    operands.write(logProb),
                    state,
                    sequences,
                    positions,
                    tiles,
                    seed);
            operands.finish();
        }
    }

    private static void is(String name, Matrix matrix, long depth) {
        if (matrix.type() == DataType.BF16 && matrix.columns() == depth) return;
        throw new KernelException("lmHeadSample: " + name + " is " + matrix.type() + " of width " + matrix.columns()
                + ", wanted BF16 of width " + depth);
    }
}
