package io.equipoise.kernels;

import static io.equipoise.kernels.Formulas.doubles;
import static io.equipoise.kernels.Formulas.rounded;

import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.util.Arrays;
import org.bytedeco.javacpp.FloatPointer;

/**
 * Every operation as its formula reads, in plain Java and float64: the oracle. Inputs are rounded where the interface says
 * so, results to the type of the memory they go to; nothing between is.
 */
final class ReferenceTransformerKernels implements TransformerKernels {
    /** The weight as f32, row by row, rounded to the packed type. */
    @Override
    public PackedWeight allocate(DataType type, long depth, long columns) {
        return new PackedWeight(type, depth, columns, 4 * depth * columns);
    }

    @Override
    public void pack(PackedWeight packed, Matrix weight, boolean transposed) {
        TransformerShapes.pack(packed, weight, transposed);
        double[][] w = rounded(doubles(weight), packed.type());
        if (transposed) w = Formulas.transposed(w, packed.depth());
        var target = new FloatPointer(packed.address());
        for (int k = 0; k < w.length; k++) target.position(k * packed.columns()).put(floats(w[k]));
    }

    private static double[][] unpacked(PackedWeight weight) {
        var w = new double[(int) weight.depth()][];
        var source = new FloatPointer(weight.address());
        var row = new float[(int) weight.columns()];
        for (int k = 0; k < w.length; k++) {
            source.position(k * weight.columns()).get(row);
            w[k] = doubles(row);
        }
        return w;
    }

    @Override
    public void product(
            Matrix out,
            Matrix slope,
            Matrix x,
            PackedWeight weight,
            Vector bias,
            Matrix addend,
            Activation activation) {
        TransformerShapes.product(out, slope, x, weight, bias, addend, activation);
        double[][] y = Formulas.product(rounded(doubles(x), weight.type()), unpacked(weight), (int) weight.columns());
        for (int n = 0; n < y.length; n++) {
            if (!bias.isNone()) Formulas.add(y[n], 1, doubles(bias.toFloats()));
            if (activation == Activation.GELU) {
                if (!slope.isNone()) {
                    put(
                            slope,
                            n,
                            Arrays.stream(y[n]).map(Formulas::geluGradient).toArray());
                }
                for (int m = 0; m < y[n].length; m++) y[n][m] = Formulas.gelu(y[n][m]);
            } else if (activation == Activation.SLOPE) {
                float[] kept = slope.row(n);
                for (int m = 0; m < y[n].length; m++) y[n][m] *= kept[m];
            }
            if (!addend.isNone()) Formulas.add(y[n], 1, doubles(addend.row(n)));
            put(out, n, y[n]);
        }
    }

    @Override
    public void outer(Matrix gradWeight, Vector gradBias, Matrix x, Matrix gradOut, DataType type) {
        TransformerShapes.outer(gradWeight, gradBias, x, gradOut, type);
        double[][] g = doubles(gradOut);
        if (!gradWeight.isNone()) {
            double[][] across = Formulas.transposed(rounded(doubles(x), type), x.columns());
            addRows(gradWeight, Formulas.product(across, rounded(g, type), (int) gradOut.columns()));
        }
        if (!gradBias.isNone()) {
            double[] sums = doubles(gradBias.toFloats());
            for (double[] row : g) Formulas.add(sums, 1, row);
            gradBias.put(floats(sums));
        }
    }

    @Override
    public void layerNorm(Matrix out, Matrix x, Vector gain, Vector bias, double epsilon) {
        TransformerShapes.layerNorm(out, x, gain, bias);
        for (int n = 0; n < x.rows(); n++) {
            put(
                    out,
                    n,
                    Formulas.layerNorm(doubles(x.row(n)), doubles(gain.toFloats()), doubles(bias.toFloats()), epsilon));
        }
    }

