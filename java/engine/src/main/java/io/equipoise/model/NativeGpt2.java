package io.equipoise.model;

import io.equipoise.kernels.Kernels;
import io.equipoise.kernels.TransformerKernels;
import io.equipoise.memory.DataType;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.function.Function;

/**
 * GPT-2 on the engine's own kernels, products in f32 or bf16 with f32 sums. Decoding, scoring and the gradient's forward
 * pass are the same arithmetic on the same rows, so a text has one log-probability, to the bit.
 */
final class NativeGpt2 implements Gpt2Engine {
    /** Names of the one that the kernels have. */
    static final List<String> ACTIVATIONS = List.of("gelu_new", "gelu_pytorch_tanh", "gelu_fast");

    private final Gpt2 model;
    private final Gpt2Config config;
    private final FlatParameters parameters;
    private final Kernels kernels;
    private final Gpt2Weights weights;
    private final Gpt2Forward forward;
    /** Where workers put their gradients; the first is the model's own. */
    private final List<FlatParameters> gradients = new ArrayList<>();
    /** Memory not in use, by whether it is for gradients. */
    private final ConcurrentLinkedDeque<Gpt2Workspace> forScores = new ConcurrentLinkedDeque<>();

    private final ConcurrentLinkedDeque<Gpt2Workspace> forGradients = new ConcurrentLinkedDeque<>();

    NativeGpt2(
            Gpt2 model,
            Gpt2Config config,
            FlatParameters parameters,
            Kernels kernels,
            TransformerKernels transformer,
            DataType type) {
        this.model = model;
        this.config = config;
        this.parameters = parameters;
        this.kernels = kernels;
        weights = new Gpt2Weights(config, parameters, transformer, type);
        forward = new Gpt2Forward(config, weights);
        gradients.add(parameters);
    }

    /** Whether the kernels have this model's operations. */
    static boolean supports(Gpt2Config config) {
        return ACTIVATIONS.contains(config.activation());
    }

    @Override
    public Decoder decoder(int batch, int maxLength, Usage.Hold use) {
        weights.prepare();
        return new NativeGpt2Decoder(model, forward, kernels, batch, maxLength, use);
    }

    @Override
    public void score(List<MicroBatches> batches, float[][] functions, TokenScores result) {
        weights.prepare();
        Workers.run(batches.size(), (worker, i) -> {
            try (var batch = RaggedBatch.of(batches.get(i))) {
                var workspace = take(forScores, batch, false);
                workspace.score(forward, batch, functions, result);
                forScores.add(workspace);
            }
        });
    }

    @Override
    public void hiddenStates(List<MicroBatches> batches, float[][][] result) {
        weights.prepare();
        Workers.run(batches.size(), (worker, i) -> {
            try (var batch = RaggedBatch.of(batches.get(i))) {
                var workspace = take(forScores, batch, false);
                workspace.hiddenStates(forward, batch, result);
                forScores.add(workspace);
            }
        });
    }

    @Override
    public void accumulateGradient(List<MicroBatches> batches, SequenceCoefficients coefficients, double[] logProb) {
        accumulateGradient(batches, coefficients, logProb, GradientProgress.NONE);
    }

    @Override
    public void accumulateGradient(
            List<MicroBatches> batches,
            SequenceCoefficients coefficients,
            double[] logProb,
            GradientProgress progress) {
        accumulateGradient(batches, coefficients, logProb, batch -> GradientObserver.NONE, progress);
        // No batches, no worker to say so.
        progress.finalFrom(0);
    }

    /**
     * The same, to the bit, and the squared norm of each sequence's own gradient.
     *
     * @param squaredNorm (B), all 0 on entry, out
     */
    void accumulateGradient(
            List<MicroBatches> batches, SequenceCoefficients coefficients, double[] logProb, double[] squaredNorm) {
        accumulateGradient(
                batches,
                coefficients,
                logProb,
                batch -> new Gpt2SequenceNorms(config, weights, parameters, batch, squaredNorm),
                GradientProgress.NONE);
    }

    private void accumulateGradient(
            List<MicroBatches> batches,
            SequenceCoefficients coefficients,
            double[] logProb,
            Function<RaggedBatch, GradientObserver> observers,
            GradientProgress progress) {
        if (batches.isEmpty()) return;
        weights.prepareGradient();
        int workers = Math.min(Workers.count(), batches.size());
        for (int i = gradients.size(); i < workers; i++) gradients.add(parameters.replica());
        for (var other : gradients.subList(1, workers)) other.clearGradient();
        var merged = new MergedGradient(gradients.subList(0, workers), progress);
        Workers.run(batches.size(), (worker, i) -> {
            try (var batch = RaggedBatch.of(batches.get(i))) {
                var workspace = take(forGradients, batch, true);
                boolean last = i + Workers.count() >= batches.size();
                workspace.accumulateGradient(
                        forward,
                        gradients.get(worker),
                        batch,
                        coefficients,
                        logProb,
                        observers.apply(batch),
                        last && progress.cares()
                                ? element -> merged.finalFrom(worker, element)
                                : GradientProgress.NONE);
                if (last && progress.cares()) merged.finalFrom(worker, 0);
                forGradients.add(workspace);
            }
        });
        for (int worker = 0; worker < workers; worker++) merged.finalFrom(worker, 0);
    }

    private Gpt2Workspace take(ConcurrentLinkedDeque<Gpt2Workspace> pool, RaggedBatch batch, boolean gradient) {
        var workspace = pool.poll();
        if (workspace != null) {
            if (workspace.rows() >= batch.size()) return workspace;
            workspace.close();
        }
        return new Gpt2Workspace(config, weights, batch.size(), gradient);
    }

    @Override
    public void changed() {
        weights.changed();
        for (var other : gradients.subList(1, gradients.size())) other.trainable(parameters::isTrainable);
    }

    @Override
    public void close() {
        forScores.forEach(Gpt2Workspace::close);
        forGradients.forEach(Gpt2Workspace::close);
        for (var other : gradients.subList(1, gradients.size())) other.close();
        weights.close();
    }
}
