package io.equipoise.training;

import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
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
 *     kl-control}, {@code f-dpg}, {@code alpha-dpg}
 * @param divergence which of {@code f-dpg}'s
 * @param alpha α of {@code alpha-dpg}
 * @param limit the most that {@code alpha-dpg} scores a sequence
 * @param beta β of {@code kl-control}, at first
 * @param targetKl KL(π‖a), nats a sequence, that β is moved for; 0 leaves β as it is
 * @param horizon sequences after which β has been moved by as much as KL(π‖a) is off
 */
@JsonDeserialize(builder = ObjectiveOptionsBuilder.class)
public record ObjectiveOptions(
        boolean baseline,
        Divergence divergence,
        double alpha,
        double limit,
        double beta,
        double targetKl,
        double horizon) {
    /** Names of objectives, as configurations have them. */
    public static final List<String> OBJECTIVES = List.of(
            "gdc++", "gdc", "reinforce", "reinforce-p", "kl-control", "f-dpg", "alpha-dpg", "trajectory-balance");

    public ObjectiveOptions {
        if (!Double.isFinite(alpha)) throw wrong("alpha", "a finite number", alpha);
        if (!(limit > 0)) throw wrong("limit", "> 0", limit);
        if (!(beta > 0)) throw wrong("beta", "> 0", beta);
        if (!(targetKl >= 0)) throw wrong("targetKl", ">= 0 (0 leaves beta as it is)", targetKl);
        if (!(horizon > 0)) throw wrong("horizon", "> 0", horizon);
    }

    private static IllegalArgumentException wrong(String name, String wanted, double got) {
        return new IllegalArgumentException("objectiveOptions." + name + " must be " + wanted + ", got " + got);
    }

    /** The objective by its name and formula. */
    Objective objective(String name, boolean onPolicy, boolean normalize) {
        return switch (name) {
            case "gdc" -> new Gdc(normalize);
            case "gdc++" -> new GdcPlusPlus(onPolicy, normalize);
            case "reinforce" -> new Reinforce(baseline);
            case "reinforce-p" -> new ReinforceTarget(baseline, normalize);
            case "kl-control" -> new KlControl(beta, baseline);
            case "f-dpg" -> new FDivergence(divergence, baseline);
            case "alpha-dpg" -> new AlphaDivergence(alpha, limit, baseline);
            case "trajectory-balance" -> new TrajectoryBalance();
            default ->
                throw new IllegalArgumentException(
                        "objective must be one of " + String.join(", ", OBJECTIVES) + ", got '" + name + "'");
        };
    }

    /** Starts from the defaults. */
    public static ObjectiveOptionsBuilder builder() {
        return new ObjectiveOptionsBuilder();
    }
}
