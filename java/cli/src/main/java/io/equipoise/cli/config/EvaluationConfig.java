package io.equipoise.cli.config;

import io.equipoise.InvalidInputException;

/**
 * How the model is measured before and after training.
 *
 * @param baseSamples of the base model, on which KL(p‖π), TVD and Z are estimated
 * @param policySamples fresh samples of the policy
 * @param every also measure every so many steps; 0 only before and after
 * @param seed of its samples; not the training's, or they aren't fresh
 * @param texts shown before and after
 */
public record EvaluationConfig(int baseSamples, int policySamples, int every, long seed, int texts) {
    public EvaluationConfig {
        atLeast("baseSamples", baseSamples, 2);
        // Self-BLEU compares texts with each other.
        atLeast("policySamples", policySamples, 2);
        atLeast("every", every, 0);
        atLeast("texts", texts, 0);
    }

    private static void atLeast(String name, int value, int least) {
        if (value < least) throw new InvalidInputException(name + " must be >= " + least + ", got " + value);
    }
}