    @Override
    public void layerNormBackward(
            Matrix gradX, Vector gradGain, Vector gradBias, Matrix gradOut, Matrix x, Vector gain, double epsilon) {
        TransformerShapes.layerNormBackward(gradX, gradGain, gradBias, gradOut, x, gain);
        double[] w = doubles(gain.toFloats());
        double[] ones = new double[w.length];
        Arrays.fill(ones, 1);
        var toGain = new double[w.length];
        var toBias = new double[w.length];
        for (int n = 0; n < x.rows(); n++) {
            double[] values = doubles(x.row(n));
            double[] up = doubles(gradOut.row(n));
            double[] normal = Formulas.layerNorm(values, ones, new double[w.length], epsilon);
            double scale = Formulas.inverseDeviation(values, epsilon);
            double mean = 0;
            double along = 0;
            for (int j = 0; j < w.length; j++) {
                mean += w[j] * up[j] / w.length;
                along += w[j] * up[j] * normal[j] / w.length;
                toGain[j] += up[j] * normal[j];
                toBias[j] += up[j];
            }
            double[] result = doubles(gradX.row(n));
            for (int j = 0; j < w.length; j++) result[j] += scale * (w[j] * up[j] - mean - normal[j] * along);
            put(gradX, n, result);
        }
        if (!gradGain.isNone()) add(gradGain, toGain);
        if (!gradBias.isNone()) add(gradBias, toBias);
    }

    @Override
    public void attention(Matrix out, Matrix qkv, Vector query, Vector first, int heads, double scale) {
        TransformerShapes.attention(out, qkv, query, first, heads);
        checkIndices("attention", query, qkv.rows());
        checkIndices("attention", first, qkv.rows());
        for (int n = 0; n < query.size(); n++) {
            if (first.toInts()[n] > query.toInts()[n]) throw new KernelException("attention: query before the first");
        }
        double[][] result = Formulas.attention(doubles(qkv), query.toInts(), first.toInts(), heads, scale);
        for (int n = 0; n < result.length; n++) put(out, n, result[n]);
    }

    @Override
    public void attentionBackward(Matrix gradQkv, Matrix gradOut, Matrix qkv, Vector start, int heads, double scale) {
        TransformerShapes.attentionBackward(gradQkv, gradOut, qkv, start, heads);
        int[] ends = start.toInts();
        boolean ascends = ends[0] == 0 && ends[ends.length - 1] == qkv.rows();
        for (int i = 1; i < ends.length; i++) ascends &= ends[i] >= ends[i - 1];
        if (!ascends) throw new KernelException("attentionBackward: start is " + Arrays.toString(ends));
        double[][] result = Formulas.attentionGradient(doubles(qkv), doubles(gradOut), start.toInts(), heads, scale);
        for (int n = 0; n < result.length; n++) put(gradQkv, n, result[n]);
    }

    @Override
    public void embed(Matrix out, Matrix table, Matrix positions, Vector token, Vector position) {
        TransformerShapes.embed(out, table, positions, token, position);
        checkIndices("embed", token, table.rows());
        checkIndices("embed", position, positions.rows());
        for (int n = 0; n < out.rows(); n++) {
            double[] row = doubles(table.row(token.toInts()[n]));
            Formulas.add(row, 1, doubles(positions.row(position.toInts()[n])));
            put(out, n, row);
        }
    }

    @Override
    public void scatterAdd(Matrix table, Matrix x, Vector index) {
        TransformerShapes.scatterAdd(table, x, index);
        checkIndices("scatterAdd", index, table.rows());
        for (int n = 0; n < x.rows(); n++) {
            int row = index.toInts()[n];
            double[] sums = doubles(table.row(row));
            Formulas.add(sums, 1, doubles(x.row(n)));
            put(table, row, sums);
        }
    }

    @Override
    public void headLogProb(
            HeadScores scores, Matrix hidden, PackedWeight head, Vector token, Matrix functions, double temperature) {
        TransformerShapes.headLogProb(scores, hidden, head, token, functions, temperature);
        checkTokens("headLogProb", token, head.columns());
        int[] tokens = token.toInts();
        try (var logits = logits(hidden, head)) {
            new ReferenceKernels()
                    .tokenLogProb(scores.logProb(), scores.logSumExp(), scores.entropy(), logits, token, temperature);
            for (int n = 0; n < tokens.length; n++) {
                double[] x = doubles(logits.row(n));
                if (!scores.exponentials().isNone()) keepExponentials(scores, n, x);
                if (!functions.isNone()) {
                    double[] expected = expected(x, doubles(functions), temperature);
                    put(scores.expected(), n, tokens[n] < 0 ? new double[expected.length] : expected);
                }
            }
        }
    }

