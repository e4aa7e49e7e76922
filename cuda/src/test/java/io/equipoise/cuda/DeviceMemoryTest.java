package io.equipoise.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.equipoise.cuda.ptx.PtxInterpreter;
import io.equipoise.kernels.AdamRule;
import io.equipoise.kernels.ReferenceKernels;
import io.equipoise.memory.DataType;
import io.equipoise.memory.Float16;
import io.equipoise.memory.Vector;
import java.util.Random;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.ShortPointer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Operands that live on the device, at any alignment that their type allows. */
class DeviceMemoryTest {
    private static Pointer at(long where) {
        return new Pointer() {
            {
                address = where;
            }
        };
    }

    private static float[] values(int size, long seed) {
        var random = new Random(seed);
        var values = new float[size];
        for (int i = 0; i < size; i++) values[i] = (float) Math.abs(random.nextGaussian());
        return values;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4})
    void adamUpdatesInPlaceAndRoundsTheCopy(int skipped) {
        int size = 1500;
        var rule = new AdamRule(1e-3, 0.9, 0.999, 1e-8, 0.01, 4);
        try (var device = new PtxInterpreter(80);
                var parameter = Vector.of(values(size, 1));
                var first = Vector.of(values(size, 2));
                var second = Vector.of(values(size, 3));
                var gradient = Vector.of(values(size, 4));
                var result = Vector.f32(size);
                var copied = new ShortPointer(size)) {
            var there = new Vector[4];
            var host = new Vector[] {parameter, first, second, gradient};
            for (int i = 0; i < 4; i++) {
                // Each vector at an alignment of its own.
                long address = device.allocate(4L * (size + 8)) + 4L * (skipped + (i == skipped ? 1 : 0));
                device.copyToDevice(address, host[i].address(), 4L * size);
                there[i] = Vector.borrow(DataType.F32, at(address), size);
            }
            long copyAddress = device.allocate(2L * (size + 8)) + 2L * skipped;
            var copy = Vector.borrow(DataType.BF16, at(copyAddress), size);
            new CudaKernels(device).adam(there[0], there[1], there[2], there[3], copy, rule, -0.5);
            new ReferenceKernels().adam(parameter, first, second, gradient, rule, -0.5);
            device.copyToHost(result.address(), there[0].address().address(), 4L * size);
            device.copyToHost(copied, copyAddress, 2L * size);
            float[] wanted = parameter.toFloats();
            float[] actual = result.toFloats();
            for (int i = 0; i < size; i++) {
                assertThat(Math.abs(actual[i] - wanted[i]))
                        .as("element %d", i)
                        .isLessThanOrEqualTo(4 * Math.ulp(wanted[i]) + 1e-8f);
                assertThat(copied.get(i)).as("element %d", i).isEqualTo(Float16.toBf16(actual[i]));
            }
        }
    }
}
