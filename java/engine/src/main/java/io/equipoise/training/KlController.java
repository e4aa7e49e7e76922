package io.equipoise.training;

import io.equipoise.objective.KlControl;
import io.equipoise.objective.Objective;

/**
 * Moves β of {@link KlControl} so that KL(π‖a) comes to rest at a wanted value (Ziegler et al., 2019, section 2.2): after
 * every batch β ← β·(1 + e·B/horizon), e = KL/target − 1 within ±0.2.
 */
final class KlController {
    private static final double MOST = 0.2;

    private final ObjectiveOptions options;

    KlController(ObjectiveOptions options) {
        this.options = options;
    }

    /**
     * The objective for the next batch.
     *
     * @param klPolicyBase KL(π‖a) on this batch, nats a sequence
     * @param sequences B
     */
    Objective next(Objective objective, double klPolicyBase, int sequences) {
        if (!(objective instanceof KlControl control) || options.targetKl() == 0) return objective;
        double error = Math.max(-MOST, Math.min(MOST, klPolicyBase / options.targetKl() - 1));
        return new KlControl(control.beta() * (1 + error * sequences / options.horizon()), control.baseline());
    }

    /** The objective with the β that a saved state had. */
    static Objective restore(Objective objective, double beta) {
        return objective instanceof KlControl control ? new KlControl(beta, control.baseline()) : objective;
    }

    /** β; NaN for objectives without one. */
    static double beta(Objective objective) {
        return objective instanceof KlControl control ? control.beta() : Double.NaN;
    }
}
