package io.equipoise.cuda.ptx;

import java.util.Random;

/**
 * The lanes of a warp by where they are: those at the same instruction are a group. The group that is least far goes first,
 * so that they come together again.
 */
final class Groups {
    private static final int MOST = 33;

    private final int[] at = new int[MOST];
    private final int[] lanes = new int[MOST];
    private final boolean[] waits = new boolean[MOST];
    private int count = 1;

    /** One, at the first instruction. */
    Groups(int lanes) {
        this.lanes[0] = lanes;
    }

    int count() {
        return count;
    }

    /** The instruction that a group is at. */
    int at(int group) {
        return at[group];
    }

    int lanes(int group) {
        return lanes[group];
    }

    /** The least far group that can go on, or any of them; −1 when none can. */
    int choose(Random random, boolean any) {
        int chosen = -1;
        int candidates = 0;
        for (int g = 0; g < count; g++) {
            if (waits[g]) continue;
            candidates++;
            if (chosen < 0 || (any ? random.nextInt(candidates) == 0 : at[g] < at[chosen])) chosen = g;
        }
        return chosen;
    }

    /** Where a group will come to another one if it just goes on. */
    int meeting(int group) {
        int stop = Integer.MAX_VALUE;
        for (int g = 0; g < count; g++) if (at[g] > at[group]) stop = Math.min(stop, at[g]);
        return stop;
    }

    /** A group has come somewhere; one that has come to another joins it, one without lanes is no more. */
    void move(int group, int to, int remaining, boolean waiting) {
        at[group] = to;
        lanes[group] = remaining;
        waits[group] = waiting;
        if (remaining == 0) {
            remove(group);
            return;
        }
        for (int g = 0; g < count; g++) {
            if (g != group && at[g] == to) {
                lanes[g] |= remaining;
                waits[g] = false;
                remove(group);
                return;
            }
        }
    }

    /**
     * Lanes leave the running group for an instruction.
     *
     * @param running those that stay in it
     */
    void split(int leaving, int to, boolean waiting, int running) {
        for (int g = 0; g < count; g++) {
            // not the running group, whose entry is where it was
            if (at[g] == to && (lanes[g] & (leaving | running)) == 0) {
                lanes[g] |= leaving;
                waits[g] &= waiting;
                return;
            }
        }
        at[count] = to;
        lanes[count] = leaving;
        waits[count] = waiting;
        count++;
    }

    /** The only group goes on to the next instruction. */
    void release() {
        at[0]++;
        waits[0] = false;
    }

    private void remove(int group) {
        count--;
        at[group] = at[count];
        lanes[group] = lanes[count];
        waits[group] = waits[count];
    }
}
