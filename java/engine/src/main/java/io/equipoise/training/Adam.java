package io.equipoise.training;

import io.equipoise.kernels.AdamRule;
import io.equipoise.kernels.Kernels;
import io.equipoise.memory.DataType;
import io.equipoise.memory.Vector;
import io.equipoise.model.CausalLanguageModel;
import io.equipoise.model.Parameters;
import java.util.function.Predicate;

/** AdamW over a model's flat parameters; weight decay on matrices only. */
final class Adam implements AutoCloseable {
    private final Kernels kernels;
    private final Predicate<String> trainable;
    private final Vector firstMoment;
    private final Vector secondMoment;
    private long steps;

    Adam(Kernels kernels, long parameters, Predicate<String> trainable) {
        this.kernels = kernels;
        this.trainable = trainable;
        firstMoment = Vector.allocate(kernels.memory(), DataType.F32, parameters);
        secondMoment = Vector.allocate(kernels.memory(), DataType.F32, parameters);
    }

    /**
     * One descending step.
     *
     * @param scale multiplies the gradient; negative to ascend
     */
    void step(Parameters parameters, double learningRate, TrainingConfig config, double scale) {
        steps++;
        long from = 0;
        // Neighbours that are treated alike are one call.
        for (int i = 0; i < parameters.list().size(); i++) {
            var here = parameters.list().get(i);
            long end = here.from() + here.size();
            boolean last = i + 1 == parameters.list().size();
            if (!last && alike(here, parameters.list().get(i + 1))) continue;
            if (trainable.test(here.name())) {
                double decay = here.decays() ? config.weightDecay() : 0;
                var rule = new AdamRule(learningRate, config.beta1(), config.beta2(), config.epsilon(), decay, steps);
                long size = end - from;
                kernels.adam(
                        parameters.value().slice(from, size),
                        firstMoment.slice(from, size),
                        secondMoment.slice(from, size),
                        parameters.gradient().slice(from, size),
                        rule,
                        scale);
            }
            from = end;
        }
    }

    /**
     * One ascending step on the gradient that a model has accumulated, clipped as configured.
     *
     * @param sequences that it was summed over
     * @return its norm, as a mean over sequences and before clipping
     * @throws ArithmeticException if it is not finite
     */
    double ascend(CausalLanguageModel policy, int sequences, double learningRate, TrainingConfig config) {
        double norm = policy.gradientNorm() / sequences;
        if (!Double.isFinite(norm)) {
            throw new ArithmeticException(
                    "the gradient of update " + (steps + 1) + " is not finite; lower learningRate ("
                            + config.learningRate() + ") or check the base model's weights");
        }
        double clip = config.gradientClip() == 0 ? 1 : Math.min(1, config.gradientClip() / (norm + 1e-6));
        step(policy.parameters(), learningRate, config, -clip / sequences);
        policy.changed();
        return norm;
    }

    private boolean alike(Parameters.Parameter a, Parameters.Parameter b) {
        return a.decays() == b.decays() && trainable.test(a.name()) == trainable.test(b.name());
    }

    /** (P) running mean of the gradient, f32. */
    Vector firstMoment() {
        return firstMoment;
    }

    /** (P) running mean of its square, f32. */
    Vector secondMoment() {
        return secondMoment;
    }

    /** Steps since the beginning or the last {@link #reset}. */
    long steps() {
        return steps;
    }

    /** Takes up the count of a saved state; the moments are written by the caller. */
    void restore(long count) {
        steps = count;
    }

    /** Forgets what came before. */
    void reset() {
        firstMoment.clear();
        secondMoment.clear();
        steps = 0;
    }

    @Override
    public void close() {
        firstMoment.close();
        secondMoment.close();
    }
}
