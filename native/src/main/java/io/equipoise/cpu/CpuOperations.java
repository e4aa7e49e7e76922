package io.equipoise.cpu;

import io.equipoise.kernels.KernelException;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.annotation.Cast;
import org.bytedeco.javacpp.annotation.Name;
import org.bytedeco.javacpp.annotation.Namespace;
import org.bytedeco.javacpp.annotation.Platform;

/**
 * kernels.h as JavaCPP binds it. Sizes and strides count elements; nothing is checked here but tokens. One libgomp serves
 * this library and libtorch: the one that libtorch ships, where it is on the class path.
 */
@Platform(
        include = {"omp.h", "kernels.h"},
        compiler = "cpp17",
        preload = "gomp@.1",
        preloadresource = "/org/bytedeco/pytorch/",
        library = "jniequipoise_cpu")
@Namespace("equipoise::cpu")
final class CpuOperations {
    static {
        Loader.load();
    }

    private CpuOperations() {}

    static native boolean supports(int isa);

    /** Threads that the calling thread's next operations may use; OMP_NUM_THREADS or the number of CPUs until set. */
    @Namespace
    @Name("omp_set_num_threads")
    static native void setThreads(int threads);

    static native void sample(
            @Cast("int32_t*") Pointer token,
            @Cast("float*") Pointer logProb,
            @Cast("const void*") Pointer logits,
            @Cast("const int64_t*") Pointer sequence,
            @Cast("const int32_t*") Pointer position,
            int type,
            @Cast("int64_t") long rows,
            @Cast("int64_t") long columns,
            @Cast("int64_t") long rowStride,
            double temperature,
            int topK,
            double topP,
            @Cast("int64_t") long seed,
            int isa)
            throws KernelException;

    @Name("token_log_prob")
    static native void tokenLogProb(
            @Cast("float*") Pointer logProb,
            @Cast("float*") Pointer logSumExp,
            @Cast("float*") Pointer entropy,
            @Cast("const void*") Pointer logits,
            @Cast("const int32_t*") Pointer token,
            int type,
            @Cast("int64_t") long rows,
            @Cast("int64_t") long columns,
            @Cast("int64_t") long rowStride,
            double temperature,
            int isa)
            throws KernelException;

    static native void energy(
            @Cast("double*") Pointer logTarget,
            @Cast("double*") Pointer logWeight,
            @Cast("double*") Pointer logRatio,
            @Cast("double*") Pointer statistics,
            @Cast("const float*") Pointer base,
            @Cast("const float*") Pointer proposal,
            @Cast("const float*") Pointer policy,
            @Cast("const double*") Pointer phi,
            @Cast("const double*") Pointer lambda,
            @Cast("const int32_t*") Pointer filter,
            @Cast("int64_t") long rows,
            @Cast("int64_t") long columns,
            @Cast("int64_t") long features,
            @Cast("int64_t") long baseStride,
            @Cast("int64_t") long proposalStride,
            @Cast("int64_t") long policyStride,
            @Cast("int64_t") long phiStride,
            double logZ,
            int isa)
            throws KernelException;

    static native void coefficient(
            @Cast("double*") Pointer coefficient,
            @Cast("const double*") Pointer logTarget,
            @Cast("const double*") Pointer logProposal,
            @Cast("const double*") Pointer logPolicy,
            @Cast("int64_t") long size,
            int form,
            double logZ,
            boolean normalize,
            double parameter,
            double limit,
            double scoreSum,
            double ratioSum,
            int isa)
            throws KernelException;

    static native void gradient(
            Pointer logits,
            @Cast("const float*") Pointer logSumExp,
            @Cast("const int32_t*") Pointer token,
            @Cast("const float*") Pointer coefficient,
            int type,
            @Cast("int64_t") long rows,
            @Cast("int64_t") long columns,
            @Cast("int64_t") long rowStride,
            int isa)
            throws KernelException;

    static native void adam(
            @Cast("float*") Pointer parameter,
            @Cast("float*") Pointer firstMoment,
            @Cast("float*") Pointer secondMoment,
            @Cast("const float*") Pointer gradient,
            @Cast("int64_t") long size,
            double learningRate,
            double beta1,
            double beta2,
            double epsilon,
            double weightDecay,
            @Cast("int64_t") long step,
            double scale,
            int isa)
            throws KernelException;

    @Name("match_words")
    static native void matchWords(
            @Cast("int32_t*") Pointer found,
            @Cast("const int32_t*") Pointer token,
            @Cast("const int64_t*") Pointer start,
            @Cast("const int32_t*") Pointer transition,
            @Cast("const int32_t*") Pointer offset,
            @Cast("const uint8_t*") Pointer symbol,
            @Cast("int64_t") long rows,
            @Cast("int64_t") long size,
            int vocabulary)
            throws KernelException;

    @Name("log_f32")
    static native void log(
            @Cast("float*") Pointer result, @Cast("const float*") Pointer x, @Cast("int64_t") long size, int isa)
            throws KernelException;

    @Name("exp_f32")
    static native void exp(
            @Cast("float*") Pointer result, @Cast("const float*") Pointer x, @Cast("int64_t") long size, int isa)
            throws KernelException;
}
