package io.equipoise.cuda;

import io.equipoise.kernels.KernelException;
import io.equipoise.kernels.KernelUnavailableException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The PTX in the jar: {@code ptx/<operation>.compute_<architecture>.ptx}, made by {@code build-ptx.sh}. */
final class Ptx {
    /** What it is compiled for, newest first; a device takes the newest that is no newer than itself. */
    private static final int[] ARCHITECTURES = {120, 80};

    private static final Map<String, String> TEXTS = new ConcurrentHashMap<>();

    private Ptx() {}

    /** The oldest devices that any of it runs on. */
    static int oldest() {
        return ARCHITECTURES[ARCHITECTURES.length - 1];
    }

    /** As for {@link CudaKernels#ptx}. */
    static String of(String operation, int architecture) {
        for (int each : ARCHITECTURES) {
            if (architecture >= each) return TEXTS.computeIfAbsent(operation + ".compute_" + each, Ptx::read);
        }
        throw new KernelUnavailableException("no CUDA kernel is shipped for compute capability " + architecture / 10.0
                + ", wanted " + oldest() / 10.0 + " or more");
    }

    private static String read(String name) {
        try (var file = Ptx.class.getResourceAsStream("ptx/" + name + ".ptx")) {
            if (file == null) throw new KernelException("no CUDA kernel is shipped as " + name);
            return new String(file.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
