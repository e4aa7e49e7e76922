package io.equipoise.kernels;

import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;

/** The checks that every implementation of {@link TransformerKernels} makes before it touches memory. */
public final class TransformerShapes {
    private TransformerShapes() {}

    public static void pack(PackedWeight packed, Matrix weight, boolean transposed) {
        long rows = transposed ? packed.columns() : packed.depth();
        long columns = transposed ? packed.depth() : packed.columns();
        is("pack", "weight", weight, DataType.F32, rows, columns);
    }

    public static void product(
            Matrix out,
            Matrix slope,
            Matrix x,
            PackedWeight weight,
            Vector bias,
            Matrix addend,
            Activation activation) {
        long rows = x.rows();
        compute("product", "x", x, rows, weight.depth());
        compute("product", "out", out, rows, weight.columns());
        if (!slope.isNone() || activation == Activation.SLOPE) {
            is("product", "slope", slope, weight.type(), rows, weight.columns());
        }
        if (!bias.isNone()) is("product", "bias", bias, DataType.F32, weight.columns());
        if (!addend.isNone()) is("product", "addend", addend, DataType.F32, rows, weight.columns());
    }

    public static void outer(Matrix gradWeight, Vector gradBias, Matrix x, Matrix gradOut, DataType type) {
        if (type != DataType.F32 && type != DataType.BF16) {
            throw new KernelException("outer: type is " + type + ", wanted f32 or bf16");
        }
        compute("outer", "x", x, x.rows(), x.columns());
        compute("outer", "gradOut", gradOut, x.rows(), gradOut.columns());
        if (!gradWeight.isNone()) {
            is("outer", "gradWeight", gradWeight, DataType.F32, x.columns(), gradOut.columns());
        }
        if (!gradBias.isNone()) is("outer", "gradBias", gradBias, DataType.F32, gradOut.columns());
    }

    public static void layerNorm(Matrix out, Matrix x, Vector gain, Vector bias) {
        compute("layerNorm", "out", out, x.rows(), x.columns());
        is("layerNorm", "x", x, DataType.F32, x.rows(), x.columns());
        is("layerNorm", "gain", gain, DataType.F32, x.columns());
        is("layerNorm", "bias", bias, DataType.F32, x.columns());
    }

    public static void layerNormBackward(
            Matrix gradX, Vector gradGain, Vector gradBias, Matrix gradOut, Matrix x, Vector gain) {
        String operation = "layerNormBackward";
        is(operation, "x", x, DataType.F32, x.rows(), x.columns());
        is(operation, "gradX", gradX, DataType.F32, x.rows(), x.columns());
        is(operation, "gradOut", gradOut, DataType.F32, x.rows(), x.columns());
        is(operation, "gain", gain, DataType.F32, x.columns());
        if (!gradGain.isNone()) is(operation, "gradGain", gradGain, DataType.F32, x.columns());
        if (!gradBias.isNone()) is(operation, "gradBias", gradBias, DataType.F32, x.columns());
    }

    public static void attention(Matrix out, Matrix qkv, Vector query, Vector first, int heads) {
        compute("attention", "qkv", qkv, qkv.rows(), 3 * out.columns());
        is("attention", "out", out, qkv.type(), query.size(), out.columns());
        is("attention", "query", query, DataType.I32, query.size());
        is("attention", "first", first, DataType.I32, query.size());
        heads("attention", out.columns(), heads);
    }

    public static void attentionBackward(Matrix gradQkv, Matrix gradOut, Matrix qkv, Vector start, int heads) {
        String operation = "attentionBackward";
        compute(operation, "qkv", qkv, qkv.rows(), 3 * gradOut.columns());
        is(operation, "gradQkv", gradQkv, qkv.type(), qkv.rows(), qkv.columns());
        is(operation, "gradOut", gradOut, DataType.F32, qkv.rows(), gradOut.columns());
        if (start.size() < 1) throw new KernelException(operation + ": start is empty, wanted where sequences begin");
        is(operation, "start", start, DataType.I32, start.size());
        heads(operation, gradOut.columns(), heads);
    }

    public static void embed(Matrix out, Matrix table, Matrix positions, Vector token, Vector position) {
        is("embed", "out", out, DataType.F32, token.size(), table.columns());
        gapless("embed", "table", table, DataType.F32, table.columns());
        gapless("embed", "positions", positions, DataType.F32, table.columns());
        is("embed", "token", token, DataType.I32, token.size());
        is("embed", "position", position, DataType.I32, token.size());
    }

    public static void scatterAdd(Matrix table, Matrix x, Vector index) {
        is("scatterAdd", "x", x, DataType.F32, index.size(), table.columns());
        gapless("scatterAdd", "table", table, DataType.F32, table.columns());
        is("scatterAdd", "index", index, DataType.I32, index.size());
    }