    private static double[] expected(double[] logits, double[][] functions, double temperature) {
        double[] x = Arrays.stream(logits).map(value -> value / temperature).toArray();
        double normaliser = Formulas.logSumExp(x);
        var expected = new double[functions.length];
        for (int v = 0; v < x.length; v++) {
            for (int k = 0; k < expected.length; k++) expected[k] += Math.exp(x[v] - normaliser) * functions[k][v];
        }
        return expected;
    }

    private static void keepExponentials(HeadScores scores, int row, double[] logits) {
        var kept = new double[logits.length];
        var largest = new double[(int) scores.blockMax().columns()];
        Arrays.fill(largest, Double.NEGATIVE_INFINITY);
        for (int v = 0; v < logits.length; v++) {
            int block = v / HeadScores.BLOCK;
            largest[block] = Math.max(largest[block], logits[v]);
        }
        for (int v = 0; v < logits.length; v++) kept[v] = Math.exp(logits[v] - largest[v / HeadScores.BLOCK]);
        put(scores.exponentials(), row, kept);
        put(scores.blockMax(), row, largest);
    }

    @Override
    public void headSample(
            Vector token,
            Vector logProb,
            Matrix hidden,
            PackedWeight head,
            Vector sequence,
            Vector position,
            double temperature,
            long seed) {
        TransformerShapes.headSample(token, logProb, hidden, head, sequence, position, temperature);
        try (var logits = logits(hidden, head)) {
            new ReferenceKernels()
                    .sample(token, logProb, logits, sequence, position, temperature, Truncation.NONE, seed);
        }
    }

    @Override
    public void headGradient(
            Matrix gradHidden,
            Matrix gradHead,
            HeadScores scores,
            Vector coefficient,
            Vector token,
            Matrix hidden,
            PackedWeight transposedHead) {
        TransformerShapes.headGradient(gradHidden, gradHead, scores, coefficient, token, hidden, transposedHead);
        checkTokens("headGradient", token, transposedHead.depth());
        double[][] head = unpacked(transposedHead);
        double[][] h = rounded(doubles(hidden), transposedHead.type());
        double[][] gradient = Formulas.headGradient(h, head, token.toInts(), doubles(coefficient.toFloats()));
        double[][] down = Formulas.product(gradient, head, (int) hidden.columns());
        for (int n = 0; n < down.length; n++) {
            put(gradHidden, n, down[n]);
            put(scores.exponentials(), n, gradient[n]);
        }
        if (gradHead.isNone()) return;
        double[][] sums = doubles(gradHead);
        for (int n = 0; n < h.length; n++) {
            for (int v = 0; v < head.length; v++) {
                if (gradient[n][v] != 0) Formulas.add(sums[v], gradient[n][v], h[n]);
            }
        }
        for (int v = 0; v < sums.length; v++) put(gradHead, v, sums[v]);
    }

    /** As f32, which {@link #product} gives too. */
    private Matrix logits(Matrix hidden, PackedWeight head) {
        var logits = Matrix.allocate(DataType.F32, hidden.rows(), head.columns());
        product(logits, Matrix.NONE, hidden, head, Vector.NONE, Matrix.NONE, Activation.IDENTITY);
        return logits;
    }

    private static void checkTokens(String operation, Vector token, long vocabulary) {
        int[] values = token.toInts();
        for (int i = 0; i < values.length; i++) {
            if (values[i] >= vocabulary) {
                throw new KernelException(operation + ": token " + values[i] + " at position " + i
                        + " is outside the vocabulary of " + vocabulary);
            }
        }
    }

    private static void checkIndices(String operation, Vector index, long limit) {
        int[] values = index.toInts();
        for (int i = 0; i < values.length; i++) {
            if (values[i] < 0 || values[i] >= limit) {
                throw new KernelException(
                        operation + ": index " + values[i] + " at position " + i + " is outside 0 … " + (limit - 1));
            }
        }
    }

    private static void addRows(Matrix sums, double[][] rows) {
        for (int n = 0; n < rows.length; n++) {
            Formulas.add(rows[n], 1, doubles(sums.row(n)));
            put(sums, n, rows[n]);
        }
    }

    private static void add(Vector sums, double[] values) {
        Formulas.add(values, 1, doubles(sums.toFloats()));
        sums.put(floats(values));
    }

    private static void put(Matrix matrix, int row, double[] values) {
        matrix.putRow(row, floats(values));
    }

    private static float[] floats(double[] values) {
        var result = new float[values.length];
        for (int i = 0; i < result.length; i++) result[i] = (float) values[i];
        return result;
    }
}
