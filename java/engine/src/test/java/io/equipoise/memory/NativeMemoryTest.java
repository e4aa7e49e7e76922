package io.equipoise.memory;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class NativeMemoryTest {
    /** Another owner than the test. */
    private static final class Holder implements AutoCloseable {
        private final Matrix matrix = Matrix.allocate(DataType.BF16, 3, 5);

        @Override
        public void close() {
            matrix.close();
        }
    }

    @Test
    void everyByteHasAnOwner() {
        long before = NativeMemory.liveBytes();
        NativeMemory.resetPeak();
        try (var own = Vector.f64(7);
                var slice = own.slice(2, 3);
                var holder = new Holder()) {
            assertThat(slice.size()).isEqualTo(3);
            assertThat(NativeMemory.liveBytes()).isEqualTo(before + 56 + 30);
            assertThat(NativeMemory.byOwner())
                    .containsEntry("NativeMemoryTest", 56L)
                    .containsEntry("NativeMemoryTest$Holder", 30L);
            holder.close();
            assertThat(NativeMemory.byOwner())
                    .containsKey("NativeMemoryTest")
                    .doesNotContainKey("NativeMemoryTest$Holder");
        }
        assertThat(NativeMemory.byOwner()).doesNotContainKey("NativeMemoryTest");
        assertThat(NativeMemory.liveBytes()).isEqualTo(before);
        assertThat(NativeMemory.peakBytes()).isEqualTo(before + 56 + 30);
    }
}
