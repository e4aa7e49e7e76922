package io.equipoise.cpu;

import io.equipoise.kernels.KernelException;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.annotation.Cast;
import org.bytedeco.javacpp.annotation.Name;
import org.bytedeco.javacpp.annotation.Namespace;
import org.bytedeco.javacpp.annotation.Platform;

/** transformer.h as JavaCPP binds it, in the same library as {@link CpuOperations}. Nothing is checked here but indices. */
@Platform(
        include = {"omp.h", "kernels.h", "transformer.h"},
        compiler = "cpp17",
        preload = "gomp@.1",
        preloadresource = "/org/bytedeco/pytorch/",
        library = "jniequipoise_cpu")
@Namespace("equipoise::cpu")
final class CpuTransformerOperations {
    static {
        Loader.load();
    }

    private CpuTransformerOperations() {}

    @Name("packed_bytes")
    @Cast("int64_t")
    static native long packedBytes(int type, @Cast("int64_t") long depth, @Cast("int64_t") long columns, int isa)
            throws KernelException;

    static native void pack(
            Pointer packed,
            @Cast("const float*") Pointer weight,
            int type,
            @Cast("int64_t") long depth,
            @Cast("int64_t") long columns,
            @Cast("int64_t") long rowStride,
            boolean transposed,
            int isa)
            throws KernelException;

    static native void product(
            Pointer out,
            Pointer slope,
            @Cast("const void*") Pointer x,
            @Cast("const void*") Pointer packed,
            @Cast("const float*") Pointer bias,
            @Cast("const float*") Pointer addend,
            int outType,
            int xType,
            int type,
            @Cast("int64_t") long rows,
            @Cast("int64_t") long columns,
            @Cast("int64_t") long depth,
            @Cast("int64_t") long outStride,
            @Cast("int64_t") long preStride,
            @Cast("int64_t") long xStride,
            @Cast("int64_t") long addendStride,
            int activation,
            int isa)
            throws KernelException;

    static native void outer(
            @Cast("float*") Pointer gradWeight,
            @Cast("float*") Pointer gradBias,
            @Cast("const void*") Pointer x,
            @Cast("const void*") Pointer gradOut,
            int xType,
            int gradType,
            int type,
            @Cast("int64_t") long rows,
            @Cast("int64_t") long depth,
            @Cast("int64_t") long columns,
            @Cast("int64_t") long weightStride,
            @Cast("int64_t") long xStride,
            @Cast("int64_t") long gradStride,
            int isa)
            throws KernelException;

    @Name("layer_norm")
    static native void layerNorm(
            Pointer out,
            @Cast("const float*") Pointer x,
            @Cast("const float*") Pointer gain,
            @Cast("const float*") Pointer bias,
            int outType,
            @Cast("int64_t") long rows,
            @Cast("int64_t") long columns,
            @Cast("int64_t") long outStride,
            @Cast("int64_t") long xStride,
            double epsilon,
            int isa)
            throws KernelException;

    @Name("layer_norm_backward")
    static native void layerNormBackward(
            @Cast("float*") Pointer gradX,
            @Cast("float*") Pointer gradGain,
            @Cast("float*") Pointer gradBias,
            @Cast("const float*") Pointer gradOut,
            @Cast("const float*") Pointer x,
            @Cast("const float*") Pointer gain,
            @Cast("int64_t") long rows,
            @Cast("int64_t") long columns,
            @Cast("int64_t") long gradXStride,
            @Cast("int64_t") long gradOutStride,
            @Cast("int64_t") long xStride,
            double epsilon,
            int isa)
            throws KernelException;

    static native void attention(
            Pointer out,
            @Cast("const void*") Pointer qkv,
            @Cast("const int32_t*") Pointer query,
            @Cast("const int32_t*") Pointer first,
            int type,
            @Cast("int64_t") long rows,
            @Cast("int64_t") long width,
            @Cast("int64_t") long outStride,
            @Cast("int64_t") long qkvStride,
            @Cast("int64_t") long qkvRows,
            int heads,
            double scale,
            int isa)
            throws KernelException;

