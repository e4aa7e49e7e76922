package io.equipoise.kernels;

/**
 * Philox4x32-10 (Salmon, Moraes, Dror, Shaw, <em>Parallel random numbers: as easy as 1, 2, 3</em>, SC 2011): a random
 * number is a function of what it is for, so it depends neither on the batch nor on threads or ranks.
 */
public final class Philox {
    private static final int ROUNDS = 10;
    private static final long MULTIPLIER_0 = 0xD2511F53L;
    private static final long MULTIPLIER_1 = 0xCD9E8D57L;
    private static final int WEYL_0 = 0x9E3779B9;
    private static final int WEYL_1 = 0xBB67AE85;

    private Philox() {}

    /** The block for a counter of four words and a key of two. */
    public static int[] block(int counter0, int counter1, int counter2, int counter3, int key0, int key1) {
        int c0 = counter0;
        int c1 = counter1;
        int c2 = counter2;
        int c3 = counter3;
        int k0 = key0;
        int k1 = key1;
        for (int round = 0; round < ROUNDS; round++) {
            long product0 = MULTIPLIER_0 * Integer.toUnsignedLong(c0);
            long product1 = MULTIPLIER_1 * Integer.toUnsignedLong(c2);
            int next0 = (int) (product1 >>> 32) ^ c1 ^ k0;
            int next2 = (int) (product0 >>> 32) ^ c3 ^ k1;
            c1 = (int) product1;
            c3 = (int) product0;
            c0 = next0;
            c2 = next2;
            k0 += WEYL_0;
            k1 += WEYL_1;
        }
        return new int[] {c0, c1, c2, c3};
    }

    /**
     * A uniform number in [0, 1), a multiple of 2⁻⁵³: counter words (sequence low, sequence high, position, draw), key
     * (seed low, seed high); the first two output words make the number, the first its high bits.
     *
     * @param sequence which sequence of the run, from 0; all 64 bits count
     * @param position which token of the sequence, prompt included
     * @param draw which number for that token
     */
    public static double uniform(long seed, long sequence, int position, int draw) {
        int[] words = block((int) sequence, (int) (sequence >>> 32), position, draw, (int) seed, (int) (seed >>> 32));
        long bits = (Integer.toUnsignedLong(words[0]) << 21) | (Integer.toUnsignedLong(words[1]) >>> 11);
        return bits * 0x1p-53;
    }
}
