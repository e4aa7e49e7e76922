package io.equipoise.cuda;

import io.equipoise.cuda.ptx.PtxInterpreter;
import io.equipoise.kernels.KernelProvider;
import io.equipoise.kernels.Kernels;
import java.util.Optional;

/** The kernels on an interpreter of the PTX that is shipped, one for each that is: each meets the engine's tests. */
public final class InterpretedProviders {
    private InterpretedProviders() {}

    private abstract static class Provider implements KernelProvider {
        private final String name;
        private final Kernels kernels;

        Provider(String name, int architecture) {
            this.name = name;
            kernels = new CudaKernels(new PtxInterpreter(architecture));
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public int priority() {
            return 1;
        }

        @Override
        public Optional<String> unavailable() {
            return Optional.empty();
        }

        @Override
        public Kernels create() {
            return kernels;
        }
    }

    /** For ServiceLoader: as an H100 gets it. */
    public static final class Compute80 extends Provider {
        public Compute80() {
            super("cuda-interpreted", 90);
        }
    }

    /** For ServiceLoader: as a Blackwell card gets it. */
    public static final class Compute120 extends Provider {
        public Compute120() {
            super("cuda-interpreted-120", 120);
        }
    }
}
