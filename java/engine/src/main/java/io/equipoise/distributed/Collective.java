package io.equipoise.distributed;

import io.equipoise.memory.Vector;
import java.nio.ByteBuffer;

/**
 * What the processes of one run, its ranks, do together. Every rank calls the same operations in the same order; each
 * waits until all have come to it. From one thread at a time.
 *
 * <p>Every operation throws {@link LostRankException} when a rank does not come; then nothing but {@link #close} may follow.
 */
public interface Collective extends AutoCloseable {
    /** A single process, which has nobody to wait for. */
    static Collective alone() {
        return new SingleProcess();
    }

    /** Which of the processes this is, from 0. */
    int rank();

    /** How many there are. */
    int size();

    /** Whether this is the rank that speaks for all: it alone writes files and talks to the user. */
    default boolean isLeader() {
        return rank() == 0;
    }

    /** An operation that is under way; its vector is not to be touched before {@link #await} has returned. */
    @FunctionalInterface
    interface Pending {
        /** An operation that had nothing to do. */
        Pending NONE = () -> {};

        /** Waits for its end. */
        void await();
    }

    /**
     * Begins to replace every element by its sum over the ranks, the same on all of them to the bit.
     *
     * @param values f32, of one size everywhere; kept open until the end
     */
    Pending sum(Vector values);

    /**
     * Begins to replace one rank's elements for everybody's.
     *
     * @param values f32, of one size everywhere; kept open until the end
     * @param root whose elements they will be
     */
    Pending broadcast(Vector values, int root);

    /**
     * Brings together what each rank has.
     *
     * @param own any number of bytes
     * @return by rank
     */
    byte[][] gather(byte[] own);

    /**
     * {@link #gather} of numbers.
     *
     * @return by rank
     */
    default double[][] gather(double[] own) {
        var bytes = ByteBuffer.allocate(own.length * Double.BYTES);
        bytes.asDoubleBuffer().put(own);
        byte[][] all = gather(bytes.array());
        var numbers = new double[all.length][];
        for (int r = 0; r < all.length; r++) {
            numbers[r] = new double[all[r].length / Double.BYTES];
            ByteBuffer.wrap(all[r]).asDoubleBuffer().get(numbers[r]);
        }
        return numbers;
    }

    /** Replaces every element by its sum over the ranks, added up in their order, the same on all of them to the bit. */
    default void sum(double[] values) {
        double[][] all = gather(values);
        for (int k = 0; k < values.length; k++) {
            values[k] = 0;
            for (double[] each : all) values[k] += each[k];
        }
    }

    /** Waits until all ranks are here. */
    default void barrier() {
        gather(new byte[0]);
    }

    /** What this rank has sent and waited for since the beginning. */
    Traffic traffic();

    /**
     * Tells the other ranks why this one is about to leave, if they still listen, so that they can say so.
     *
     * @param reason a sentence for people
     */
    default void leaving(String reason) {}

    @Override
    void close();
}
