package io.equipoise.training;

import io.equipoise.InvalidInputException;
import io.equipoise.kernels.Philox;
import java.util.Arrays;

/**
 * Which prompts each step's sequences go on from. Every prompt comes once before any comes again, in an order that only the
 * seed and the round decide.
 */
final class PromptGroups {
    /** Others of the run's random numbers have draws 0 to 3. */
    private static final int DRAW = 4;

    private final int[] order;
    private final int groups;
    private final int each;
    private final long seed;
    private long round;
    private int used;

    /**
     * The first step's come first.
     *
     * @param prompts C; with one, all sequences go on from it
     */
    PromptGroups(int prompts, TrainingConfig config) {
        config.requirePossible(prompts);
        order = new int[prompts];
        groups = prompts == 1 ? 1 : config.promptsPerStep();
        each = config.batchSize() / groups;
        seed = config.seed();
        Arrays.setAll(order, c -> c);
        shuffle();
    }

    /** (B) the prompt of each of the next step's sequences, those of a group next to each other. */
    int[] next() {
        var prompt = new int[groups * each];
        for (int group = 0; group < groups; group++) {
            if (used == order.length) {
                round++;
                used = 0;
                shuffle();
            }
            Arrays.fill(prompt, group * each, (group + 1) * each, order[used++]);
        }
        return prompt;
    }

    /** All of it that changes. */
    record State(int[] order, long round, int used) {}

    State state() {
        return new State(order.clone(), round, used);
    }

    /** @throws InvalidInputException if it is of another number of prompts */
    void restore(State state) {
        if (state.order().length != order.length) {
            throw new InvalidInputException("the checkpoint is of a run with " + state.order().length
                    + " prompts, this one has " + order.length + "; resume with the same prompts");
        }
        System.arraycopy(state.order(), 0, order, 0, order.length);
        round = state.round();
        used = state.used();
    }

    /** Fisher and Yates. */
    private void shuffle() {
        for (int i = order.length - 1; i > 0; i--) {
            int other = (int) (Philox.uniform(seed, round, i, DRAW) * (i + 1));
            int here = order[i];
            order[i] = order[other];
            order[other] = here;
        }
    }
}
