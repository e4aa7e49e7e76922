package io.equipoise.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.equipoise.kernels.KernelException;
import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Test;

class OperandsTest {
    private final RecordingDevice device = new RecordingDevice(80);

    private static FloatPointer floats(long where) {
        return new FloatPointer(new Pointer() {
            {
                address = where;
            }
        });
    }

    @Test
    void hostMemoryIsCopiedThereAndWhatIsWrittenBack() {
        try (var in = Vector.of(1f, 2f);
                var out = Vector.of(7f, 7f);
                var both = Vector.of(3f, 4f)) {
            try (var operands = new Operands(device)) {
                long read = operands.read(in);
                long written = operands.write(out);
                long updated = operands.update(both);
                assertThat(floats(read).get(1)).isEqualTo(2);
                assertThat(floats(updated).get(1)).isEqualTo(4);
                floats(read).put(0, 100);
                floats(written).put(0, 10).put(1, 20);
                floats(updated).put(1, 40);
                operands.finish();
                assertThat(device.synchronizations()).isPositive();
            }
            assertThat(in.toFloats()).containsExactly(1, 2);
            assertThat(out.toFloats()).containsExactly(10, 20);
            assertThat(both.toFloats()).containsExactly(3, 40);
        }
        assertThat(device.live()).isZero();
    }

    @Test
    void whatTheDeviceHoldsIsUsedInPlaceWithoutWaiting() {
        var pointer = device.pointer(8);
        var vector = Vector.borrow(DataType.F32, pointer, 2);
        var matrix = Matrix.borrow(DataType.F32, pointer, 1, 2, 2);
        try (var operands = new Operands(device)) {
            assertThat(operands.read(vector)).isEqualTo(pointer.address());
            assertThat(operands.write(vector)).isEqualTo(pointer.address());
            assertThat(operands.update(matrix)).isEqualTo(pointer.address());
            operands.finish();
        }
        assertThat(device.synchronizations()).isZero();
        assertThat(device.live()).isEqualTo(1);
        device.close();
    }

    @Test
    void rowsKeepTheirStrideAndGapsAreNotWrittenBack() {
        try (var wide = Matrix.allocate(DataType.F32, 2, 5)) {
            wide.putRow(0, 1, 2, 3, 8, 8);
            wide.putRow(1, 4, 5, 6, 9, 9);
            var narrow = Matrix.borrow(DataType.F32, wide.address(), 2, 3, 5);
            try (var operands = new Operands(device)) {
                var there = floats(operands.update(narrow));
                assertThat(there.get(5)).isEqualTo(4);
                for (int i = 0; i < 8; i++) there.put(i, -i);
                operands.finish();
            }
            assertThat(wide.row(0)).containsExactly(0, -1, -2, 8, 8);
            assertThat(wide.row(1)).containsExactly(-5, -6, -7, 9, 9);
        }
        assertThat(device.live()).isZero();
    }

    @Test
    void nothingIsNoMemory() {
        try (var none = Vector.f32(0);
                var empty = Matrix.allocate(DataType.F32, 3, 0);
                var operands = new Operands(device)) {
            assertThat(List.of(operands.read(none), operands.write(none), operands.read(empty), operands.scratch(0)))
                    .containsOnly(0L);
            operands.finish();
            assertThat(device.live()).isZero();
        }
    }

    @Test
    void aRefusedOperationLeavesResultsAndTheDeviceAlone() {
        try (var logits = Matrix.allocate(DataType.F32, 2, 3);
                var result = Vector.of(5f, 5f);
                var token = Vector.of(0, 1)) {
            var kernels = new CudaKernels(device);
            assertThatThrownBy(() -> kernels.tokenLogProb(result, result, result, List.of(logits, logits), token, 5))
                    .isInstanceOf(KernelException.class)
                    .hasMessage("tokenLogProb: the chunk from column 3 is 2 by 3, wanted 2 by at most 2");
            assertThatThrownBy(() -> kernels.tokenLogProb(result, result, result, List.of(logits), token, 4))
                    .hasMessage("tokenLogProb: the chunks have 3 columns, wanted 4");
            assertThatThrownBy(() -> kernels.tokenLogProb(result, result, result, List.of(logits), token, 1))
                    .hasMessage("tokenLogProb: token 1 at position 1 is outside the vocabulary of 1");
            assertThat(result.toFloats()).containsExactly(5, 5);
        }
        assertThat(device.live()).isZero();
    }

    @Test
    void tokensInTheDevicesMemoryAreLookedAtToo() {
        var tokens = device.pointer(8);
        try (var logits = Matrix.allocate(DataType.F32, 2, 3);
                var result = Vector.f32(2);
                var host = Vector.of(1, 3)) {
            device.copyToDevice(tokens.address(), host.address(), 8);
            var token = Vector.borrow(DataType.I32, tokens, 2);
            assertThatThrownBy(() -> new CudaKernels(device).gradient(logits, result, token, result))
                    .isInstanceOf(KernelException.class)
                    .hasMessage("gradient: token 3 at position 1 is outside the vocabulary of 3");
            assertThat(device.launches()).isEmpty();
        }
        device.close();
    }
}
