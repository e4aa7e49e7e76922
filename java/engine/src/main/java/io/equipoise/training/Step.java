package io.equipoise.training;

import io.equipoise.metrics.Divergences;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * One step's numbers; estimates are on the step's own B samples, before π was trained on them. Logarithms are natural.
 * NaN is what wasn't computed: at a step that {@link TrainingConfig#diagnosticsEvery} passes over, the moments, TVD(p, π),
 * KL(π‖a) and what is known of the ratios.
 *
 * <p>With prompts p, π, q and a are what each says of the texts that follow a prompt, and every estimate is a mean over the
 * step's prompts, each prompt's P over its own Z; those whose Z is 0 are left out.
 *
 * @param step from 1
 * @param loss −(1/B) Σ c·log π; for {@code ppo} with the coefficients of {@code kl-control}
 * @param logZ log of the running mean of w over all samples so far; with prompts the mean of each one's, of those where Z isn't 0
 * @param promptsWithoutWeight how many prompts no text with P &gt; 0 has been seen of so far
 * @param divergences of p, π, q and a from each other
 * @param moments E_π φ by constraint: Σ ρφ / Σ ρ
 * @param aim the moments trained towards: those desired unless {@link TrainingConfig#momentCorrection} moves them
 * @param baseline what is taken from a sequence's w before it weighs: mean of Z·ρ (0 for {@code gdc}), over Z if normalised; for other objectives what
 *     is taken from its score, times ρ; 0 for {@code ppo}
 * @param beta β of {@code kl-control} and {@code ppo}; NaN for other objectives
 * @param gradientNorm of the whole batch's gradient, before clipping; for {@code ppo} the mean over the step's updates
 * @param subsamplingVariance by what share {@link TrainingConfig#gradientSubsampling} raises Σ‖c‖², the second moment of
 *     the tokens' coefficients, all of it variance; 0 without it
 * @param diagnostics of the gradient's noise
 * @param learningRate of this step
 * @param ppo what only {@code ppo} has
 * @param check outcome of the proposal check made after this step, {@code NONE} when it made none
 * @param skipped steps so far that {@link OnNan#SKIP} left out; of such a step itself the estimates are NaN
 * @param tokens generated in this step
 * @param seconds wall time by phase: {@code sample}, {@code score}, {@code gradient}, {@code update}, {@code total}; all passes of
 *     {@code ppo} are in {@code update}
 */
public record Step(
        int step,
        double loss,
        double logZ,
        int promptsWithoutWeight,
        Divergences.Estimates divergences,
        Map<String, Double> moments,
        Map<String, Double> aim,
        double baseline,
        double beta,
        double gradientNorm,
        double subsamplingVariance,
        Diagnostics diagnostics,
        double learningRate,
        Optional<Ppo> ppo,
        Check check,
        int skipped,
        long tokens,
        Map<String, Double> seconds) {

    /**
     * A step that was left out.
     *
     * @param aim the moments aimed at
     */
    static Step leftOut(
            int step,
            double logZ,
            int promptsWithoutWeight,
            Map<String, Double> aim,
            double beta,
            double learningRate,
            int skipped,
            Map<String, Double> seconds) {
        double none = Double.NaN;
        var moments = new LinkedHashMap<String, Double>();
        for (String name : aim.keySet()) moments.put(name, none);
        return new Step(
                step,
                none,
                logZ,
                promptsWithoutWeight,
                new Divergences.Estimates(none, none, none, none, none, none, none, none),
                moments,
                aim,
                none,
                beta,
                none,
                none,
                new Diagnostics(none, none, none, none, none, none, 0, none),
                learningRate,
                Optional.empty(),
                Check.NONE,
                skipped,
                0,
                seconds);
    }

    /** What came of comparing π with q. */
    public enum Outcome {
        /** No check at this step. */
        NONE,
        /** q stays. */
        KEPT,
        /** q ← π. */
        UPDATED,
        /** π was worse than q at several checks in a row; see {@link OnDrift}. */
        DRIFTED
    }

    /**
     * A comparison of π and q over all samples since the one before; p is the target with the moments aimed at.
     *
     * @param klTargetPolicy KL(p‖π), nats; NaN without a check
     * @param klTargetProposal KL(p‖q), nats; NaN without a check
     */
    public record Check(Outcome outcome, double klTargetPolicy, double klTargetProposal) {
        static final Check NONE = new Check(Outcome.NONE, Double.NaN, Double.NaN);
    }

    /**
     * Proximal policy optimisation's own numbers, means over the batch's tokens.
     *
     * @param valueLoss ½(V − return)² before V was trained on this batch; NaN without a value head
     * @param meanAdvantage before whitening: near 0 once V is right on average
     * @param clipShare tokens whose gradient was clipped away, in the last epoch
     * @param approximateKl ρ − 1 − log ρ in the last epoch, ρ = π/π_old: an estimate of KL(π_old‖π), nats a token
     */
    public record Ppo(double valueLoss, double meanAdvantage, double clipShare, double approximateKl) {}
}