    @Name("attention_backward")
    static native void attentionBackward(
            Pointer gradQkv,
            @Cast("const float*") Pointer gradOut,
            @Cast("const void*") Pointer qkv,
            @Cast("const int32_t*") Pointer start,
            int type,
            @Cast("int64_t") long sequences,
            @Cast("int64_t") long width,
            @Cast("int64_t") long gradQkvStride,
            @Cast("int64_t") long gradOutStride,
            @Cast("int64_t") long qkvStride,
            @Cast("int64_t") long qkvRows,
            int heads,
            double scale,
            int isa)
            throws KernelException;

    static native void embed(
            @Cast("float*") Pointer out,
            @Cast("const float*") Pointer table,
            @Cast("const float*") Pointer positions,
            @Cast("const int32_t*") Pointer token,
            @Cast("const int32_t*") Pointer position,
            @Cast("int64_t") long rows,
            @Cast("int64_t") long columns,
            @Cast("int64_t") long outStride,
            @Cast("int64_t") long vocabulary,
            @Cast("int64_t") long context,
            int isa)
            throws KernelException;

    @Name("scatter_add")
    static native void scatterAdd(
            @Cast("float*") Pointer table,
            @Cast("const float*") Pointer x,
            @Cast("const int32_t*") Pointer index,
            @Cast("int64_t") long rows,
            @Cast("int64_t") long columns,
            @Cast("int64_t") long xStride,
            @Cast("int64_t") long tableRows,
            int isa)
            throws KernelException;

    @Name("head_log_prob")
    static native void headLogProb(
            @Cast("float*") Pointer logProb,
            @Cast("float*") Pointer logSumExp,
            @Cast("float*") Pointer entropy,
            @Cast("float*") Pointer expected,
            Pointer exponentials,
            @Cast("float*") Pointer blockMax,
            @Cast("const void*") Pointer hidden,
            @Cast("const void*") Pointer packed,
            @Cast("const int32_t*") Pointer token,
            @Cast("const float*") Pointer functions,
            int hiddenType,
            int type,
            @Cast("int64_t") long rows,
            @Cast("int64_t") long columns,
            @Cast("int64_t") long depth,
            @Cast("int64_t") long functionsCount,
            @Cast("int64_t") long hiddenStride,
            double temperature,
            int isa)
            throws KernelException;

    @Name("head_sample")
    static native void headSample(
            @Cast("int32_t*") Pointer token,
            @Cast("float*") Pointer logProb,
            @Cast("const void*") Pointer hidden,
            @Cast("const void*") Pointer packed,
            @Cast("const int64_t*") Pointer sequence,
            @Cast("const int32_t*") Pointer position,
            int hiddenType,
            int type,
            @Cast("int64_t") long rows,
            @Cast("int64_t") long columns,
            @Cast("int64_t") long depth,
            @Cast("int64_t") long hiddenStride,
            double temperature,
            @Cast("int64_t") long seed,
            int isa)
            throws KernelException;

    @Name("head_gradient")
    static native void headGradient(
            @Cast("float*") Pointer gradHidden,
            @Cast("float*") Pointer gradHead,
            Pointer exponentials,
            @Cast("const float*") Pointer blockMax,
            @Cast("const float*") Pointer logProb,
            @Cast("const float*") Pointer logSumExp,
            @Cast("const float*") Pointer coefficient,
            @Cast("const int32_t*") Pointer token,
            @Cast("const void*") Pointer hidden,
            @Cast("const void*") Pointer packedTransposed,
            int hiddenType,
            int type,
            @Cast("int64_t") long rows,
            @Cast("int64_t") long columns,
            @Cast("int64_t") long depth,
            @Cast("int64_t") long gradHiddenStride,
            @Cast("int64_t") long hiddenStride,
            int isa)
            throws KernelException;
}
