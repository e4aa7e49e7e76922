package io.equipoise.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Vectors and matrices in memory that isn't the host's. */
class DeviceMemoryTest {
    private final FarMemory far = new FarMemory();
    private final long before = NativeMemory.liveBytes();

    @AfterEach
    void everythingIsGivenBack() {
        assertThat(far.live()).isZero();
        assertThat(NativeMemory.liveBytes()).isEqualTo(before);
    }

    private Vector vector(DataType type, long size) {
        return Vector.allocate(far, type, size);
    }

    @Test
    void elementsOfEveryTypeAreWrittenAndRead() {
        try (var doubles = vector(DataType.F64, 3);
                var floats = vector(DataType.F32, 3);
                var ints = vector(DataType.I32, 3);
                var longs = vector(DataType.I64, 3)) {
            assertThat(NativeMemory.liveBytes() - before).isEqualTo(3 * (8 + 4 + 4 + 8));
            assertThat(doubles.toDoubles()).containsOnly(0);
            doubles.put(0.1, Double.NaN, -1);
            floats.put(1f, 2f, 3f);
            ints.put(4, 5, 6);
            longs.put(1L << 40, -8, 9);
            assertThat(doubles.toDoubles()).containsExactly(0.1, Double.NaN, -1);
            assertThat(floats.toFloats()).containsExactly(1, 2, 3);
            assertThat(ints.toInts()).containsExactly(4, 5, 6);
            assertThat(longs.toLongs()).containsExactly(1L << 40, -8, 9);
            assertThat(floats).hasToString("Vector(F32, 3, [1.0, 2.0, 3.0])");
            floats.clear();
            assertThat(floats.toFloats()).containsOnly(0);
        }
    }

    @Test
    void viewsAreInTheSameMemory() {
        try (var vector = vector(DataType.F32, 6)) {
            vector.put(0f, 1f, 2f, 3f, 4f, 5f);
            vector.slice(2, 2).put(20f, 30f);
            assertThat(vector.slice(1, 4).slice(1, 2).toFloats()).containsExactly(20, 30);
            var matrix = vector.asMatrix(3, 2);
            assertThat(matrix.memory()).isSameAs(far);
            assertThat(matrix.slice(1, 2).row(0)).containsExactly(20, 30);
            matrix.slice(2, 1).putRow(0, 40f, 50f);
            assertThat(vector.toFloats()).containsExactly(0, 1, 20, 30, 40, 50);
        }
    }

    @Test
    void copiesGoFromAnyMemoryToAnyOther() {
        var other = new FarMemory();
        try (var host = Vector.of(1f, 2f);
                var there = vector(DataType.F32, 2);
                var beside = vector(DataType.F32, 2);
                var elsewhere = Vector.allocate(other, DataType.F32, 2);
                var back = Vector.f32(2)) {
            there.copyFrom(host);
            beside.copyFrom(there);
            elsewhere.copyFrom(beside);
            back.copyFrom(elsewhere);
            assertThat(back.toFloats()).containsExactly(1, 2);
        }
        assertThat(other.live()).isZero();
    }

    @Test
    void rowsOfMatricesAreWrittenReadAndCopied() {
        try (var halves = Matrix.allocate(far, DataType.BF16, 2, 2, 3);
                var doubles = Matrix.allocate(far, DataType.F64, 2, 2, 2);
                var host = Matrix.allocate(DataType.BF16, 3, 2);
                var dense = Matrix.allocate(far, DataType.BF16, 2, 2, 2)) {
            halves.putRow(1, 1.5f, -2f);
            assertThat(halves.row(1)).containsExactly(1.5f, -2f);
            assertThat(halves.row(0)).containsExactly(0, 0);
            doubles.putRow(1, 0.1, 0.2);
            assertThat(doubles.doubles(1)).containsExactly(0.1, 0.2);
            doubles.clear();
            assertThat(doubles.doubles(1)).containsExactly(0, 0);
            host.copyRows(1, halves, 0, 2);
            assertThat(host.row(2)).containsExactly(1.5f, -2f);
            dense.copyRows(0, host, 1, 2);
            assertThat(dense.row(1)).containsExactly(1.5f, -2f);
        }
    }

    @Test
    void buffersAreOfTheHostsMemoryOnly() {
        try (var floats = vector(DataType.F32, 1);
                var ints = vector(DataType.I32, 1);
                var longs = vector(DataType.I64, 1)) {
            String message = "a buffer is of the host's memory, the vector is in that of far away";
            assertThatThrownBy(floats::asFloats)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage(message);
            assertThatThrownBy(ints::asInts).hasMessage(message);
            assertThatThrownBy(longs::asLongs).hasMessage(message);
        }
    }

    @Test
    void nothingIsNothing() {
        try (var none = vector(DataType.F32, 0);
                var host = Vector.f32(0)) {
            none.clear();
            none.copyFrom(host);
            assertThat(none.toFloats()).isEmpty();
        }
    }
}
