package io.equipoise.cpu;

import io.equipoise.kernels.KernelProvider;
import io.equipoise.kernels.Kernels;
import java.util.Optional;

/** Every instruction set as an implementation of its own, so that each meets the engine's tests. */
public final class InstructionSetProviders {
    private InstructionSetProviders() {}

    private abstract static class Provider implements KernelProvider {
        private final InstructionSet instructionSet;

        Provider(InstructionSet instructionSet) {
            this.instructionSet = instructionSet;
        }

        @Override
        public String name() {
            return "cpu-" + instructionSet;
        }

        @Override
        public int priority() {
            return 1;
        }

        @Override
        public Optional<String> unavailable() {
            return instructionSet.isSupported()
                    ? Optional.empty()
                    : Optional.of("this CPU can run only " + InstructionSet.supported());
        }

        @Override
        public Kernels create() {
            return new CpuKernels(instructionSet);
        }
    }

    /** For ServiceLoader. */
    public static final class Scalar extends Provider {
        public Scalar() {
            super(InstructionSet.SCALAR);
        }
    }

    /** For ServiceLoader. */
    public static final class Avx2 extends Provider {
        public Avx2() {
            super(InstructionSet.AVX2);
        }
    }

    /** For ServiceLoader. */
    public static final class Avx512 extends Provider {
        public Avx512() {
            super(InstructionSet.AVX512);
        }
    }

    /** For ServiceLoader. */
    public static final class Avx512Bf16 extends Provider {
        public Avx512Bf16() {
            super(InstructionSet.AVX512_BF16);
        }
    }

    /** For ServiceLoader. */
    public static final class Neon extends Provider {
        public Neon() {
            super(InstructionSet.NEON);
        }
    }
}
