package io.equipoise.training;

import static org.assertj.core.api.Assertions.assertThat;

import io.equipoise.distributed.Ranks;
import io.equipoise.memory.Vector;
import java.util.Arrays;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GradientSumTest {
    private static final int SIZE = 137;
    private static final int BUCKET = 10;

    /** However a rank comes to it, bucket by bucket, at once, or from several threads, what is summed is the same. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void ranksNeedNotComeToItInTheSameWay(int size) throws Exception {
        var sums = Ranks.run(size, collective -> {
            try (var gradient = Vector.f32(SIZE)) {
                var values = new float[SIZE];
                for (int i = 0; i < SIZE; i++) values[i] = i * (collective.rank() + 1);
                gradient.put(values);
                var sum = new GradientSum(collective, gradient, BUCKET);
                if (collective.rank() % 2 == 0) report(sum);
                sum.finish();
                sum.finish();
                return gradient.toFloats();
            }
        });
        var wanted = new float[SIZE];
        for (int i = 0; i < SIZE; i++) wanted[i] = i * (size * (size + 1) / 2);
        for (float[] sum : sums) assertThat(Arrays.equals(sum, wanted)).isTrue();
    }

    private static void report(GradientSum sum) {
        var thread = Executors.newSingleThreadExecutor();
        try {
            for (int element : new int[] {130, 128, 127, 60, 60, 5, 0}) {
                thread.submit(() -> sum.finalFrom(element)).get();
            }
        } catch (InterruptedException | ExecutionException e) {
            throw new IllegalStateException(e);
        } finally {
            thread.shutdown();
        }
    }
}