    public static void headLogProb(
            HeadScores scores, Matrix hidden, PackedWeight head, Vector token, Matrix functions, double temperature) {
        String operation = "headLogProb";
        long rows = hidden.rows();
        Shapes.vocabulary(operation, head.columns());
        compute(operation, "hidden", hidden, rows, head.depth());
        is(operation, "token", token, DataType.I32, rows);
        is(operation, "logProb", scores.logProb(), DataType.F32, rows);
        is(operation, "logSumExp", scores.logSumExp(), DataType.F32, rows);
        is(operation, "entropy", scores.entropy(), DataType.F32, rows);
        if (!functions.isNone()) {
            gapless(operation, "functions", functions, DataType.F32, head.columns());
            is(operation, "expected", scores.expected(), DataType.F32, rows, functions.rows());
            gapless(operation, "expected", scores.expected(), DataType.F32, functions.rows());
        }
        if (!scores.exponentials().isNone()) {
            kept(operation, scores, rows, head.type(), head.columns());
            if (temperature != 1) {
                throw new KernelException(operation + ": temperature is " + temperature + ", a gradient wants 1");
            }
        }
        Shapes.temperature(operation, temperature);
    }

    public static void headSample(
            Vector token,
            Vector logProb,
            Matrix hidden,
            PackedWeight head,
            Vector sequence,
            Vector position,
            double temperature) {
        Shapes.vocabulary("headSample", head.columns());
        compute("headSample", "hidden", hidden, token.size(), head.depth());
        is("headSample", "token", token, DataType.I32, token.size());
        is("headSample", "logProb", logProb, DataType.F32, token.size());
        is("headSample", "sequence", sequence, DataType.I64, token.size());
        is("headSample", "position", position, DataType.I32, token.size());
        Shapes.temperature("headSample", temperature);
    }

    public static void headGradient(
            Matrix gradHidden,
            Matrix gradHead,
            HeadScores scores,
            Vector coefficient,
            Vector token,
            Matrix hidden,
            PackedWeight transposedHead) {
        String operation = "headGradient";
        long rows = hidden.rows();
        long width = transposedHead.columns();
        compute(operation, "hidden", hidden, rows, width);
        is(operation, "gradHidden", gradHidden, DataType.F32, rows, width);
        if (!gradHead.isNone()) {
            gapless(operation, "gradHead", gradHead, DataType.F32, width);
            is(operation, "gradHead", gradHead, DataType.F32, transposedHead.depth(), width);
        }
        kept(operation, scores, rows, transposedHead.type(), transposedHead.depth());
        is(operation, "logProb", scores.logProb(), DataType.F32, rows);
        is(operation, "logSumExp", scores.logSumExp(), DataType.F32, rows);
        is(operation, "coefficient", coefficient, DataType.F32, rows);
        is(operation, "token", token, DataType.I32, rows);
    }

    private static void kept(String operation, HeadScores scores, long rows, DataType type, long vocabulary) {
        is(operation, "exponentials", scores.exponentials(), type, rows, vocabulary);
        gapless(operation, "exponentials", scores.exponentials(), type, vocabulary);
        long blocks = (vocabulary + HeadScores.BLOCK - 1) / HeadScores.BLOCK;
        is(operation, "blockMax", scores.blockMax(), DataType.F32, rows, blocks);
        gapless(operation, "blockMax", scores.blockMax(), DataType.F32, blocks);
    }

    private static void is(String operation, String name, Vector vector, DataType type, long size) {
        Shapes.is(operation, name, vector, type, size);
    }

    private static void is(String operation, String name, Matrix matrix, DataType type, long rows, long columns) {
        if (matrix.type() != type || matrix.rows() != rows || matrix.columns() != columns) {
            throw new KernelException(
                    operation + ": " + name + " is " + matrix + ", wanted " + type + ", " + rows + " by " + columns);
        }
    }

    private static void compute(String operation, String name, Matrix matrix, long rows, long columns) {
        if (matrix.type() == DataType.F16) {
            throw new KernelException(operation + ": " + name + " is f16, wanted f32 or bf16");
        }
        is(operation, name, matrix, matrix.type(), rows, columns);
    }

    private static void gapless(String operation, String name, Matrix matrix, DataType type, long columns) {
        if (matrix.type() != type || matrix.columns() != columns || matrix.rowStride() != columns) {
            throw new KernelException(operation + ": " + name + " is " + matrix + ", wanted " + type + " rows of "
                    + columns + " without gaps");
        }
    }

    private static void heads(String operation, long width, int heads) {
        if (heads < 1 || width % heads != 0) {
            throw new KernelException(operation + ": width " + width + " is not a multiple of " + heads + " heads");
        }
    }
}
