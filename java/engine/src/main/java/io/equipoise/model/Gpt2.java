package io.equipoise.model;

import io.equipoise.kernels.Kernels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * The GPT-2 family (Radford et al., 2019): learned positions, layer norm before each block, a head that may share the
 * token embedding. On processors whose kernels have the transformer's operations these compute it, elsewhere libtorch.
 */
final class Gpt2 implements CausalLanguageModel {
    /** Weights that stay in the cores' shared cache are best read by one decoder a core, larger ones by one in all. */
    private static final long CACHED_PARAMETERS = 8L << 20;

    private final Gpt2Config config;
    private final LibtorchDevice device;
    private final FlatParameters parameters;
    private final Kernels kernels;
    private final Precision precision;
    private final Gpt2Engine engine;
    private final Usage usage;

    /**
     * Weights of 0.
     *
     * @param precision bf16 only where the kernels have it
     * @param device whose memory the kernels can read
     */
    Gpt2(Gpt2Config config, Kernels kernels, Precision precision, LibtorchDevice device) {
        this.config = config;
        this.kernels = kernels;
        this.precision = precision;
        this.device = device;
        var transformer =
                kernels.transformer().filter(each -> device.isHost()).filter(each -> NativeGpt2.supports(config));
        if (transformer.isEmpty() && precision != Precision.F32) {
            throw new ModelFormatException("precision bf16 is not available: "
                    + withoutKernels(config, kernels, device)
                            .orElse("libtorch computes this model, as kernels '" + kernels.description() + "' don't")
                    + "; set precision: f32, the default");
        }
        parameters = FlatParameters.zeros(declarations(config), device);
        engine = transformer.isPresent()
                ? new NativeGpt2(this, config, parameters, kernels, transformer.get(), precision.type())
                : new LibtorchGpt2(this, config, parameters, kernels);
        usage = new Usage(() -> {
            engine.close();
            parameters.close();
        });
    }

    /** That libtorch computes a model since its activation isn't among the kernels', which would do the rest. */
    static Optional<String> withoutKernels(Gpt2Config config, Kernels kernels, LibtorchDevice device) {
        if (!device.isHost() || kernels.transformer().isEmpty() || NativeGpt2.supports(config)) return Optional.empty();
        return Optional.of("libtorch computes this model, in f32 and slower, since the kernels have no activation '"
                + config.activation() + "', only " + String.join(", ", NativeGpt2.ACTIVATIONS));
    }

    static List<FlatParameters.Declaration> declarations(Gpt2Config config) {
        long width = config.width();
        long inner = config.inner();
        var list = new ArrayList<FlatParameters.Declaration>();
        declare(list, "transformer.wte.weight", config.vocabularySize(), width);
        declare(list, "transformer.wpe.weight", config.contextLength(), width);
        for (int layer = 0; layer < config.layers(); layer++) {
            String block = Gpt2Graph.block(layer);
            declare(list, block + "ln_1.weight", width);
            declare(list, block + "ln_1.bias", width);
            declare(list, block + "attn.c_attn.weight", width, 3 * width);
            declare(list, block + "attn.c_attn.bias", 3 * width);
            declare(list, block + "attn.c_proj.weight", width, width);
            declare(list, block + "attn.c_proj.bias", width);
            declare(list, block + "ln_2.weight", width);
            declare(list, block + "ln_2.bias", width);
            declare(list, block + "mlp.c_fc.weight", width, inner);
            declare(list, block + "mlp.c_fc.bias", inner);
            declare(list, block + "mlp.c_proj.weight", inner, width);
            declare(list, block + "mlp.c_proj.bias", width);
        }
        declare(list, "transformer.ln_f.weight", width);
        declare(list, "transformer.ln_f.bias", width);
        if (!config.tiedEmbeddings()) declare(list, "lm_head.weight", config.vocabularySize(), width);
        return list;
    }

    private static void declare(List<FlatParameters.Declaration> list, String name, long... shape) {
        list.add(new FlatParameters.Declaration(
                name, Arrays.stream(shape).boxed().toList()));
    }

    FlatParameters flatParameters() {
        return parameters;
    }

    @Override
    public ModelConfig config() {
        return config.modelConfig();
    }

    @Override
    public Decoder decoder(int batch, int maxLength) {
        if (maxLength > config.contextLength()) {
            throw new IllegalArgumentException("sequences of up to " + maxLength
                    + " tokens don't fit the model's context of " + config.contextLength());
        }
        var use = usage.begin();
        try {
            return engine.decoder(batch, maxLength, use);
        } catch (RuntimeException e) {
            use.close();
            throw e;
        }
    }

