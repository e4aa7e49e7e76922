package io.equipoise.distributed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.equipoise.memory.Vector;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CollectiveTest {
    private static final int SIZE = 1_000_003;

    private static float[] values(int rank) {
        var random = new Random(rank);
        var values = new float[SIZE];
        for (int i = 0; i < SIZE; i++) values[i] = (float) random.nextGaussian();
        return values;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void sumsAreThoseOfAllAndTheSameOnAll(int size) throws Exception {
        var sums = Ranks.run(size, collective -> {
            try (var vector = Vector.f32(SIZE)) {
                vector.put(values(collective.rank()));
                var pending = new ArrayList<Collective.Pending>();
                int half = SIZE / 2;
                pending.add(collective.sum(vector.slice(half, SIZE - half)));
                pending.add(collective.sum(vector.slice(0, half)));
                pending.add(collective.sum(vector.slice(0, 0)));
                pending.forEach(Collective.Pending::await);
                return vector.toFloats();
            }
        });
        var wanted = new double[SIZE];
        for (int r = 0; r < size; r++) {
            float[] values = values(r);
            for (int i = 0; i < SIZE; i++) wanted[i] += values[i];
        }
        for (float[] sum : sums) {
            assertThat(Arrays.equals(sum, sums.get(0))).isTrue();
            for (int i = 0; i < SIZE; i++) {
                if (Math.abs(sum[i] - wanted[i]) > 1e-5)
                    assertThat((double) sum[i]).isEqualTo(wanted[i]);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void messagesOfAnyLengthAreBroughtTogether(int size) throws Exception {
        int[] lengths = {0, 1, 503, 504, 505, 100_000, 0, 7};
        var all = Ranks.run(size, collective -> {
            var gathered = new ArrayList<byte[][]>();
            for (int k = 0; k < lengths.length; k++) {
                gathered.add(collective.gather(message(lengths[(k + collective.rank()) % lengths.length], k)));
            }
            collective.barrier();
            return gathered;
        });
        for (var ofRank : all) {
            for (int k = 0; k < lengths.length; k++) {
                for (int r = 0; r < size; r++) {
                    assertThat(ofRank.get(k)[r]).isEqualTo(message(lengths[(k + r) % lengths.length], k));
                }
            }
        }
    }

    private static byte[] message(int length, int seed) {
        var bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    @Test
    void oneRanksValuesBecomeEverybodys() throws Exception {
        var all = Ranks.run(3, collective -> {
            try (var vector = Vector.f32(5)) {
                vector.put(new float[] {0, collective.rank(), collective.rank(), collective.rank(), 0});
                collective.broadcast(vector.slice(1, 2), 2).await();
                double[] numbers = {collective.rank(), 1e300, -collective.rank()};
                collective.sum(numbers);
                return List.of(vector.toFloats(), numbers);
            }
        });
        for (int r = 0; r < 3; r++) {
            assertThat(all.get(r).get(0)).isEqualTo(new float[] {0, 2, 2, r, 0});
            assertThat(all.get(r).get(1)).isEqualTo(new double[] {3, 3e300, -3});
        }
    }

    @Test
    void aRingsBytesAreCounted() throws Exception {
        var sent = Ranks.run(4, collective -> {
            try (var vector = Vector.f32(1000)) {
                collective.sum(vector).await();
                return collective.traffic().sentBytes();
            }
        });
        assertThat(sent).containsOnly(2L * 3 * 4000 / 4);
    }

    @Test
    void workIsDoneOnceAndKnownToAll() throws Exception {
        var all = Ranks.run(4, collective -> {
            var work = new SharedWork(collective);
            List<Integer> mine = new ArrayList<>();
            var rows = work.all(
                    10,
                    (from, to) -> {
                        var share = new ArrayList<double[]>();
                        for (int i = from; i < to; i++) {
                            mine.add(i);
                            share.add(new double[] {i, Double.NaN});
                        }
                        return share;
                    },
                    SharedWork.Format.DOUBLES);
            for (int i = 0; i < 10; i++) assertThat(rows.get(i)).containsExactly(i, Double.NaN);
            assertThat(work.all(2, (from, to) -> floats(to - from), SharedWork.Format.FLOATS))
                    .hasSize(2);
            return mine;
        });
        assertThat(all).containsExactly(List.of(0, 1), List.of(2, 3, 4), List.of(5, 6), List.of(7, 8, 9));
    }

    private static List<float[]> floats(int count) {
        return new ArrayList<>(Collections.nCopies(count, new float[] {1}));
    }

    /** Whoever fails tells, and all fail at the same place; after that they can go on together. */
    @Test
    void whatFailsOnOneRankFailsOnAll() throws Exception {
        var messages = Ranks.run(3, collective -> {
            var work = new SharedWork(collective);
            var heard = new ArrayList<String>();
            heard.add(failure(work, 1, new ArithmeticException("log w of sequence 5 is NaN")));
            heard.add(failure(work, 2, new IllegalArgumentException("no such feature")));
            heard.add(work.all(3, (from, to) -> floats(to - from), SharedWork.Format.FLOATS)
                            .size() + " rows");
            return heard;
        });
        for (var heard : messages) {
            assertThat(heard.get(0)).isEqualTo("ArithmeticException: rank 1: log w of sequence 5 is NaN");
            assertThat(heard.get(2)).isEqualTo("3 rows");
        }
        assertThat(messages.get(0).get(1)).isEqualTo("IllegalStateException: rank 2 failed: no such feature");
        assertThat(messages.get(2).get(1)).isEqualTo("IllegalArgumentException: no such feature");
    }

    private static String failure(SharedWork work, int rank, RuntimeException failure) {
        try {
            work.all(
                    3,
                    (from, to) -> {
                        if (work.collective().rank() == rank) throw failure;
                        return floats(to - from);
                    },
                    SharedWork.Format.FLOATS);
            return "nothing";
        } catch (RuntimeException e) {
            return e.getClass().getSimpleName() + ": " + e.getMessage();
        }
    }

    @Test
    void ranksThatDifferAreNamed() throws Exception {
        var messages = Ranks.run(4, collective -> {
            Agreement.require(collective, "model", "the same");
            assertThat(Agreement.any(collective, collective.rank() == 2)).isTrue();
            assertThat(Agreement.any(collective, false)).isFalse();
            try {
                Agreement.require(
                        collective, "configuration", "seed: 1\nsteps: " + (collective.rank() % 2 == 0 ? 5 : 6) + "\n");
                return "agreed";
            } catch (IllegalArgumentException e) {
                return String.valueOf(e.getMessage());
            }
        });
        assertThat(messages)
                .containsOnly("ranks 1, 3 have another configuration than rank 0: 'steps: 5' on rank 0, 'steps: 6' on"
                        + " rank 1; start all ranks with the same");
    }

    /** A rank that leaves is named with its reason by those who wait for it. */
    @Test
    void aRankThatLeavesIsNamed() throws Exception {
        var futures = Ranks.start(3, Duration.ofSeconds(4), collective -> {
            collective.barrier();
            if (collective.rank() == 1) {
                collective.leaving("no space left on device");
                return 0;
            }
            collective.barrier();
            return 1;
        });
        assertThat(futures.get(1).get()).isZero();
        for (int r : new int[] {0, 2}) {
            assertThatThrownBy(() -> futures.get(r).get())
                    .isInstanceOf(ExecutionException.class)
                    .hasRootCauseInstanceOf(RuntimeException.class)
                    .cause()
                    .isInstanceOf(LostRankException.class)
                    .hasMessageContaining("rank 1 has left: no space left on device");
        }
    }

    @Test
    void rankZeroIsToldAtOnceWhomItWaitsFor() throws Exception {
        var folder = Files.createTempDirectory("ranks");
        var meeting = new Rendezvous.File(folder.resolve("meeting"));
        var told = new ArrayList<List<Integer>>();
        assertThatThrownBy(() ->
                        Collectives.join(new Rendezvous(0, 3, 0, 1, meeting), Duration.ofMillis(500), false, told::add))
                .isInstanceOf(LostRankException.class);
        assertThat(told).containsExactly(List.of(1, 2));
    }

    @Test
    void anotherRankIsToldIfRankZeroIsNotThere() throws Exception {
        int port;
        try (var socket = new ServerSocket(0)) {
            port = socket.getLocalPort();
        }
        var meeting = new Rendezvous.Host("127.0.0.1", port);
        var told = Collections.synchronizedList(new ArrayList<List<Integer>>());
        assertThatThrownBy(() ->
                        Collectives.join(new Rendezvous(2, 3, 0, 1, meeting), Duration.ofSeconds(2), false, told::add))
                .isInstanceOf(LostRankException.class)
                .hasMessageContaining("rank 2 could not reach");
        assertThat(told).containsExactly(List.of(0));
    }

    @Test
    void ranksThatDoNotComeAreNamed() throws Exception {
        var folder = Files.createTempDirectory("ranks");
        var meeting = new Rendezvous.File(folder.resolve("meeting"));
        assertThatThrownBy(() -> Collectives.join(new Rendezvous(1, 3, 0, 1, meeting), Duration.ofMillis(500), false))
                .isInstanceOf(LostRankException.class)
                .hasMessageContaining("of 3 ranks these have not come")
                .hasMessageContaining(": 0, 2;");
    }
}
