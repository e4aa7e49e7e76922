package io.equipoise.training;

import io.equipoise.InvalidInputException;
import io.equipoise.metrics.LogSumExp;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Running estimates of Z = Σ_x P(x), one for each prompt: the means of w over all of its samples. Without prompts there is one
 * in all.
 */
final class Partition {
    private final LogSumExp[] ofPrompt;

    /** @param prompts C */
    Partition(int prompts) {
        ofPrompt = Stream.generate(LogSumExp::new).limit(prompts).toArray(LogSumExp[]::new);
    }

    /**
     * Takes in one sample's weight.
     *
     * @param logWeight log w, nats
     */
    void add(int prompt, double logWeight) {
        ofPrompt[prompt].add(logWeight);
    }

    /**
     * Takes in a batch.
     *
     * @param prompt (B) of each sequence
     * @param weights of P itself
     */
    void add(int[] prompt, Rollout rollout, SequenceKernels.Energies weights) {
        if (isSingle()) {
            ofPrompt[0].merge(LogSumExp.ofWeights(weights.statistics()));
            return;
        }
        for (int i = 0; i < prompt.length; i++) add(prompt[i], weights.logTarget()[i] - rollout.logProposal()[i]);
    }

    /** One prompt's running sum, as {@link LogSumExp} holds it. */
    record Sum(double maximum, double scaledSum, long count) {}

    List<Sum> state() {
        return Arrays.stream(ofPrompt)
                .map(sum -> new Sum(sum.maximum(), sum.scaledSum(), sum.count()))
                .toList();
    }

    /** @throws InvalidInputException if it is of another number of prompts, or no state of a sum */
    void restore(List<Sum> state) {
        if (state.size() != ofPrompt.length) {
            throw new InvalidInputException("the checkpoint has Z of " + state.size() + " prompts, this run has "
                    + ofPrompt.length + "; resume with the same prompts");
        }
        for (int c = 0; c < ofPrompt.length; c++) {
            var sum = state.get(c);
            ofPrompt[c] = LogSumExp.restore(sum.maximum(), sum.scaledSum(), sum.count());
        }
    }

    private boolean isSingle() {
        return ofPrompt.length == 1;
    }

    /** log Z of one prompt, nats; −∞ while none of its samples has had weight. */
    double logZ(int prompt) {
        return ofPrompt[prompt].count() == 0 ? Double.NEGATIVE_INFINITY : ofPrompt[prompt].logMean();
    }

    /** The mean of log Z over the prompts where Z isn't 0, nats; −∞ if there are none. */
    double logZ() {
        return Arrays.stream(known()).mapToDouble(this::logZ).average().orElse(Double.NEGATIVE_INFINITY);
    }

    /** The prompts where Z isn't 0. */
    private int[] known() {
        return IntStream.range(0, ofPrompt.length)
                .filter(prompt -> logZ(prompt) > Double.NEGATIVE_INFINITY)
                .toArray();
    }

    /** The prompts of which no sample has had weight: as far as is known, they have no target. */
    int[] withoutWeight() {
        return IntStream.range(0, ofPrompt.length)
                .filter(prompt -> logZ(prompt) == Double.NEGATIVE_INFINITY)
                .toArray();
    }

    /**
     * A batch as training and estimates want it. Where there are several prompts, P is divided by their Z, so that P is p, and
     * the sequences of those without one are left out: their p does not exist.
     *
     * @param prompt (B) of each sequence
     */
    Rollout normalized(Rollout rollout, int[] prompt) {
        if (isSingle()) return rollout;
        int[] rows = IntStream.range(0, prompt.length)
                .filter(i -> logZ(prompt[i]) > Double.NEGATIVE_INFINITY)
                .toArray();
        return rollout.divided(
                rows, Arrays.stream(prompt).mapToDouble(this::logZ).toArray());
    }

    /** log of what P of a {@link #normalized} batch is still to be divided by, nats. */
    double remaining() {
        return isSingle() ? logZ(0) : 0;
    }
}