    @Override
    public int parallelDecoders() {
        return parameters.size() <= CACHED_PARAMETERS ? device.workers() : 1;
    }

    @Override
    public TokenScores tokenScores(int[][] tokens, int[] promptLength, int microBatch, float[][] functions) {
        for (float[] function : functions) {
            if (function.length != config.vocabularySize()) {
                throw new IllegalArgumentException("a function has " + function.length + " values, the vocabulary "
                        + config.vocabularySize() + " tokens");
            }
        }
        var result = new TokenScores(new float[tokens.length][], new float[tokens.length][][]);
        try (var use = usage.begin()) {
            engine.score(batches(tokens, promptLength, microBatch), functions, result);
        }
        return result;
    }

    @Override
    public int width() {
        return config.width();
    }

    @Override
    public float[][][] hiddenStates(int[][] tokens, int[] promptLength, int microBatch) {
        var result = new float[tokens.length][][];
        try (var use = usage.begin()) {
            engine.hiddenStates(batches(tokens, promptLength, microBatch), result);
        }
        return result;
    }

    /** No larger than leaves every worker a share. */
    private List<MicroBatches> batches(int[][] tokens, int[] promptLength, int microBatch) {
        int share = (tokens.length + device.workers() - 1) / device.workers();
        return MicroBatches.of(tokens, promptLength, Math.min(microBatch, Math.max(1, share)), config());
    }

    @Override
    public double[] accumulateGradient(
            int[][] tokens, int[] promptLength, int microBatch, SequenceCoefficients coefficients) {
        var result = new double[tokens.length];
        try (var use = usage.begin()) {
            requireGradient();
            engine.accumulateGradient(batches(tokens, promptLength, microBatch), coefficients, result);
        }
        return result;
    }

    @Override
    public double[] accumulateGradient(
            int[][] tokens,
            int[] promptLength,
            int microBatch,
            SequenceCoefficients coefficients,
            double[] squaredNorm) {
        if (!(engine instanceof NativeGpt2 ours)) {
            return CausalLanguageModel.super.accumulateGradient(
                    tokens, promptLength, microBatch, coefficients, squaredNorm);
        }
        var result = new double[tokens.length];
        Arrays.fill(squaredNorm, 0);
        try (var use = usage.begin()) {
            requireGradient();
            ours.accumulateGradient(batches(tokens, promptLength, microBatch), coefficients, result, squaredNorm);
        }
        return result;
    }

    @Override
    public double[] accumulateGradient(
            int[][] tokens,
            int[] promptLength,
            int microBatch,
            SequenceCoefficients coefficients,
            GradientProgress progress) {
        var result = new double[tokens.length];
        try (var use = usage.begin()) {
            requireGradient();
            engine.accumulateGradient(batches(tokens, promptLength, microBatch), coefficients, result, progress);
        }
        return result;
    }

    private void requireGradient() {
        if (parameters.all().gradient().size() == 0) {
            throw new IllegalStateException(
                    "call trainable(…) before accumulateGradient(…): this model has no gradient");
        }
    }

    @Override
    public Parameters parameters() {
        requireOpen();
        return parameters.all();
    }

    @Override
    public void trainable(Predicate<String> name) {
        try (var use = usage.begin()) {
            parameters.trainable(name);
            engine.changed();
        }
    }

    @Override
    public double gradientNorm() {
        try (var use = usage.begin()) {
            return parameters.gradientNorm();
        }
    }

    @Override
    public double weightNorm() {
        requireOpen();
        return parameters.weightNorm();
    }

    @Override
    public CausalLanguageModel copy() {
        try (var use = usage.begin()) {
            var copy = new Gpt2(config, kernels, precision, device);
            copy.parameters.copyFrom(parameters);
            return copy;
        }
    }

    @Override
    public void copyFrom(CausalLanguageModel other) {
        if (!(other instanceof Gpt2 gpt2) || !gpt2.config.equals(config)) {
            throw new IllegalArgumentException("weights can only be copied between models of the same shape");
        }
        try (var use = usage.begin();
                var useOfOther = gpt2.usage.begin()) {
            parameters.copyFrom(gpt2.parameters);
            engine.changed();
        }
    }

    @Override
    public void changed() {
        requireOpen();
        engine.changed();
    }

    void requireOpen() {
        usage.requireOpen();
    }

    @Override
    public void close() {
        usage.close();
    }
}
