package io.equipoise.distributed;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Work on n independent items, of which every rank does a contiguous share, [n·r/N, n·(r + 1)/N) for rank r of N, and then
 * has everybody's results, in order. What fails on one rank fails on all at the same place.
 */
public final class SharedWork {
    /** Of one process, which does everything itself. */
    public static final SharedWork ALONE = new SharedWork(Collective.alone());

    /** What a rank's message begins with. */
    private static final byte DONE = 0;
    /** A number that must be finite wasn't. */
    private static final byte NOT_FINITE = 1;

    private static final byte FAILED = 2;

    private final Collective collective;

    public SharedWork(Collective collective) {
        this.collective = collective;
    }

    /** Whose ranks share the work. */
    public Collective collective() {
        return collective;
    }

    /** Whether there is nobody to share it with. */
    public boolean isAlone() {
        return collective.size() == 1;
    }

    /** How one result travels. */
    public interface Format<T> {
        /** Row of f32, of any length. */
        Format<float[]> FLOATS = new Format<>() {
            @Override
            public void write(float[] row, DataOutputStream out) throws IOException {
                out.writeInt(row.length);
                for (float each : row) out.writeFloat(each);
            }

            @Override
            public float[] read(DataInputStream in) throws IOException {
                var row = new float[in.readInt()];
                for (int t = 0; t < row.length; t++) row[t] = in.readFloat();
                return row;
            }
        };

        /** Row of f64, of any length. */
        Format<double[]> DOUBLES = new Format<>() {
            @Override
            public void write(double[] row, DataOutputStream out) throws IOException {
                out.writeInt(row.length);
                for (double each : row) out.writeDouble(each);
            }

            @Override
            public double[] read(DataInputStream in) throws IOException {
                var row = new double[in.readInt()];
                for (int t = 0; t < row.length; t++) row[t] = in.readDouble();
                return row;
            }
        };

        void write(T result, DataOutputStream out) throws IOException;

        T read(DataInputStream in) throws IOException;
    }

    /** One rank's share of the work. */
    @FunctionalInterface
    public interface Share<T> {
        /** The results of the items [from, to); may be none. */
        List<T> of(int from, int to);
    }

    /**
     * Does this rank's share and brings the results together; a call of all ranks.
     *
     * @param items n, the same on all ranks
     * @return n results, the same on all ranks
     * @throws ArithmeticException if a rank's share did, on every rank
     * @throws IllegalStateException if another rank's share failed otherwise
     */
    public <T> List<T> all(int items, Share<T> share, Format<T> format) {
        int size = collective.size();
        if (size == 1) return share.of(0, items);
        byte[][] parts = collective.gather(part(items, share, format));
        var results = new ArrayList<T>(items);
        for (int r = 0; r < size; r++) read(r, parts[r], bound(items, r + 1) - bound(items, r), format, results);
        return results;
    }

    private int bound(int items, int rank) {
        return (int) ((long) items * rank / collective.size());
    }

    private <T> byte[] part(int items, Share<T> share, Format<T> format) {
        int from = bound(items, collective.rank());
        int to = bound(items, collective.rank() + 1);
        try {
            var results = share.of(from, to);
            var bytes = new ByteArrayOutputStream();
            var out = new DataOutputStream(bytes);
            out.writeByte(DONE);
            for (var result : results) format.write(result, out);
            return bytes.toByteArray();
        } catch (ArithmeticException e) {
            return failure(NOT_FINITE, e);
        } catch (RuntimeException e) {
            // The others must not wait for results that won't come.
            collective.gather(failure(FAILED, e));
            throw e;
        } catch (IOException e) {
            throw new UncheckedIOException("can't happen in memory", e);
        }
    }

    private static byte[] failure(byte outcome, RuntimeException failure) {
        var bytes = new ByteArrayOutputStream();
        try (var out = new DataOutputStream(bytes)) {
            out.writeByte(outcome);
            out.writeUTF(String.valueOf(failure.getMessage()));
        } catch (IOException e) {
            throw new UncheckedIOException("can't happen in memory", e);
        }
        return bytes.toByteArray();
    }

    private static <T> void read(int rank, byte[] part, int items, Format<T> format, List<T> results) {
        try (var in = new DataInputStream(new ByteArrayInputStream(part))) {
            byte outcome = in.readByte();
            if (outcome == NOT_FINITE) throw new ArithmeticException("rank " + rank + ": " + in.readUTF());
            if (outcome == FAILED) throw new IllegalStateException("rank " + rank + " failed: " + in.readUTF());
            for (int k = 0; k < items; k++) results.add(format.read(in));
        } catch (IOException e) {
            throw new IllegalStateException(
                    "rank " + rank + " has sent other results than these; all ranks must run the same version", e);
        }
    }
}
