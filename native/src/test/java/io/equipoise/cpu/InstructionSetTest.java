package io.equipoise.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.equipoise.kernels.KernelException;
import io.equipoise.kernels.KernelProvider;
import io.equipoise.memory.Vector;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class InstructionSetTest {
    @AfterEach
    void clear() {
        System.clearProperty(InstructionSet.PROPERTY);
    }

    private static InstructionSet baseline() {
        return System.getProperty("os.arch").equals("aarch64") ? InstructionSet.NEON : InstructionSet.SCALAR;
    }

    @Test
    void everyCpuRunsItsArchitecturesBaselineAndTheFastestIsChosen() {
        assertThat(InstructionSet.supported()).startsWith(baseline());
        var fastest = InstructionSet.supported().get(InstructionSet.supported().size() - 1);
        assertThat(InstructionSet.chosen()).isEqualTo(fastest);
        assertThat(KernelProvider.named("cpu").description()).isEqualTo("cpu (" + fastest + ")");
    }

    /** Or the engine's tests would run with the fastest alone and say nothing. */
    @Test
    void eachIsAnImplementationThatTheEnginesTestsMeet() {
        assertThat(KernelProvider.all())
                .extracting(KernelProvider::name)
                .containsAll(Arrays.stream(InstructionSet.values())
                        .map(set -> "cpu-" + set)
                        .toList());
    }

    @Test
    void thePropertyForcesOne() {
        System.setProperty(InstructionSet.PROPERTY, baseline().toString());
        assertThat(KernelProvider.named("cpu").description()).isEqualTo("cpu (" + baseline() + ")");
    }

    @Test
    void aNameThatIsNoneIsAnError() {
        System.setProperty(InstructionSet.PROPERTY, "sse9");
        assertThatThrownBy(() -> KernelProvider.named("cpu"))
                .isInstanceOf(KernelException.class)
                .hasMessage("equipoise.cpu-isa=sse9, wanted one of [scalar, avx2, avx512, avx512_bf16, neon]");
    }

    @Test
    void oneThatTheCpuLacksIsAnErrorEverywhere() {
        var lacking = Arrays.stream(InstructionSet.values())
                .filter(set -> !set.isSupported())
                .toList();
        for (var set : lacking) {
            System.setProperty(InstructionSet.PROPERTY, set.toString());
            assertThatThrownBy(() -> KernelProvider.named("cpu"))
                    .isInstanceOf(KernelException.class)
                    .hasMessageContaining("but this CPU can run only");
            assertThatThrownBy(() -> new CpuKernels(set)).isInstanceOf(KernelException.class);
        }
        // The native side refuses too, rather than run into an illegal instruction.
        try (var vector = Vector.f32(1)) {
            assertThatThrownBy(() -> CpuOperations.exp(vector.address(), vector.address(), 1, 99))
                    .isInstanceOf(KernelException.class)
                    .hasMessage("instruction set 99 is not available on this CPU");
        }
    }
}
