package io.equipoise.model;

import io.equipoise.memory.DataType;

/**
 * GPT-2's, as {@link NativeGpt2} computes it; what {@link LibtorchGpt2} takes is near it, for autograd keeps the same.
 *
 * @param type of products' operands
 * @param workers that compute at once, each with a gradient of its own
 * @param laysOut whether products want weights laid out for them, besides the parameters
 */
record Gpt2Memory(Gpt2Config config, DataType type, int workers, boolean laysOut) implements ModelMemory {
    private static final long F32 = DataType.F32.bytes();

    /** On the processor. */
    Gpt2Memory(Gpt2Config config, DataType type, int workers) {
        this(config, type, workers, true);
    }

    /** On a card, where libtorch computes it in f32, one micro-batch after the other. */
    static Gpt2Memory onCard(Gpt2Config config) {
        return new Gpt2Memory(config, DataType.F32, 1, false);
    }

    private long parameters() {
        return Gpt2.declarations(config).stream()
                .mapToLong(FlatParameters.Declaration::size)
                .sum();
    }

    /** Weights of the blocks' products. */
    private long matrices() {
        long width = config.width();
        return config.layers() * (4 * width * width + 2 * width * config.inner());
    }

    /** All products' weights, laid out for them. */
    private long packed() {
        if (!laysOut) return 0;
        return type.bytes() * (matrices() + (long) config.vocabularySize() * config.width());
    }

    @Override
    public long weights(boolean trained) {
        long forward = F32 * parameters() + packed();
        return trained ? forward + packed() + workers * F32 * parameters() : forward;
    }

    @Override
    public long optimiser() {
        return 2 * F32 * parameters();
    }

    @Override
    public long decoding(long rows, long maxLength) {
        long width = config.width();
        long cache = config.layers() * 3L * width * maxLength * type.bytes();
        return rows * (cache + layer(false) + type.bytes() * width + F32 * config.vocabularySize());
    }

    /** One block's activations of one row. */
    private long layer(boolean gradient) {
        long width = config.width();
        long inner = gradient ? 2L * config.inner() : config.inner();
        return type.bytes() * (6 * width + inner) + F32 * (gradient ? 2 : 1) * width;
    }

    @Override
    public long pass(long rows, boolean gradient) {
        long width = config.width();
        long states = F32 * width + type.bytes() * width;
        if (!gradient) return workers * rows * (layer(false) + states);
        long backward = type.bytes() * (config.inner() + 3 * width) + F32 * 5 * width;
        long kept = config.layers() * layer(true) + states + backward;
        long chunk = Math.min(rows, FusedHead.CHUNK) * (long) config.vocabularySize() * type.bytes();
        return workers * (rows * kept + chunk);
    }
}
