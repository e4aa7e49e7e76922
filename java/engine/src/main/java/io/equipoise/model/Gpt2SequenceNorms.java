package io.equipoise.model;

import io.equipoise.kernels.Activation;
import io.equipoise.kernels.TransformerKernels;
import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.util.HashMap;
import java.util.Map;

/**
 * The squared norm of every sequence's own gradient, from what the micro-batch's backward pass computes with: no sequence
 * is run by itself, and no weight's gradient of a single sequence is formed. With a sequence's rows X (T, K) of what enters
 * a product and G (T, M), the gradient of what comes out,
 *
 * <pre>
 *   ‖XᵀG‖² = Σ_{s,t} (x_s · x_t)·(g_s · g_t),   of the bias ‖Σ_t g_t‖² = Σ_{s,t} g_s · g_t
 * </pre>
 *
 * (Goodfellow, 2015, arXiv 1510.01799, for T = 1; Li, Tramèr, Liang, Hashimoto, 2022, arXiv 2110.05679). All that is
 * trained is covered; where head and token embedding are one weight, ‖E + H‖² = ‖E‖² + 2⟨E, H⟩ + ‖H‖². In bf16 the gradients
 * are taken as they were before the weight's gradient rounds them.
 */
final class Gpt2SequenceNorms implements GradientObserver {
    private final Gpt2Config config;
    private final Gpt2Weights weights;
    private final FlatParameters parameters;
    private final MicroBatches batch;
    private final double[] squaredNorm;
    /** (R) */
    private final int[] tokens;
    /** (S + 1), where each sequence's fed rows begin. */
    private final int[] fed;
    /** (S) */
    private final double[] squares;
    /** (S) whether any coefficient isn't 0. */
    private final boolean[] counts;

    private final Map<Integer, TiedHead> tiedHeads = new HashMap<>();

    /**
     * What a tied head's gradient has at the tokens that were fed, which the embedding's gradient meets.
     *
     * @param gradLogits (n, T)
     * @param hidden (n, D)
     */
    private record TiedHead(float[][] gradLogits, Matrix hidden) {}

    /**
     * Of one micro-batch.
     *
     * @param parameters which of them are trained
     * @param squaredNorm (B) of the whole batch; those of this one's sequences are written at the end
     */
    Gpt2SequenceNorms(
            Gpt2Config config,
            Gpt2Weights weights,
            FlatParameters parameters,
            RaggedBatch batch,
            double[] squaredNorm) {
        this.config = config;
        this.weights = weights;
        this.parameters = parameters;
        this.batch = batch.batch();
        this.squaredNorm = squaredNorm;
        tokens = batch.tokens().toInts();
        fed = batch.start().toInts();
        squares = new double[this.batch.sequences().length];
        counts = new boolean[squares.length];
    }

    @Override
    public boolean looks() {
        return true;
    }

    @Override
    public void head(int from, float[] coefficient, Matrix gradLogits, Matrix hidden) {
        for (int b = 0; b < squares.length; b++) {
            int first = batch.starts()[b] - from;
            int rows = batch.starts()[b + 1] - batch.starts()[b];
            if (first < 0 || first + rows > coefficient.length) continue;
            for (int n = first; n < first + rows; n++) counts[b] |= coefficient[n] != 0;
            if (!counts[b] || !parameters.isTrainable(config.headName())) continue;
            var own = gradLogits.slice(first, rows);
            var states = hidden.slice(first, rows);
            squares[b] += ofProduct(states, own, true, false);
            if (config.tiedEmbeddings()) tiedHeads.put(b, new TiedHead(atFedTokens(b, own), states));
        }
    }

    /** The columns (n, T) of the tokens that a sequence was fed. */
    private float[][] atFedTokens(int b, Matrix gradLogits) {
        var columns = new float[(int) gradLogits.rows()][fed[b + 1] - fed[b]];
        for (int n = 0; n < columns.length; n++) {
            float[] row = gradLogits.row(n);
            for (int t = 0; t < columns[n].length; t++) columns[n][t] = row[tokens[fed[b] + t]];
        }
        return columns;
    }

    @Override
    public void lastNorm(Matrix gradient, Matrix input) {
        norm("transformer.ln_f", gradient, input, weights.lastNorm(), batch.starts());
    }

    @Override
    public void norm(String name, Matrix gradient, Matrix input, Gpt2Weights.Norm norm) {
        norm(name, gradient, input, norm, fed);
    }

