package io.equipoise.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.equipoise.kernels.KernelException;
import org.bytedeco.javacpp.BytePointer;
import org.junit.jupiter.api.Test;

class LaunchArgumentsTest {
    @Test
    void eachAddressIsThatOfItsValue() {
        long large = 0x1234_5678_9ABC_DEF0L;
        try (var arguments = new LaunchArguments("a_kernel", large, -7, 1.5f, -2.25)) {
            var addresses = arguments.addresses();
            assertThat(new BytePointer(addresses.get(0)).getLong()).isEqualTo(large);
            assertThat(new BytePointer(addresses.get(1)).getInt()).isEqualTo(-7);
            assertThat(new BytePointer(addresses.get(2)).getFloat()).isEqualTo(1.5f);
            assertThat(new BytePointer(addresses.get(3)).getDouble()).isEqualTo(-2.25);
        }
    }

    @Test
    void aKernelMayHaveNone() {
        try (var arguments = new LaunchArguments("a_kernel")) {
            assertThat(arguments.addresses().isNull()).isFalse();
        }
    }

    @Test
    void otherTypesAreRefused() {
        assertThatThrownBy(() -> new LaunchArguments("a_kernel", 1L, "two"))
                .isInstanceOf(KernelException.class)
                .hasMessage("a_kernel: argument 1 is a String, wanted a Long, Integer, Float or Double");
    }
}
