package io.equipoise.model;

import io.equipoise.kernels.Activation;
import io.equipoise.kernels.TransformerKernels;
import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;

/**
 * The gradient of GPT-2's blocks, from the gradient of the last one's output down to the embeddings. The gradient of the
 * residual stream is f32; what enters a product is rounded to the type products are computed in.
 */
final class Gpt2Backward implements AutoCloseable {
    private final Gpt2Config config;
    private final Gpt2Weights weights;
    private final TransformerKernels kernels;
    private final Matrix inner;
    private final Matrix qkv;
    private final Matrix normal;

    /** Memory for batches of up to so many rows. */
    Gpt2Backward(Gpt2Config config, Gpt2Weights weights, long rows) {
        this.config = config;
        this.weights = weights;
        kernels = weights.kernels();
        inner = Matrix.staggered(weights.type(), rows, config.inner());
        qkv = Matrix.staggered(weights.type(), rows, 3L * config.width());
        normal = Matrix.allocate(DataType.F32, rows, config.width());
    }

    /**
     * @param gradients where they are added up
     * @param gradient (R, D), f32, of the last block's output; written over
     * @param observer is shown all of it
     * @param progress told of every block that is done
     */
    void run(
            FlatParameters gradients,
            Gpt2Activations activations,
            RaggedBatch batch,
            Matrix gradient,
            GradientObserver observer,
            GradientProgress progress) {
        for (int i = config.layers() - 1; i >= 0; i--) {
            block(gradients, i, activations.layers().get(i), batch, gradient, observer);
            // A block's parameters begin with this one; what comes after them in the model has come before them here.
            progress.finalFrom(gradients.from(Gpt2Graph.block(i) + "ln_1.weight"));
        }
        observer.embeddings(gradient);
        scatter(gradients, "transformer.wte.weight", gradient, batch.tokens());
        scatter(gradients, "transformer.wpe.weight", gradient, batch.positions());
    }

    private void block(
            FlatParameters gradients,
            int index,
            Gpt2Activations.Layer a,
            RaggedBatch batch,
            Matrix gradient,
            GradientObserver observer) {
        var block = weights.blocks().get(index);
        String name = Gpt2Graph.block(index);
        var ofInner = inner.slice(0, gradient.rows());
        var ofQkv = qkv.slice(0, gradient.rows());
        var ofNormal = normal.slice(0, gradient.rows());

        outer(gradients, name + "mlp.c_proj", a.activated(), gradient, observer);
        product(ofInner, a.slope(), gradient, block.down(), Activation.SLOPE);
        outer(gradients, name + "mlp.c_fc", a.normal2(), ofInner, observer);
        product(ofNormal, Matrix.NONE, ofInner, block.up(), Activation.IDENTITY);
        observer.norm(name + "ln_2", ofNormal, a.middle(), block.norm2());
        norm(gradients, name + "ln_2", gradient, ofNormal, a.middle(), block.norm2());

        outer(gradients, name + "attn.c_proj", a.attended(), gradient, observer);
        product(ofNormal, Matrix.NONE, gradient, block.projection(), Activation.IDENTITY);
        kernels.attentionBackward(
                ofQkv, ofNormal, a.qkv(), batch.start(), config.heads(), config.attentionScale(index));
        outer(gradients, name + "attn.c_attn", a.normal1(), ofQkv, observer);
        product(ofNormal, Matrix.NONE, ofQkv, block.qkv(), Activation.IDENTITY);
        observer.norm(name + "ln_1", ofNormal, a.input(), block.norm1());
        norm(gradients, name + "ln_1", gradient, ofNormal, a.input(), block.norm1());
    }

    private void outer(FlatParameters gradients, String name, Matrix x, Matrix gradient, GradientObserver observer) {
        var weight = gradients.gradientMatrix(name + ".weight");
        var bias = gradients.gradientVector(name + ".bias");
        if (!weight.isNone() || !bias.isNone()) kernels.outer(weight, bias, x, gradient, weights.type());
        observer.affine(name, x, gradient);
    }

    private void product(Matrix out, Matrix slope, Matrix gradient, PackedAffine affine, Activation activation) {
        kernels.product(out, slope, gradient, affine.transposed(), Vector.NONE, Matrix.NONE, activation);
    }

    /** Adds what goes through the norm to the gradient of its input. */
    void norm(
            FlatParameters gradients,
            String name,
            Matrix gradient,
            Matrix ofNormal,
            Matrix input,
            Gpt2Weights.Norm norm) {
        kernels.layerNormBackward(
                gradient,
                gradients.gradientVector(name + ".weight"),
                gradients.gradientVector(name + ".bias"),
                ofNormal,
                input,
                norm.gain(),
                config.layerNormEpsilon());
    }

    private void scatter(FlatParameters gradients, String name, Matrix gradient, Vector index) {
        var table = gradients.gradientMatrix(name);
        if (!table.isNone()) kernels.scatterAdd(table, gradient, index);
    }

    @Override
    public void close() {
        inner.close();
        qkv.close();
        normal.close();
    }
}
