package io.equipoise.training;

import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import io.equipoise.InvalidInputException;
import io.equipoise.objective.AlphaDivergence;
import io.equipoise.objective.Divergence;
import io.equipoise.objective.FDivergence;
import io.equipoise.objective.Gdc;
import io.equipoise.objective.GdcPlusPlus;
import io.equipoise.objective.KlControl;
import io.equipoise.objective.Objective;
import io.equipoise.objective.Reinforce;
import io.equipoise.objective.ReinforceTarget;
import io.equipoise.objective.TrajectoryBalance;
import java.util.List;

/**
 * What single objectives want to be told. {@link ObjectiveOptionsBuilder} holds the defaults.
 *
 * @param baseline subtract the mean of the batch's other sequences: {@code reinforce}, {@code reinforce-p}, {@code
 *     kl-control}, {@code f-dpg}, {@code alpha-dpg}; of {@code ppo} the value head
 * @param divergence which of {@code f-dpg}'s
 * @param alpha α of {@code alpha-dpg}
 * @param limit the most that {@code alpha-dpg} scores a sequence
 * @param beta β of {@code kl-control} and {@code ppo}, at first
 * @param targetKl KL(π‖a), nats a sequence, that β is moved for; 0 leaves β as it is
 * @param horizon sequences after which β has been moved by as much as KL(π‖a) is off
 * @param clip ε of {@code ppo}: how far a token's probability may move in one step before it gives no gradient
 * @param epochs of {@code ppo}: how often a batch is trained on
 * @param minibatches of {@code ppo}: into how many parts, an optimiser step each
 * @param gaeLambda λ of {@code ppo}'s advantages; 1 leaves no bias, less leans on the value head
 * @param valueLearningRate Adam's for {@code ppo}'s value head
 * @param whiten shifts and scales {@code ppo}'s advantages to mean 0 and variance 1 over a batch's tokens
 */
@JsonDeserialize(builder = ObjectiveOptionsBuilder.class)
public record ObjectiveOptions(
        boolean baseline,
        Divergence divergence,
        double alpha,
        double limit,
        double beta,
        double targetKl,
        double horizon,
        double clip,
        int epochs,
        int minibatches,
        double gaeLambda,
        double valueLearningRate,
        boolean whiten) {
    /** Names of objectives, as configurations have them. */
    public static final List<String> OBJECTIVES = List.of(
            "gdc++",
            "gdc",
            "reinforce",
            "reinforce-p",
            "kl-control",
            "ppo",
            "f-dpg",
            "alpha-dpg",
            "trajectory-balance");

    public ObjectiveOptions {
        if (!Double.isFinite(alpha)) throw wrong("alpha", "a finite number", alpha);
        if (!(limit > 0)) throw wrong("limit", "> 0", limit);
        if (!(beta > 0)) throw wrong("beta", "> 0", beta);
        if (!(targetKl >= 0)) throw wrong("targetKl", ">= 0 (0 leaves beta as it is)", targetKl);
        if (!(horizon > 0)) throw wrong("horizon", "> 0", horizon);
        if (!(clip > 0)) throw wrong("clip", "> 0", clip);
        if (epochs < 1) throw wrong("epochs", ">= 1", epochs);
        if (minibatches < 1) throw wrong("minibatches", ">= 1", minibatches);
        if (!(gaeLambda >= 0 && gaeLambda <= 1)) throw wrong("gaeLambda", "in [0, 1]", gaeLambda);
        if (!(valueLearningRate > 0)) throw wrong("valueLearningRate", "> 0", valueLearningRate);
    }

    private static InvalidInputException wrong(String name, String wanted, Number got) {
        return new InvalidInputException("objectiveOptions." + name + " must be " + wanted + ", got " + got);
    }

    /**
     * Checks what else {@code ppo} has to be told.
     *
     * @throws InvalidInputException that names what must be another
     */
    void requirePpo(boolean onPolicy, int batchSize, double gradientSubsampling, int gradientDiagnosticsEvery) {
        if (!onPolicy) {
            throw new InvalidInputException("objective ppo needs onPolicy: true: its ratios are to the policy that"
                    + " sampled, not to a proposal");
        }
        if (gradientSubsampling != 1) {
            throw new InvalidInputException("gradientSubsampling must be 1 with objective ppo, which goes over whole"
                    + " batches several times, got " + gradientSubsampling);
        }
        if (gradientDiagnosticsEvery != 0) {
            throw new InvalidInputException("gradientDiagnosticsEvery must be 0 with objective ppo, whose batch has a"
                    + " gradient for every pass over it, got " + gradientDiagnosticsEvery);
        }
        if (minibatches > batchSize) {
            throw wrong("minibatches", "at most batchSize (" + batchSize + ")", minibatches);
        }
        if (!baseline && gaeLambda < 1) {
            throw wrong("gaeLambda", "1 with baseline: false: without a value head less would only be bias", gaeLambda);
        }
    }

    /** The objective by its name and formula; {@code ppo} is another way to ascend that of {@code kl-control}. */
    Objective objective(String name, boolean onPolicy, boolean normalize) {
        return switch (name) {
            case "gdc" -> new Gdc(normalize);
            case "gdc++" -> new GdcPlusPlus(onPolicy, normalize);
            case "reinforce" -> new Reinforce(baseline);
            case "reinforce-p" -> new ReinforceTarget(baseline, normalize);
            case "kl-control" -> new KlControl(beta, baseline);
            case "ppo" -> new KlControl(beta, false);
            case "f-dpg" -> new FDivergence(divergence, baseline);
            case "alpha-dpg" -> new AlphaDivergence(alpha, limit, baseline);
            case "trajectory-balance" -> new TrajectoryBalance();
            default ->
                throw new InvalidInputException(
                        "objective must be one of " + String.join(", ", OBJECTIVES) + ", got '" + name + "'");
        };
    }

    /** Starts from the defaults. */
    public static ObjectiveOptionsBuilder builder() {
        return new ObjectiveOptionsBuilder();
    }
}