    /** @param starts (S + 1), where each sequence's rows begin */
    private void norm(String name, Matrix gradient, Matrix input, Gpt2Weights.Norm norm, int[] starts) {
        boolean gain = parameters.isTrainable(name + ".weight");
        boolean bias = parameters.isTrainable(name + ".bias");
        if (!gain && !bias) return;
        for (int b = 0; b < squares.length; b++) {
            if (!counts[b]) continue;
            int rows = starts[b + 1] - starts[b];
            try (var toInput = Matrix.allocate(DataType.F32, rows, config.width());
                    var toGain = Vector.f32(config.width());
                    var toBias = Vector.f32(config.width())) {
                kernels()
                        .layerNormBackward(
                                toInput,
                                toGain,
                                toBias,
                                gradient.slice(starts[b], rows),
                                input.slice(starts[b], rows),
                                norm.gain(),
                                config.layerNormEpsilon());
                if (gain) squares[b] += dot(toGain.toFloats(), toGain.toFloats());
                if (bias) squares[b] += dot(toBias.toFloats(), toBias.toFloats());
            }
        }
    }

    @Override
    public void affine(String name, Matrix x, Matrix gradient) {
        boolean weight = parameters.isTrainable(name + ".weight");
        boolean bias = parameters.isTrainable(name + ".bias");
        if (!weight && !bias) return;
        for (int b = 0; b < squares.length; b++) {
            if (!counts[b]) continue;
            int rows = fed[b + 1] - fed[b];
            squares[b] += ofProduct(x.slice(fed[b], rows), gradient.slice(fed[b], rows), weight, bias);
        }
    }

    /** Of one sequence's gradient of a product's weight, of its bias, or of both. */
    private double ofProduct(Matrix x, Matrix gradient, boolean weight, boolean bias) {
        double sum = 0;
        try (var ofGradient = dots(gradient, gradient);
                var ofX = weight ? dots(x, x) : Matrix.NONE) {
            for (long s = 0; s < ofGradient.rows(); s++) {
                float[] row = ofGradient.row(s);
                if (weight) sum += dot(row, ofX.row(s));
                if (bias) for (double each : row) sum += each;
            }
        }
        return sum;
    }

    /** Every row of one matrix times every row of another, in f32: {@code a · bᵀ}. */
    private Matrix dots(Matrix a, Matrix b) {
        var result = Matrix.allocate(DataType.F32, a.rows(), b.rows());
        try (var packed = kernels().allocate(DataType.F32, b.columns(), b.rows())) {
            if (b.type() == DataType.F32) {
                kernels().pack(packed, b, true);
            } else {
                try (var widened = Matrix.allocate(DataType.F32, b.rows(), b.columns())) {
                    for (long row = 0; row < b.rows(); row++) widened.putRow(row, b.row(row));
                    kernels().pack(packed, widened, true);
                }
            }
            kernels().product(result, Matrix.NONE, a, packed, Vector.NONE, Matrix.NONE, Activation.IDENTITY);
        }
        return result;
    }

    @Override
    public void embeddings(Matrix gradient) {
        boolean positions = parameters.isTrainable("transformer.wpe.weight");
        boolean table = parameters.isTrainable("transformer.wte.weight");
        for (int b = 0; b < squares.length; b++) {
            if (!counts[b]) continue;
            var byToken = new HashMap<Integer, double[]>();
            for (int row = fed[b]; row < fed[b + 1]; row++) {
                float[] own = gradient.row(row);
                // No position comes twice in a sequence, a token may.
                if (positions) squares[b] += dot(own, own);
                double[] sum = byToken.computeIfAbsent(tokens[row], token -> new double[own.length]);
                for (int d = 0; d < own.length; d++) sum[d] += own[d];
            }
            if (table) {
                for (double[] sum : byToken.values()) for (double each : sum) squares[b] += each * each;
                var head = tiedHeads.get(b);
                if (head != null) squares[b] += 2 * shared(head, gradient.slice(fed[b], fed[b + 1] - fed[b]));
            }
            // Rounding may take a sum of products below 0 that is 0.
            squaredNorm[batch.sequences()[b]] = Math.max(0, squares[b]);
        }
    }

    /**
     * ⟨E, H⟩ of a token table that is the head too.
     *
     * @param gradient (T, D), of the fed tokens' embeddings
     */
    private double shared(TiedHead head, Matrix gradient) {
        double sum = 0;
        try (var dots = dots(head.hidden, gradient)) {
            for (int n = 0; n < head.gradLogits.length; n++) sum += dot(head.gradLogits[n], dots.row(n));
        }
        return sum;
    }

    private TransformerKernels kernels() {
        return weights.kernels();
    }

    private static double dot(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) sum += (double) a[i] * b[i];
        return sum;
    }
}
