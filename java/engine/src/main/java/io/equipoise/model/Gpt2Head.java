package io.equipoise.model;

import io.equipoise.kernels.Kernels;
import io.equipoise.memory.Vector;
import java.util.Arrays;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRefOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * A model's language-model head on one graph: logits chunk by chunk, our kernels on each, so that neither the logits nor
 * the log-softmax of a micro-batch ever exist as a whole. Autograd begins below, at the hidden states.
 */
record Gpt2Head(Gpt2Graph graph, Kernels kernels) {
    /** Rows of logits held at once, but for a longer sequence's gradient, which needs all of its own. */
    private static final int HEAD_ROWS = 512;

    /** Writes log-probabilities and expectations of one micro-batch's tokens to the rows of their sequences. */
    void score(MicroBatches batch, float[][] functions, TokenScores result) {
        int count = batch.targets().length;
        var logProb = new float[count];
        var expected = new float[count][functions.length];
        try (var scope = new PointerScope();
                var guard = new NoGradGuard()) {
            var hidden = graph.predicting(batch);
            for (int from = 0; from < count; from += HEAD_ROWS) {
                int rows = Math.min(HEAD_ROWS, count - from);
                var logits = torch.mm(hidden.narrow(0, from, rows), graph.head().t());
                var scores = scores(logits, Arrays.copyOfRange(batch.targets(), from, from + rows));
                System.arraycopy(scores.logProb, 0, logProb, from, rows);
                if (functions.length > 0) expect(logits, scores.logSumExp, functions, expected, from);
            }
        }
        for (int b = 0; b < batch.sequences().length; b++) {
            int sequence = batch.sequences()[b];
            result.logProb()[sequence] = Arrays.copyOfRange(logProb, batch.starts()[b], batch.starts()[b + 1]);
            result.expected()[sequence] = Arrays.copyOfRange(expected, batch.starts()[b], batch.starts()[b + 1]);
        }
    }

    /** Expectations of functions of a token under the softmax of each row of logits, which is written over. */
    private void expect(Tensor logits, float[] logSumExp, float[][] functions, float[][] expected, int from) {
        var device = graph.device();
        var probability =
                logits.sub_(device.tensor(logSumExp, logSumExp.length, 1)).exp_();
        for (int k = 0; k < functions.length; k++) {
            float[] means = device.floats(torch.mv(probability, device.tensor(functions[k], functions[k].length)));
            for (int n = 0; n < means.length; n++) expected[from + n][k] = means[n];
        }
    }

    /**
     * Forward and backward on one micro-batch, the products once: a chunk of whole sequences gives their log-probabilities,
     * these the coefficients, these the logits' gradient. Then down to the parameters by autograd.
     *
     * @param selected (N, D) hidden states, as {@link Gpt2Graph#predicting} gave them
     * @param logProbOfSequence (B), out
     */
    void backward(MicroBatches batch, Tensor selected, SequenceCoefficients coefficients, double[] logProbOfSequence) {
        boolean any = false;
        Tensor gradHidden;
        try (var guard = new NoGradGuard()) {
            var hidden = selected.detach();
            gradHidden = torch.zeros_like(hidden);
            int sequences = batch.sequences().length;
            for (int first = 0, end; first < sequences; first = end) {
                end = first + 1;
                while (end < sequences && batch.starts()[end + 1] - batch.starts()[first] <= HEAD_ROWS) end++;
                try (var scope = new PointerScope()) {
                    any |= backward(batch, first, end, hidden, gradHidden, coefficients, logProbOfSequence);
                }
            }
        }
        if (any && selected.requires_grad()) {
            selected.backward(gradHidden, new BoolOptional(), false, new TensorArrayRefOptional());
        }
    }

    /**
     * The same on the sequences first … end − 1 of a micro-batch.
     *
     * @param gradHidden (N, D), their rows are written
     * @return whether any coefficient isn't 0
     */
    private boolean backward(
            MicroBatches batch,
            int first,
            int end,
            Tensor hidden,
            Tensor gradHidden,
            SequenceCoefficients coefficients,
            double[] logProbOfSequence) {
        int offset = batch.starts()[first];
        int rows = batch.starts()[end] - offset;
        var input = hidden.narrow(0, offset, rows);
        var logits = torch.mm(input, graph.head().t());
        int[] targets = Arrays.copyOfRange(batch.targets(), offset, offset + rows);
        var scores = scores(logits, targets);
        var coefficient = new float[rows];
        batch.coefficients(first, end, scores.logProb, coefficients, coefficient, logProbOfSequence);
        boolean any = false;
        for (float each : coefficient) any |= each != 0;
        if (!any) return false;
        try (var logSumExp = Vector.of(scores.logSumExp);
                var target = Vector.of(targets);
                var weight = Vector.of(coefficient)) {
            kernels.gradient(graph.device().matrix(logits), logSumExp, target, weight);
        }
        torch.mm_out(gradHidden.narrow(0, offset, rows), logits, graph.head());
        if (graph.parameters().isTrainable(graph.headName())) {
            graph.parameters().gradient(graph.headName()).addmm_(logits.t(), input);
        }
        return true;
    }

    private record Scores(float[] logProb, float[] logSumExp) {}

    private Scores scores(Tensor logits, int[] targets) {
        try (var logProb = Vector.f32(targets.length);
                var logSumExp = Vector.f32(targets.length);
                var entropy = Vector.f32(targets.length);
                var target = Vector.of(targets)) {
            kernels.tokenLogProb(logProb, logSumExp, entropy, graph.device().matrix(logits), target, 1);
            return new Scores(logProb.toFloats(), logSumExp.toFloats());
        }
    }
}
