package io.equipoise.training;

import io.equipoise.InvalidInputException;
import io.equipoise.distributed.Collective;
import io.equipoise.distributed.SharedWork;
import io.equipoise.kernels.Kernels;
import io.equipoise.memory.Vector;
import io.equipoise.model.CausalLanguageModel;
import io.equipoise.objective.Objective;
import io.equipoise.sampling.Prompts;
import io.equipoise.target.Constraint;
import io.equipoise.target.EnergyBasedTarget;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Everything of a {@link Trainer} that a step changes, and so everything that a checkpoint holds. */
final class TrainerParts implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TrainerParts.class);
    private static final String FIRST_MOMENT = "adam.firstMoment";
    private static final String SECOND_MOMENT = "adam.secondMoment";

    final Batches batches;
    final CausalLanguageModel policy;
    final Adam adam;
    final MomentCorrection correction;
    final Optional<ControlVariates> variates;
    final PolicyGradient gradient;
    final Proposal proposal;
    final Optional<ProximalPolicyUpdate> ppo;
    Objective objective;
    int steps;
    int skipped;
    double learningRateScale = 1;
    boolean stopped;
    KlAverage klAverage = KlAverage.NONE;

    private final Collective collective;
    private final TrainingConfig config;
    private final EnergyBasedTarget target;

    /**
     * As they are before the first step.
     *
     * @param features closed with these
     * @param sample of the base model
     * @param work of the ranks that train together
     * @param sharded whether they divide the optimiser's state too
     */
    TrainerParts(
            CausalLanguageModel base,
            TrainingConfig config,
            Kernels kernels,
            SequenceFeatures features,
            Prompts prompts,
            Rollouts rollouts,
            BaseSample sample,
            SharedWork work,
            boolean sharded) {
        this.config = config;
        collective = work.collective();
        target = sample.target();
        objective = config.objectiveFunction();
        batches = new Batches(rollouts, features, sample, config);
        correction = new MomentCorrection(config.momentCorrection(), target, sample.phi());
        // What these know of a text's worth is about all texts, not those that go on from one prompt.
        boolean oneLanguage = prompts.size() == 1 && !prompts.inFeatures();
        variates = config.controlVariates() && oneLanguage && ControlVariates.apply(objective)
                ? Optional.of(new ControlVariates(
                        features,
                        config,
                        base.config().vocabularySize(),
                        sample.sequences().generated(),
                        correction.worth()))
                : Optional.empty();
        if (variates.isPresent()) tellUnknown(target);

        Predicate<String> trainable = Pattern.compile(config.trainable()).asPredicate();
        if (base.parameters().list().stream().noneMatch(p -> trainable.test(p.name()))) {
            throw new InvalidInputException("trainable '" + config.trainable() + "' matches no parameter; there are "
                    + base.parameters().list().get(0).name() + " and "
                    + (base.parameters().list().size() - 1) + " more");
        }
        policy = base.copy();
        policy.trainable(trainable);
        gradient = new PolicyGradient(policy, config, variates, work);
        adam = new Adam(
                kernels, policy.parameters().value().size(), trainable, sharded ? collective : Collective.alone());
        proposal = new Proposal(base, policy, config);
        ppo = config.isPpo() ? Optional.of(new ProximalPolicyUpdate(policy, adam, config, kernels)) : Optional.empty();
    }

    private static void tellUnknown(EnergyBasedTarget target) {
        var unknown = target.constraints().stream()
                .filter(constraint -> !constraint.feature().scoresPrefixes())
                .map(Constraint::name)
                .toList();
        if (unknown.isEmpty()) return;
        LOG.info(
                "control variates leave out {}, whose features aren't scored on the beginnings of texts"
                        + " (Feature.scoresPrefixes)",
                String.join(", ", unknown));
    }

    /** Of the step that {@link #steps} counts. */
    double learningRate() {
        return learningRate(steps);
    }

    /** @param step from 1 */
    double learningRate(int step) {
        return learningRateScale
                * config.learningRate()
                * config.schedule().factor(step, config.warmupSteps(), config.steps());
    }

    /**
     * Moves π along the gradient that has been added up.
     *
     * @param coefficient (B) of the batch's sequences
     * @return the norm of the mean gradient
     * @throws ArithmeticException that names the sequence to blame if the gradient is not finite
     */
    double ascend(Rollout rollout, double[] coefficient, double learningRate) {
        try {
            return adam.ascend(policy, rollout.size(), learningRate, config);
        } catch (ArithmeticException notFinite) {
            int worst = 0;
            for (int i = 0; i < coefficient.length; i++) {
                if (!rollout.scored()[i]) continue;
                // Written so that a NaN is the worst.
                if (!(Math.abs(coefficient[i]) <= Math.abs(coefficient[worst]))) worst = i;
                if (Double.isNaN(coefficient[i])) break;
            }
            throw new ArithmeticException(notFinite.getMessage() + "; the largest coefficient is that of sequence "
                    + worst + " of the batch, " + coefficient[worst]);
        }
    }

    /** @throws IllegalStateException unless all ranks have the same policy, as far as its norm tells */
    void requireTogether(double weightNorm) {
        double[][] norms = collective.gather(new double[] {weightNorm});
        for (double[] norm : norms) {
            if (Double.compare(norm[0], norms[0][0]) == 0) continue;
            throw new IllegalStateException("after step " + steps + " the ranks' policies differ, their norms are "
                    + Arrays.stream(norms).map(each -> Double.toString(each[0])).collect(Collectors.joining(", "))
                    + "; run all ranks on processors of one kind, or force one by --cpu-isa, and go on from the last"
                    + " checkpoint with --resume");
        }
    }

    /** Aims at corrected moments, which the control variates then know of. */
    void correct() {
        if (correction.correct(proposal.moments())) refit();
    }

    private void refit() {
        variates.ifPresent(each -> each.refit(correction.worth()));
    }

    /** Puts π back to where q is, to go on more slowly. */
    void rollback() {
        policy.copyFrom(proposal.model());
        adam.reset();
        learningRateScale /= 2;
    }

    /** All of it, copied; where ranks divide the optimiser's state, a call of all ranks. */
    Checkpoint checkpoint() {
        try (var moments = adam.moments()) {
            var tensors = tensors();
            tensors.put(FIRST_MOMENT, moments.first());
            tensors.put(SECOND_MOMENT, moments.second());
            return new Checkpoint(state(), tensors);
        }
    }

    /** What is too large for a {@link TrainerState}, but Adam's, by name, where it is. */
    private Map<String, Vector> tensors() {
        var tensors = new LinkedHashMap<String, Vector>();
        tensors.put(Checkpoint.POLICY, policy.parameters().value());
        if (proposal.state().source() == Proposal.Source.OWN) {
            tensors.put("proposal", proposal.model().parameters().value());
        }
        ppo.ifPresent(each -> tensors.putAll(each.tensors()));
        return tensors;
    }

    /** All but tensors. */
    TrainerState state() {
        var lambda = new LinkedHashMap<String, Double>();
        for (int f = 0; f < target.constraints().size(); f++) {
            lambda.put(target.constraints().get(f).name(), target.lambda()[f]);
        }
        return new TrainerState(
                steps,
                config.seed(),
                lambda,
                batches.partition().logZ(),
                config,
                skipped,
                learningRateScale,
                stopped,
                KlController.beta(objective),
                klAverage,
                adam.steps(),
                batches.state(),
                proposal.state(),
                correction.state(),
                variates.map(ControlVariates::state).orElse(ControlVariates.State.NONE),
                ppo.map(ProximalPolicyUpdate::state).orElse(ProximalPolicyUpdate.State.NONE));
    }

    /** All but tensors. */
    void restore(TrainerState state) {
        steps = state.step();
        skipped = state.skipped();
        learningRateScale = state.learningRateScale();
        stopped = state.stopped();
        objective = KlController.restore(objective, state.beta());
        klAverage = state.klAverage();
        adam.restore(state.adamSteps());
        batches.restore(state.batches());
        proposal.restore(state.proposal());
        correction.restore(state.correction());
        variates.ifPresent(each -> each.restore(state.variates()));
        ppo.ifPresent(each -> each.restore(state.ppo()));
    }

    /** All of it, for parts that no step has changed. */
    void restore(Checkpoint checkpoint) {
        restore(checkpoint.state());
        if (correction.state().moved()) refit();
        checkpoint.copyTo(tensors());
        long parameters = policy.parameters().value().size();
        adam.restore(checkpoint.tensor(FIRST_MOMENT, parameters), checkpoint.tensor(SECOND_MOMENT, parameters));
        policy.changed();
        if (proposal.state().source() == Proposal.Source.OWN) proposal.model().changed();
    }

    @Override
    public void close() {
        adam.close();
        ppo.ifPresent(ProximalPolicyUpdate::close);
        batches.close();
        proposal.close();
        policy.close();
    }
}
