package io.equipoise.training;

import java.util.Locale;
import java.util.function.Consumer;

/** Says, once each, that a run's importance weights leave little to learn from, and what helps. */
final class WeightWarnings {
    private final TrainingConfig config;
    private final Consumer<String> out;
    private boolean saidFew;
    private boolean saidOverflow;

    WeightWarnings(TrainingConfig config, Consumer<String> out) {
        this.config = config;
        this.out = out;
    }

    /**
     * Looks at one step.
     *
     * @param sequences B
     * @param effectiveSampleSize (Σw)² / Σw²
     * @param overflows as in {@link Diagnostics}
     */
    void look(int step, int sequences, double effectiveSampleSize, int overflows) {
        if (!saidFew && effectiveSampleSize < config.warnBelowSampleSize()) {
            saidFew = true;
            out.accept(String.format(
                    Locale.ROOT,
                    "step %d: the weights of %d texts are worth %.1f texts of the target (effectiveSampleSize, below"
                            + " warnBelowSampleSize: %s): the step follows those few. It gets better by itself if the proposal"
                            + " comes nearer to the target; if it doesn't, raise batchSize, or train first towards a constraint"
                            + " that more of the model's texts meet. Said once",
                    step,
                    sequences,
                    effectiveSampleSize,
                    config.warnBelowSampleSize()));
        }
        if (!saidOverflow && overflows > 0) {
            saidOverflow = true;
            out.accept(String.format(
                    Locale.ROOT,
                    "step %d: %d of %d coefficients overflowed and were limited (advantage.overflows in every step): a text that"
                            + " the policy or proposal all but rules out decides the step; lower learningRate, set gradientClip, or"
                            + " choose an objective whose scores are bounded. Said once",
                    step,
                    overflows,
                    sequences));
        }
    }
}
