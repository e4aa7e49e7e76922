package io.equipoise.cuda;

import io.equipoise.kernels.KernelException;
import io.equipoise.kernels.KernelProvider;
import io.equipoise.kernels.KernelUnavailableException;
import io.equipoise.kernels.Kernels;
import java.util.Optional;
import org.bytedeco.javacpp.Loader;

/**
 * Offers {@link CudaKernels} on the first device, for those who ask: operands of a model on the CPU are copied to the device
 * and back, so for that the CPU's kernels come first.
 */
public final class CudaProvider implements KernelProvider {
    /** CUDA's version whose compiler made the PTX, as drivers give theirs. */
    private static final int NEEDED_DRIVER = 13_000;

    @Override
    public String name() {
        return "cuda";
    }

    @Override
    public int priority() {
        return 5;
    }

    @Override
    public Optional<String> unavailable() {
        return Found.OBSTACLE;
    }

    @Override
    public Kernels create() {
        unavailable().ifPresent(reason -> {
            throw new KernelUnavailableException("kernels 'cuda' can't run here: " + reason);
        });
        return FirstDevice.KERNELS;
    }

    /**
     * What a device lacks; empty when nothing.
     *
     * @param driver CUDA's version that the driver supports: 1000 · major + 10 · minor
     * @param architecture compute capability, major · 10 + minor
     */
    static Optional<String> unsuitable(String device, int driver, int architecture) {
        if (driver < NEEDED_DRIVER) {
            return Optional.of("the NVIDIA driver supports CUDA " + version(driver) + ", wanted "
                    + version(NEEDED_DRIVER) + " or newer; update the driver");
        }
        if (architecture < Ptx.oldest()) {
            return Optional.of(device + " has compute capability " + architecture / 10.0 + ", wanted "
                    + Ptx.oldest() / 10.0 + " or more");
        }
        return Optional.empty();
    }

    private static String version(int cuda) {
        return cuda / 1000 + "." + cuda % 1000 / 10;
    }

    /** Looked for once: a class whose initialiser failed can't be initialised again. */
    private static final class Found {
        static final Optional<String> OBSTACLE = obstacle();

        /**
         * Asks for the driver by its name alone first: any class of {@code org.bytedeco.cuda} fails to initialise without
         * one.
         */
        private static Optional<String> obstacle() {
            try {
                Loader.load(Loader.class);
                Loader.loadGlobal("libcuda.so.1");
            } catch (LinkageError e) {
                return Optional.of("no NVIDIA driver (" + firstLine(e) + ")");
            }
            try {
                return CudaDriver.unsuitable();
            } catch (LinkageError e) {
                return Optional.of("the NVIDIA driver is there, but CUDA's runtime library can't be loaded ("
                        + firstLine(e) + "); install CUDA 13 or put org.bytedeco:cuda-redist on the class path");
            } catch (KernelException e) {
                return Optional.of(firstLine(e));
            }
        }

        private static String firstLine(Throwable e) {
            return String.valueOf(e.getMessage()).lines().findFirst().orElse("unknown");
        }
    }

    /** The process's one context; it lives as long. */
    private static final class FirstDevice {
        static final CudaKernels KERNELS = new CudaKernels(new CudaDriver(0));
    }
}
