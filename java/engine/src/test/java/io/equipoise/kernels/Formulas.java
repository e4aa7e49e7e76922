package io.equipoise.kernels;

import io.equipoise.memory.DataType;
import io.equipoise.memory.Float16;
import io.equipoise.memory.Matrix;

/** The transformer's formulas in f64, on arrays: forward as published, gradients derived by hand. */
final class Formulas {
    private Formulas() {}

    /** a · b, where b has so many columns. */
    static double[][] product(double[][] a, double[][] b, int columns) {
        var result = new double[a.length][columns];
        for (int n = 0; n < a.length; n++) {
            for (int k = 0; k < b.length; k++) add(result[n], a[n][k], b[k]);
        }
        return result;
    }

    /** sums += scale · values */
    static void add(double[] sums, double scale, double[] values) {
        for (int i = 0; i < sums.length; i++) sums[i] += scale * values[i];
    }

    /** The matrix whose columns are x's rows, of which there may be none. */
    static double[][] transposed(double[][] x, long columns) {
        var result = new double[(int) columns][x.length];
        for (int n = 0; n < x.length; n++) {
            for (int k = 0; k < columns; k++) result[k][n] = x[n][k];
        }
        return result;
    }

    static double gelu(double x) {
        return x / 2 * (1 + Math.tanh(geluArgument(x)));
    }

    static double geluGradient(double x) {
        double tanh = Math.tanh(geluArgument(x));
        double slope = Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
        return (1 + tanh) / 2 + x / 2 * (1 - tanh * tanh) * slope;
    }

    private static double geluArgument(double x) {
        return Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x);
    }

    static double[] layerNorm(double[] x, double[] gain, double[] bias, double epsilon) {
        double mean = mean(x);
        double scale = inverseDeviation(x, epsilon);
        var result = new double[x.length];
        for (int j = 0; j < x.length; j++) result[j] = gain[j] * (x[j] - mean) * scale + bias[j];
        return result;
    }

    static double inverseDeviation(double[] x, double epsilon) {
        double mean = mean(x);
        double variance = 0;
        for (double value : x) variance += (value - mean) * (value - mean) / x.length;
        return 1 / Math.sqrt(variance + epsilon);
    }

    private static double mean(double[] x) {
        double sum = 0;
        for (double value : x) sum += value;
        return sum / x.length;
    }

    static double[][] attention(double[][] qkv, int[] query, int[] first, int heads, double scale) {
        int width = qkv.length == 0 ? 0 : qkv[0].length / 3;
        int size = width / heads;
        var result = new double[query.length][width];
        for (int n = 0; n < query.length; n++) {
            for (int h = 0; h < heads; h++) {
                double[] p = attended(qkv, query[n], first[n], h * size, size, scale);
                for (int j = 0; j < p.length; j++) {
                    for (int i = 0; i < size; i++) {
                        result[n][h * size + i] += p[j] * qkv[first[n] + j][2 * width + h * size + i];
                    }
                }
            }
        }
        return result;
    }

    /** How much a query's head attends to each row from the first. */
    private static double[] attended(double[][] qkv, int query, int first, int column, int size, double scale) {
        int width = qkv[query].length / 3;
        var scores = new double[query - first + 1];
        for (int j = 0; j < scores.length; j++) {
            for (int i = column; i < column + size; i++) scores[j] += scale * qkv[query][i] * qkv[first + j][width + i];
        }
        double normaliser = logSumExp(scores);
        for (int j = 0; j < scores.length; j++) scores[j] = Math.exp(scores[j] - normaliser);
        return scores;
    }

    static double[][] attentionGradient(double[][] qkv, double[][] gradOut, int[] start, int heads, double scale) {
        int width = qkv.length == 0 ? 0 : qkv[0].length / 3;
        int size = width / heads;
        var result = new double[qkv.length][3 * width];
        for (int s = 0; s + 1 < start.length; s++) {
            for (int t = start[s]; t < start[s + 1]; t++) {
                for (int h = 0; h < heads; h++) {
                    addAttentionGradient(result, qkv, gradOut[t], t, start[s], h * size, size, scale);
                }
            }
        }
        return result;
    }

    private static void addAttentionGradient(
            double[][] sums, double[][] qkv, double[] up, int query, int first, int column, int size, double scale) {
        int width = up.length;
        double[] p = attended(qkv, query, first, column, size, scale);
        var toP = new double[p.length];
        double mean = 0;
        for (int j = 0; j < p.length; j++) {
            for (int i = column; i < column + size; i++) {
                toP[j] += up[i] * qkv[first + j][2 * width + i];
                sums[first + j][2 * width + i] += p[j] * up[i];
            }
            mean += p[j] * toP[j];
        }
        for (int j = 0; j < p.length; j++) {
            double toScore = scale * p[j] * (toP[j] - mean);
            for (int i = column; i < column + size; i++) {
                sums[query][i] += toScore * qkv[first + j][width + i];
                sums[first + j][width + i] += toScore * qkv[query][i];
            }
        }
    }

    /** With respect to the logits hidden · headᵀ, head (V, D); rows of padding or coefficient 0 are 0. */
    static double[][] headGradient(double[][] hidden, double[][] head, int[] token, double[] coefficient) {
        var result = new double[hidden.length][head.length];
        for (int n = 0; n < hidden.length; n++) {
            if (token[n] < 0 || coefficient[n] == 0) continue;
            double[] x = logits(hidden[n], head);
            double normaliser = logSumExp(x);
            for (int v = 0; v < x.length; v++) {
                double onehot = v == token[n] ? 1 : 0;
                result[n][v] = coefficient[n] * (onehot - Math.exp(x[v] - normaliser));
            }
        }
        return result;
    }

    /** hidden · headᵀ */
    static double[] logits(double[] hidden, double[][] head) {
        var x = new double[head.length];
        for (int v = 0; v < x.length; v++) {
            for (int d = 0; d < hidden.length; d++) x[v] += hidden[d] * head[v][d];
        }
        return x;
    }

    /** NaN where x holds one. */
    static double logSumExp(double[] x) {
        double max = Double.NEGATIVE_INFINITY;
        for (double value : x) max = Math.max(max, value);
        if (Double.isInfinite(max)) return max;
        double sum = 0;
        for (double value : x) sum += Math.exp(value - max);
        return max + Math.log(sum);
    }

    static double[] doubles(float[] values) {
        var result = new double[values.length];
        for (int i = 0; i < result.length; i++) result[i] = values[i];
        return result;
    }

    static double[][] doubles(Matrix matrix) {
        var result = new double[(int) matrix.rows()][];
        for (int n = 0; n < result.length; n++) result[n] = doubles(matrix.row(n));
        return result;
    }

    /** Each value, which is an f32's, rounded to f32 or bf16. */
    static double[][] rounded(double[][] values, DataType type) {
        if (type == DataType.F32) return values;
        var result = new double[values.length][];
        for (int n = 0; n < values.length; n++) {
            result[n] = new double[values[n].length];
            for (int k = 0; k < values[n].length; k++) {
                result[n][k] = Float16.fromBf16(Float16.toBf16((float) values[n][k]));
            }
        }
        return result;
    }
}
