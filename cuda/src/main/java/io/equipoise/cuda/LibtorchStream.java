package io.equipoise.cuda;

import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.pytorch.global.torch_cuda;
import org.jspecify.annotations.Nullable;

/** libtorch's current stream, where its CUDA library (the {@code -gpu} jar of its preset) is on the class path. */
final class LibtorchStream {
    private LibtorchStream() {}

    /** Whether libtorch has CUDA. */
    static boolean isThere() {
        try (var stream = torch_cuda.getCurrentCUDAStream()) {
            return !stream.isNull();
        } catch (LinkageError e) {
            return false; // the CPU's libtorch, which has no such library
        }
    }

    /** The one that this thread's tensors are computed on; null is CUDA's default stream, as everywhere in its API. */
    static @Nullable CUstream_st current() {
        try (var stream = torch_cuda.getCurrentCUDAStream()) {
            return stream.stream();
        }
    }
}
