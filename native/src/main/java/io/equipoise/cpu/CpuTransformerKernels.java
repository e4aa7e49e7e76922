package io.equipoise.cpu;

import io.equipoise.kernels.Activation;
import io.equipoise.kernels.HeadScores;
import io.equipoise.kernels.PackedWeight;
import io.equipoise.kernels.TransformerKernels;
import io.equipoise.kernels.TransformerShapes;
import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;

/** The transformer's operations in C++, vectorised for one instruction set. */
final class CpuTransformerKernels implements TransformerKernels {
    private final int isa;

    CpuTransformerKernels(InstructionSet instructionSet) {
        isa = instructionSet.code();
    }

    @Override
    public PackedWeight allocate(DataType type, long depth, long columns) {
        long bytes = CpuTransformerOperations.packedBytes(CpuKernels.code(type), depth, columns, isa);
        return new PackedWeight(type, depth, columns, bytes);
    }

    @Override
    public void pack(PackedWeight packed, Matrix weight, boolean transposed) {
        TransformerShapes.pack(packed, weight, transposed);
        CpuTransformerOperations.pack(
                packed.address(),
                weight.address(),
                CpuKernels.code(packed.type()),
                packed.depth(),
                packed.columns(),
                weight.rowStride(),
                transposed,
                isa);
    }

    @Override
    public void product(
            Matrix out,
            Matrix slope,
            Matrix x,
            PackedWeight weight,
            Vector bias,
            Matrix addend,
            Activation activation) {
        TransformerShapes.product(out, slope, x, weight, bias, addend, activation);
        CpuTransformerOperations.product(
                out.address(),
                slope.address(),
                x.address(),
                weight.address(),
                bias.address(),
                addend.address(),
                CpuKernels.code(out.type()),
                CpuKernels.code(x.type()),
                CpuKernels.code(weight.type()),
                x.rows(),
                weight.columns(),
                weight.depth(),
                out.rowStride(),
                slope.rowStride(),
                x.rowStride(),
                addend.rowStride(),
                code(activation),
                isa);
    }

    @Override
    public void outer(Matrix gradWeight, Vector gradBias, Matrix x, Matrix gradOut, DataType type) {
        TransformerShapes.outer(gradWeight, gradBias, x, gradOut, type);
        CpuTransformerOperations.outer(
                gradWeight.address(),
                gradBias.address(),
                x.address(),
                gradOut.address(),
                CpuKernels.code(x.type()),
                CpuKernels.code(gradOut.type()),
                CpuKernels.code(type),
                x.rows(),
                x.columns(),
                gradOut.columns(),
                gradWeight.rowStride(),
                x.rowStride(),
                gradOut.rowStride(),
                isa);
    }

    @Override
    public void layerNorm(Matrix out, Matrix x, Vector gain, Vector bias, double epsilon) {
        TransformerShapes.layerNorm(out, x, gain, bias);
        CpuTransformerOperations.layerNorm(
                out.address(),
                x.address(),
                gain.address(),
                bias.address(),
                CpuKernels.code(out.type()),
                x.rows(),
                x.columns(),
                out.rowStride(),
                x.rowStride(),
                epsilon,
                isa);
    }

    @Override
    public void layerNormBackward(
            Matrix gradX, Vector gradGain, Vector gradBias, Matrix gradOut, Matrix x, Vector gain, double epsilon) {
        TransformerShapes.layerNormBackward(gradX, gradGain, gradBias, gradOut, x, gain);
        CpuTransformerOperations.layerNormBackward(
                gradX.address(),
                gradGain.address(),
                gradBias.address(),
                gradOut.address(),
                x.address(),
                gain.address(),
                x.rows(),
                x.columns(),
                gradX.rowStride(),
                gradOut.rowStride(),
                x.rowStride(),
                epsilon,
                isa);
    }

    @Override
    public void attention(Matrix out, Matrix qkv, Vector query, Vector first, int heads, double scale) {
        TransformerShapes.attention(out, qkv, query, first, heads);
        CpuTransformerOperations.attention(
                out.address(),
                qkv.address(),
                query.address(),
                first.address(),
                CpuKernels.code(qkv.type()),
                query.size(),
                out.columns(),
                out.rowStride(),
                qkv.rowStride(),
                qkv.rows(),
                heads,
                scale,
                isa);
    }

