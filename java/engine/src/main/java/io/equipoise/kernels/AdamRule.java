package io.equipoise.kernels;

import io.equipoise.InvalidInputException;

/**
 * AdamW's numbers (Loshchilov and Hutter, 2019); {@code weightDecay} 0 is Adam.
 *
 * @param learningRate of this step
 * @param step from 1, for the bias correction
 */
public record AdamRule(double learningRate, double beta1, double beta2, double epsilon, double weightDecay, long step) {
    public AdamRule {
        if (!(learningRate >= 0)) throw new IllegalArgumentException("learningRate must be >= 0, got " + learningRate);
        if (!(beta1 >= 0 && beta1 < 1)) throw new InvalidInputException("beta1 must be in [0, 1), got " + beta1);
        if (!(beta2 >= 0 && beta2 < 1)) throw new InvalidInputException("beta2 must be in [0, 1), got " + beta2);
        if (!(epsilon > 0)) throw new InvalidInputException("epsilon must be > 0, got " + epsilon);
        if (!(weightDecay >= 0)) throw new InvalidInputException("weightDecay must be >= 0, got " + weightDecay);
        if (step < 1) throw new IllegalArgumentException("step counts from 1, got " + step);
    }
}
