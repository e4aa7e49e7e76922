package io.equipoise.model;

import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import java.util.Arrays;

/** The memory that one worker needs for a micro-batch, kept from one to the next, and what is done in it. */
final class Gpt2Workspace implements AutoCloseable {
    private final int rows;
    private final Gpt2Activations activations;
    private final Matrix selected;
    private final Matrix hidden;
    private final Matrix gradHidden;
    private final Matrix gradSelected;
    private final Matrix gradient;
    private final Gpt2Backward backward;
    private final FusedHead head;

    /**
     * Memory for micro-batches of up to so many rows.
     *
     * @param gradient whether it is for gradients too
     */
    Gpt2Workspace(Gpt2Config config, Gpt2Weights weights, int rows, boolean gradient) {
        this.rows = rows;
        var type = weights.type();
        activations = gradient ? Gpt2Activations.kept(config, type, rows) : Gpt2Activations.shared(config, type, rows);
        selected = Matrix.allocate(DataType.F32, rows, config.width());
        hidden = Matrix.allocate(type, rows, config.width());
        int others = gradient ? rows : 0;
        gradHidden = Matrix.allocate(DataType.F32, others, config.width());
        gradSelected = Matrix.allocate(DataType.F32, others, config.width());
        this.gradient = Matrix.allocate(DataType.F32, others, config.width());
        backward = new Gpt2Backward(config, weights, others);
        head = new FusedHead();
    }

    int rows() {
        return rows;
    }

    void score(Gpt2Forward forward, RaggedBatch batch, float[][] functions, TokenScores result) {
        if (batch.targets() > 0) {
            var states = run(forward, activations.first(batch.size()), batch);
            head.score(forward.weights(), states, batch.batch(), functions, result);
            return;
        }
        for (int sequence : batch.batch().sequences()) {
            result.logProb()[sequence] = new float[0];
            result.expected()[sequence] = new float[0][];
        }
    }

    /** Writes hidden states of the batch's sequences to their rows of {@code result}, (B, T, D), ragged in T. */
    void hiddenStates(Gpt2Forward forward, RaggedBatch batch, float[][][] result) {
        var states = batch.targets() == 0 ? Matrix.NONE : run(forward, activations.first(batch.size()), batch);
        int[] sequences = batch.batch().sequences();
        int[] starts = batch.batch().starts();
        for (int b = 0; b < sequences.length; b++) {
            var rows = new float[starts[b + 1] - starts[b]][];
            for (int t = 0; t < rows.length; t++) rows[t] = states.row(starts[b] + t);
            result[sequences[b]] = rows;
        }
    }

    /** The hidden states (N, D) that predict a generated token. */
    private Matrix run(Gpt2Forward forward, Gpt2Activations part, RaggedBatch batch) {
        forward.run(part, batch.tokens(), batch.positions(), batch.rows(), batch.first());
        var chosen = selected.slice(0, batch.targets());
        batch.select(chosen, part.output());
        var states = hidden.slice(0, batch.targets());
        forward.norm(states, chosen, forward.weights().lastNorm());
        return states;
    }

    void accumulateGradient(
            Gpt2Forward forward,
            FlatParameters gradients,
            RaggedBatch batch,
            SequenceCoefficients coefficients,
            double[] logProb,
            GradientObserver observer,
            GradientProgress progress) {
        if (batch.targets() == 0) {
            for (int sequence : batch.batch().sequences()) {
                coefficients.coefficients(sequence, new float[0], new float[0]);
            }
            return;
        }
        var part = activations.first(batch.size());
        var states = run(forward, part, batch);
        var ofHidden = gradHidden.slice(0, batch.targets());
        var gradHead = gradients.gradientMatrix(forward.config().headName());
        boolean any = head.backward(
                forward.weights(), ofHidden, gradHead, states, batch.batch(), coefficients, logProb, observer);
        if (!any) return;
        var chosen = selected.slice(0, batch.targets());
        observer.lastNorm(ofHidden, chosen);
        var ofSelected = gradSelected.slice(0, batch.targets());
        ofSelected.clear();
        backward.norm(
                gradients,
                "transformer.ln_f",
                ofSelected,
                ofHidden,
                chosen,
                forward.weights().lastNorm());
        var ofOutput = gradient.slice(0, batch.size());
        batch.spread(ofOutput, ofSelected);
        backward.run(gradients, part, batch, ofOutput, observer, progress);
    }

    @Override
    public void close() {
        activations.close();
        backward.close();
        head.close();
        for (var matrix : Arrays.asList(selected, hidden, gradHidden, gradSelected, gradient)) matrix.close();
    }
}