    @Override
    public void attentionBackward(Matrix gradQkv, Matrix gradOut, Matrix qkv, Vector start, int heads, double scale) {
        TransformerShapes.attentionBackward(gradQkv, gradOut, qkv, start, heads);
        CpuTransformerOperations.attentionBackward(
                gradQkv.address(),
                gradOut.address(),
                qkv.address(),
                start.address(),
                CpuKernels.code(qkv.type()),
                start.size() - 1,
                gradOut.columns(),
                gradQkv.rowStride(),
                gradOut.rowStride(),
                qkv.rowStride(),
                qkv.rows(),
                heads,
                scale,
                isa);
    }

    @Override
    public void embed(Matrix out, Matrix table, Matrix positions, Vector token, Vector position) {
        TransformerShapes.embed(out, table, positions, token, position);
        CpuTransformerOperations.embed(
                out.address(),
                table.address(),
                positions.address(),
                token.address(),
                position.address(),
                out.rows(),
                out.columns(),
                out.rowStride(),
                table.rows(),
                positions.rows(),
                isa);
    }

    @Override
    public void scatterAdd(Matrix table, Matrix x, Vector index) {
        TransformerShapes.scatterAdd(table, x, index);
        CpuTransformerOperations.scatterAdd(
                table.address(), x.address(), index.address(), x.rows(), x.columns(), x.rowStride(), table.rows(), isa);
    }

    @Override
    public void headLogProb(
            HeadScores scores, Matrix hidden, PackedWeight head, Vector token, Matrix functions, double temperature) {
        TransformerShapes.headLogProb(scores, hidden, head, token, functions, temperature);
        CpuTransformerOperations.headLogProb(
                scores.logProb().address(),
                scores.logSumExp().address(),
                scores.entropy().address(),
                scores.expected().address(),
                scores.exponentials().address(),
                scores.blockMax().address(),
                hidden.address(),
                head.address(),
                token.address(),
                functions.address(),
                CpuKernels.code(hidden.type()),
                CpuKernels.code(head.type()),
                hidden.rows(),
                head.columns(),
                head.depth(),
                functions.rows(),
                hidden.rowStride(),
                temperature,
                isa);
    }

    @Override
    public void headSample(
            Vector token,
            Vector logProb,
            Matrix hidden,
            PackedWeight head,
            Vector sequence,
            Vector position,
            double temperature,
            long seed) {
        TransformerShapes.headSample(token, logProb, hidden, head, sequence, position, temperature);
        CpuTransformerOperations.headSample(
                token.address(),
                logProb.address(),
                hidden.address(),
                head.address(),
                sequence.address(),
                position.address(),
                CpuKernels.code(hidden.type()),
                CpuKernels.code(head.type()),
                hidden.rows(),
                head.columns(),
                head.depth(),
                hidden.rowStride(),
                temperature,
                seed,
                isa);
    }

    @Override
    public void headGradient(
            Matrix gradHidden,
            Matrix gradHead,
            HeadScores scores,
            Vector coefficient,
            Vector token,
            Matrix hidden,
            PackedWeight transposedHead) {
        TransformerShapes.headGradient(gradHidden, gradHead, scores, coefficient, token, hidden, transposedHead);
        long vocabulary = transposedHead.depth();
        long width = transposedHead.columns();
        CpuTransformerOperations.headGradient(
                gradHidden.address(),
                gradHead.address(),
                scores.exponentials().address(),
                scores.blockMax().address(),
                scores.logProb().address(),
                scores.logSumExp().address(),
                coefficient.address(),
                token.address(),
                hidden.address(),
                transposedHead.address(),
                CpuKernels.code(hidden.type()),
                CpuKernels.code(transposedHead.type()),
                hidden.rows(),
                vocabulary,
                width,
                gradHidden.rowStride(),
                hidden.rowStride(),
                isa);
    }

    /** As {@code Activation} in transformer.h numbers them. */
    private static int code(Activation activation) {
        return switch (activation) {
            case IDENTITY -> 0;
            case GELU -> 1;
            case SLOPE -> 2;
        };
    }
}
