package io.equipoise.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.equipoise.kernels.Truncation;
import io.equipoise.memory.Vector;
import io.equipoise.model.Decoder;
import io.equipoise.model.Golden;
import io.equipoise.model.ModelHub;
import io.equipoise.model.Precision;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A decoder allocates before its first token what all need. */
class DecodeGarbageTest {
    private static final int ROWS = 8;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @ParameterizedTest
    @EnumSource
    void nothingIsAllocatedPerToken(Precision precision) {
        assertThat(THREADS.isThreadAllocatedMemoryEnabled()).isTrue();
        int length = 12;
        long least = Long.MAX_VALUE;
        try (var model = ModelHub.loadModel(
                        Golden.folder("gdc-step/policy"), new CpuKernels(InstructionSet.chosen()), precision);
                var step = new Step()) {
            // The first rounds load classes and compile.
            for (int round = 0; round < 200; round++) {
                try (var decoder = model.decoder(ROWS, length)) {
                    step.run(decoder);
                    long before = THREADS.getCurrentThreadAllocatedBytes();
                    for (int t = 1; t < length; t++) step.run(decoder);
                    least = Math.min(least, THREADS.getCurrentThreadAllocatedBytes() - before);
                }
            }
        }
        assertThat(least).isZero();
    }

    /** One token a row, fed and drawn. */
    private static final class Step implements AutoCloseable {
        private final Vector token = Vector.i32(ROWS);
        private final Vector logProb = Vector.f32(ROWS);
        private final Vector sequence = Vector.i64(ROWS);
        private final Vector position = Vector.i32(ROWS);

        void run(Decoder decoder) {
            decoder.feed(token);
            decoder.sample(token, logProb, sequence, position, 1, Truncation.NONE, 1);
        }

        @Override
        public void close() {
            token.close();
            logProb.close();
            sequence.close();
            position.close();
        }
    }
}
