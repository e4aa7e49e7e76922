package io.equipoise.cuda;

import io.equipoise.kernels.KernelException;
import io.equipoise.kernels.KernelProvider;
import io.equipoise.kernels.Kernels;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.bytedeco.javacpp.Loader;

/**
 * The PTX of the CUDA kernels, compiled for compute capability 8.0. This version launches none of them, so the provider
 * refuses with its reason.
 */
public final class CudaKernels {
    private CudaKernels() {}

    /**
     * The PTX that holds an operation's kernels, one entry for each type of logits: {@code <operation>_f32_kernel},
     * {@code _bf16_}, {@code _f16_}.
     *
     * @param operation as in the name of its source: {@code token_log_prob}
     * @throws KernelException when no kernel of that name is shipped
     */
    public static String ptx(String operation) {
        try (var file = CudaKernels.class.getResourceAsStream("ptx/" + operation + ".ptx")) {
            if (file == null) throw new KernelException("no CUDA kernel is shipped for " + operation);
            return new String(file.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Named {@code cuda}; never available in this version. */
    public static final class Provider implements KernelProvider {
        @Override
        public String name() {
            return "cuda";
        }

        @Override
        public int priority() {
            return 20;
        }

        @Override
        public Optional<String> unavailable() {
            return Optional.of(reason(driverError()));
        }

        @Override
        public Kernels create() {
            throw new KernelException("kernels 'cuda' can't run here: " + reason(driverError()));
        }

        /** Why not, given what loading the driver said; empty when it loaded. */
        static String reason(Optional<String> driverError) {
            return driverError
                    .map(error -> "no NVIDIA driver (" + error + ")")
                    .orElse("this version ships the kernels' PTX but does not launch it yet; use --kernels cpu");
        }

        /**
         * Asks for the driver by its name alone: any class of {@code org.bytedeco.cuda} would fail to initialise, for good,
         * on a machine without one.
         */
        private static Optional<String> driverError() {
            try {
                Loader.load(Loader.class);
                Loader.loadGlobal("libcuda.so.1");
                return Optional.empty();
            } catch (LinkageError e) {
                return Optional.of(
                        String.valueOf(e.getMessage()).lines().findFirst().orElse("unknown"));
            }
        }
    }
}
