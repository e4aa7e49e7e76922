package io.equipoise.cuda.ptx;

import java.util.Random;
import java.util.stream.IntStream;

/**
 * In which order blocks and warps run, since a device may choose any. The first runs each as far as it can, in sequence; the
 * second does so backwards; the others interleave at random.
 */
record Order(int number, long seed) {
    /** The order of a launch's blocks. */
    int[] blocks(int count) {
        int[] blocks = IntStream.range(0, count).toArray();
        if (number == 0) return blocks;
        var random = random(-1);
        for (int i = count - 1; i > 0; i--) {
            int other = number == 1 ? count - 1 - i : random.nextInt(i + 1);
            if (number == 1 && other >= i) break;
            int block = blocks[i];
            blocks[i] = blocks[other];
            blocks[other] = block;
        }
        return blocks;
    }

    Random random(int block) {
        return new Random(seed * 31 + number * 1_000_003L + block);
    }

    /** Which of the warps that can run. */
    int next(int runnable, Random random) {
        return switch (number) {
            case 0 -> 0;
            case 1 -> runnable - 1;
            default -> random.nextInt(runnable);
        };
    }

    /** How many instructions it runs. */
    int quantum(Random random) {
        return number < 2 ? 1 << 20 : 1 + random.nextInt(1000);
    }

    /** Whether lanes that have diverged need not wait for the hindmost. */
    boolean eager(Random random) {
        return number >= 2 && random.nextInt(8) == 0;
    }
}
