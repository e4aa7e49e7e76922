package io.equipoise.model;

import io.equipoise.kernels.TransformerKernels;
import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.util.ArrayList;
import java.util.List;

/**
 * GPT-2's weights as {@link TransformerKernels} want them: those of products packed in the type that products are computed
 * in, the others as they lie in the flat f32 parameters. Packed on first use, and again after {@link #changed}.
 */
final class Gpt2Weights implements AutoCloseable {
    /** Layer norm. */
    record Norm(Vector gain, Vector bias) {}

    /** One transformer block. */
    record Block(
            Norm norm1, PackedAffine qkv, PackedAffine projection, Norm norm2, PackedAffine up, PackedAffine down) {}

    private final TransformerKernels kernels;
    private final DataType type;
    private final FlatParameters parameters;
    private final List<Block> blocks = new ArrayList<>();
    private final List<PackedAffine> products = new ArrayList<>();
    private final Matrix tokenEmbedding;
    private final Matrix positionEmbedding;
    private final Norm lastNorm;
    private final PackedAffine head;
    private boolean packed;
    private boolean transposed;

    Gpt2Weights(Gpt2Config config, FlatParameters parameters, TransformerKernels kernels, DataType type) {
        this.kernels = kernels;
        this.type = type;
        this.parameters = parameters;
        for (int layer = 0; layer < config.layers(); layer++) {
            String block = Gpt2Graph.block(layer);
            blocks.add(new Block(
                    norm(block + "ln_1"),
                    affine(block + "attn.c_attn"),
                    affine(block + "attn.c_proj"),
                    norm(block + "ln_2"),
                    affine(block + "mlp.c_fc"),
                    affine(block + "mlp.c_proj")));
        }
        tokenEmbedding = parameters.matrix("transformer.wte.weight");
        positionEmbedding = parameters.matrix("transformer.wpe.weight");
        lastNorm = norm("transformer.ln_f");
        head = product(parameters.matrix(config.headName()), true, Vector.NONE);
    }

    private Norm norm(String name) {
        return new Norm(parameters.vector(name + ".weight"), parameters.vector(name + ".bias"));
    }

    private PackedAffine affine(String name) {
        return product(parameters.matrix(name + ".weight"), false, parameters.vector(name + ".bias"));
    }

    private PackedAffine product(Matrix weight, boolean storedTransposed, Vector bias) {
        var affine = new PackedAffine(kernels, type, weight, storedTransposed, bias);
        products.add(affine);
        return affine;
    }

    /** Packs what is out of date. */
    synchronized void prepare() {
        if (packed) return;
        products.forEach(PackedAffine::pack);
        packed = true;
    }

    /** The same, for gradients too. */
    synchronized void prepareGradient() {
        prepare();
        if (transposed) return;
        products.forEach(PackedAffine::packTransposed);
        transposed = true;
    }

    /** What was packed is out of date. */
    synchronized void changed() {
        packed = false;
        transposed = false;
    }

    /** The type products are computed in. */
    DataType type() {
        return type;
    }

    TransformerKernels kernels() {
        return kernels;
    }

    Matrix tokenEmbedding() {
        return tokenEmbedding;
    }

    Matrix positionEmbedding() {
        return positionEmbedding;
    }

    List<Block> blocks() {
        return blocks;
    }

    Norm lastNorm() {
        return lastNorm;
    }

    /** (D, V), without a bias. */
    PackedAffine head() {
        return head;
    }

    @Override
    public void close() {
        products.forEach(PackedAffine::close);
    }
}
