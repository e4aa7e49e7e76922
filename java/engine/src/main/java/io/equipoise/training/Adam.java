package io.equipoise.training;

import io.equipoise.distributed.Collective;
import io.equipoise.kernels.AdamRule;
import io.equipoise.kernels.Kernels;
import io.equipoise.memory.DataType;
import io.equipoise.memory.Vector;
import io.equipoise.model.CausalLanguageModel;
import io.equipoise.model.Parameters;
import java.util.ArrayList;
import java.util.function.Predicate;

/** AdamW over a model's flat parameters; weight decay on matrices only. */
final class Adam implements AutoCloseable {
    private final Kernels kernels;
    private final Predicate<String> trainable;
    private final Collective shards;
    private final long parameters;
    /** The parameters that this rank moves, [from, to), and has moments of. */
    private final long from;

    private final long to;
    private final Vector firstMoment;
    private final Vector secondMoment;
    private long steps;

    Adam(Kernels kernels, long parameters, Predicate<String> trainable) {
        this(kernels, parameters, trainable, Collective.alone());
    }

    /**
     * Where ranks divide the optimiser among them (Rajbhandari, Rasley, Ruwase, He, 2020, arXiv 1910.02054, stage 1): each moves a
     * part of the parameters, whose moments nobody else has, and then all tell each other.
     *
     * @param shards the ranks that do; each calls the same methods
     */
    Adam(Kernels kernels, long parameters, Predicate<String> trainable, Collective shards) {
        this.kernels = kernels;
        this.trainable = trainable;
        this.shards = shards;
        this.parameters = parameters;
        from = bound(shards.rank());
        to = bound(shards.rank() + 1);
        firstMoment = Vector.allocate(kernels.memory(), DataType.F32, to - from);
        secondMoment = Vector.allocate(kernels.memory(), DataType.F32, to - from);
    }

    /** Where a rank's part begins. */
    private long bound(int rank) {
        return parameters * rank / shards.size();
    }

    /**
     * One descending step.
     *
     * @param scale multiplies the gradient; negative to ascend
     */
    void step(Parameters parameters, double learningRate, TrainingConfig config, double scale) {
        steps++;
        long begin = 0;
        // Neighbours that are treated alike are one call.
        for (int i = 0; i < parameters.list().size(); i++) {
            var here = parameters.list().get(i);
            long end = here.from() + here.size();
            boolean last = i + 1 == parameters.list().size();
            if (!last && alike(here, parameters.list().get(i + 1))) continue;
            long first = Math.max(begin, from);
            long size = Math.min(end, to) - first;
            begin = end;
            if (size > 0 && trainable.test(here.name())) {
                double decay = here.decays() ? config.weightDecay() : 0;
                var rule = new AdamRule(learningRate, config.beta1(), config.beta2(), config.epsilon(), decay, steps);
                kernels.adam(
                        parameters.value().slice(first, size),
                        firstMoment.slice(first - from, size),
                        secondMoment.slice(first - from, size),
                        parameters.gradient().slice(first, size),
                        rule,
                        scale);
            }
        }
        tell(parameters.value());
    }

    /** Every rank's part becomes everybody's. */
    private void tell(Vector value) {
        var pending = new ArrayList<Collective.Pending>();
        for (int r = 0; r < shards.size(); r++) {
            pending.add(shards.broadcast(value.slice(bound(r), bound(r + 1) - bound(r)), r));
        }
        pending.forEach(Collective.Pending::await);
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

    /**
     * All ranks' moments (P), f32: running means of the gradient and of its square.
     *
     * @param copied whether they are copies, to be closed
     */
    record Moments(Vector first, Vector second, boolean copied) implements AutoCloseable {
        @Override
        public void close() {
            if (!copied) return;
            first.close();
            second.close();
        }
    }

    /** The moments of all parameters; where ranks divide them, a call of all ranks. */
    Moments moments() {
        if (shards.size() == 1) return new Moments(firstMoment, secondMoment, false);
        var all = new Moments(
                Vector.allocate(kernels.memory(), DataType.F32, parameters),
                Vector.allocate(kernels.memory(), DataType.F32, parameters),
                true);
        try {
            all.first().slice(from, to - from).copyFrom(firstMoment);
            all.second().slice(from, to - from).copyFrom(secondMoment);
            tell(all.first());
            tell(all.second());
            return all;
        } catch (RuntimeException e) {
            all.close();
            throw e;
        }
    }

    /**
     * Takes up saved moments.
     *
     * @param first (P)
     * @param second (P)
     */
    void restore(Vector first, Vector second) {
        firstMoment.copyFrom(first.slice(from, to - from));
        secondMoment.copyFrom(second.slice(from, to - from));
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
