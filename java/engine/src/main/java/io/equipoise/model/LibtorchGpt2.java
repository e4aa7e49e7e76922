package io.equipoise.model;

import io.equipoise.kernels.Kernels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;

/** GPT-2 on libtorch in f32. Autograd runs from the last hidden states down; the head above is {@link Gpt2Head}. */
final class LibtorchGpt2 implements Gpt2Engine {
    private final Gpt2 model;
    private final Gpt2Config config;
    private final FlatParameters parameters;
    private final Kernels kernels;
    /** Graphs on the same weights with gradients of their own, one a worker; the first is on the model's parameters. */
    private final List<Gpt2Graph> graphs = new ArrayList<>();

    LibtorchGpt2(Gpt2 model, Gpt2Config config, FlatParameters parameters, Kernels kernels) {
        this.model = model;
        this.config = config;
        this.parameters = parameters;
        this.kernels = kernels;
        graphs.add(new Gpt2Graph(config, parameters));
    }

    @Override
    public Decoder decoder(int batch, int maxLength, Usage.Hold use) {
        return new LibtorchGpt2Decoder(model, graphs.get(0), kernels, batch, maxLength, use);
    }

    @Override
    public void score(List<MicroBatches> batches, float[][] functions, TokenScores result) {
        var head = new Gpt2Head(graphs.get(0), kernels);
        parameters.device().run(batches.size(), (worker, i) -> head.score(batches.get(i), functions, result));
    }

    @Override
    public void hiddenStates(List<MicroBatches> batches, float[][][] result) {
        parameters.device().run(batches.size(), (worker, i) -> hiddenStates(batches.get(i), result));
    }

    private void hiddenStates(MicroBatches batch, float[][][] result) {
        int width = config.width();
        float[] states = {};
        if (batch.targets().length > 0) {
            try (var scope = new PointerScope();
                    var guard = new NoGradGuard()) {
                states = parameters.device().floats(graphs.get(0).predicting(batch));
            }
        }
        for (int b = 0; b < batch.sequences().length; b++) {
            int first = batch.starts()[b];
            var rows = new float[batch.starts()[b + 1] - first][];
            for (int t = 0; t < rows.length; t++) {
                rows[t] = Arrays.copyOfRange(states, (first + t) * width, (first + t + 1) * width);
            }
            result[batch.sequences()[b]] = rows;
        }
    }

    @Override
    public void accumulateGradient(List<MicroBatches> batches, SequenceCoefficients coefficients, double[] logProb) {
        for (int i = graphs.size(); i < Math.min(parameters.device().workers(), batches.size()); i++) {
            graphs.add(new Gpt2Graph(config, parameters.replica()));
        }
        for (var other : graphs.subList(1, graphs.size())) other.parameters().clearGradient();
        parameters.device().run(batches.size(), (worker, i) -> {
            try (var scope = new PointerScope()) {
                var own = graphs.get(worker);
                var selected = own.predicting(batches.get(i));
                new Gpt2Head(own, kernels).backward(batches.get(i), selected, coefficients, logProb);
            }
        });
        for (var other : graphs.subList(1, graphs.size())) parameters.addGradient(other.parameters());
    }

    @Override
    public void changed() {
        for (var other : graphs.subList(1, graphs.size())) other.parameters().trainable(parameters::isTrainable);
    }

    @Override
    public void close() {
        for (var other : graphs.subList(1, graphs.size())) other.parameters().close();
    }
}
