package io.equipoise.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.equipoise.kernels.AdamRule;
import io.equipoise.kernels.ReferenceKernels;
import io.equipoise.memory.DataType;
import io.equipoise.memory.Float16;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.util.Random;
import org.bytedeco.javacpp.ShortPointer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Operands that live on the device, at any alignment that their type allows. */
class DeviceMemoryTest {
    private static float[] values(int size, long seed) {
        var random = new Random(seed);
        var values = new float[size];
        for (int i = 0; i < size; i++) values[i] = (float) Math.abs(random.nextGaussian());
        return values;
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.cuda.Devices#any")
    void adamUpdatesInPlaceAndRoundsTheCopy(Device device) {
        for (int skipped = 0; skipped < 5; skipped++) assertAdam(new CudaKernels(device), skipped);
    }

    private static void assertAdam(CudaKernels kernels, int skipped) {
        int size = 1500;
        var rule = new AdamRule(1e-3, 0.9, 0.999, 1e-8, 0.01, 4);
        try (var parameter = Vector.of(values(size, 1));
                var first = Vector.of(values(size, 2));
                var second = Vector.of(values(size, 3));
                var gradient = Vector.of(values(size, 4));
                var copies = Vector.allocate(kernels.memory(), DataType.BF16, size + 8);
                var copied = Vector.allocate(DataType.BF16, size)) {
            var host = new Vector[] {parameter, first, second, gradient};
            var blocks = new Vector[4];
            var there = new Vector[4];
            for (int i = 0; i < 4; i++) {
                // Each vector at an alignment of its own.
                blocks[i] = Vector.allocate(kernels.memory(), DataType.F32, size + 8);
                there[i] = blocks[i].slice(skipped + (i == skipped ? 1 : 0), size);
                there[i].copyFrom(host[i]);
            }
            var copy = copies.slice(skipped, size);
            kernels.adam(there[0], there[1], there[2], there[3], copy, rule, -0.5);
            new ReferenceKernels().adam(parameter, first, second, gradient, rule, -0.5);
            copied.copyFrom(copy);
            float[] wanted = parameter.toFloats();
            float[] actual = there[0].toFloats();
            var bits = new ShortPointer(copied.address());
            for (int i = 0; i < size; i++) {
                assertThat(Math.abs(actual[i] - wanted[i]))
                        .as("element %d, %d skipped", i, skipped)
                        .isLessThanOrEqualTo(4 * Math.ulp(wanted[i]) + 1e-8f);
                assertThat(bits.get(i)).as("element %d", i).isEqualTo(Float16.toBf16(actual[i]));
            }
            for (var block : blocks) block.close();
        }
    }

    /** What lies in the kernels' memory is used there: the same results as from the host's, and nothing is copied back. */
    @ParameterizedTest
    @MethodSource("io.equipoise.cuda.Devices#any")
    void operandsOnTheDeviceGiveTheSameResults(Device device) {
        var kernels = new CudaKernels(device);
        try (var logits = Matrix.allocate(DataType.F32, 3, 40, 43);
                var token = Vector.of(7, -1, 39);
                var host = Vector.f32(3);
                var others = Vector.f32(3);
                var there = Matrix.allocate(kernels.memory(), DataType.F32, 3, 40, 43);
                var tokenThere = Vector.allocate(kernels.memory(), DataType.I32, 3);
                var logProb = Vector.allocate(kernels.memory(), DataType.F32, 3);
                var otherResults = Vector.allocate(kernels.memory(), DataType.F32, 3)) {
            for (int row = 0; row < 3; row++) logits.putRow(row, values(40, row));
            there.copyRows(0, logits, 0, 3);
            tokenThere.copyFrom(token);
            kernels.tokenLogProb(host, others, others, logits, token, 1.3);
            kernels.tokenLogProb(logProb, otherResults, otherResults, there, tokenThere, 1.3);
            assertThat(logProb.toFloats()).isEqualTo(host.toFloats());
            kernels.gradient(there, otherResults, tokenThere, logProb);
            kernels.gradient(logits, others, token, host);
            for (int row = 0; row < 3; row++) assertThat(there.row(row)).isEqualTo(logits.row(row));
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.cuda.Devices#any")
    void vectorsThereAreClearedCopiedAndRead(Device device) {
        var memory = new CudaKernels(device).memory();
        assertThat(memory.description()).isEqualTo(device.description());
        try (var one = Vector.allocate(memory, DataType.I64, 5);
                var two = Vector.allocate(memory, DataType.I64, 5);
                var none = Vector.allocate(memory, DataType.I64, 0)) {
            assertThat(one.toLongs()).containsOnly(0);
            one.put(1, 2, 3, 4, 1L << 40);
            two.copyFrom(one);
            one.slice(1, 3).clear();
            assertThat(one.toLongs()).containsExactly(1, 0, 0, 0, 1L << 40);
            assertThat(two.toLongs()).containsExactly(1, 2, 3, 4, 1L << 40);
            assertThat(none.toLongs()).isEmpty();
        }
    }

    @Test
    void whatIsFreeIsTheDevicesToSay() {
        try (var device = new RecordingDevice(80)) {
            assertThat(new CudaKernels(device).memory().freeBytes()).hasValue(RecordingDevice.FREE);
        }
    }
}
