package io.equipoise.training;

import io.equipoise.kernels.KernelProvider;
import io.equipoise.kernels.Kernels;
import io.equipoise.memory.Vector;
import io.equipoise.metrics.Divergences;
import io.equipoise.model.CausalLanguageModel;
import io.equipoise.model.PretrainedModel;
import io.equipoise.model.TextDecoder;
import io.equipoise.objective.Objective;
import io.equipoise.sampling.Prompts;
import io.equipoise.sampling.Sampler;
import io.equipoise.sampling.Sequences;
import io.equipoise.target.Constraint;
import io.equipoise.target.EnergyBasedTarget;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Moves a policy π, at first a copy of the base model, towards the target p. Each {@link #step} samples from the
 * proposal q, weighs, adds up the gradient, updates π, and every so often compares π with q. For one thread; the base
 * model is only read and stays the caller's.
 */
public final class Trainer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Trainer.class);

    private final TrainingConfig config;
    private final KlController controller;
    private final SequenceKernels kernels;
    private final Batches batches;
    private final EnergyBasedTarget target;
    private final Map<String, Double> baseMoments;
    private final CausalLanguageModel policy;
    private final Adam adam;
    private final MomentCorrection correction;
    private final Optional<ControlVariates> variates;
    private final PolicyGradient gradient;
    private final Proposal proposal;
    private final Optional<ProximalPolicyUpdate> ppo;
    private Objective objective;
    private int steps;
    private int skipped;
    private double learningRateScale = 1;
    private boolean stopped;
    private KlAverage klAverage = KlAverage.NONE;

    private Trainer(
            CausalLanguageModel base,
            TextDecoder text,
            List<Constraint> constraints,
            TrainingConfig config,
            Kernels kernels,
            SequenceFeatures features,
            Prompts prompts,
            Optional<Sequences> ofBase) {
        this.config = config;
        objective = config.objectiveFunction();
        config.requirePossible(prompts.size());
        config.requireMeaning(constraints);
        controller = new KlController(config.objectiveOptions());
        this.kernels = new SequenceKernels(kernels);
        var rollouts = new Rollouts(
                base, text, constraints, prompts, new Sampler(config.sampling()), this.kernels, config.microBatch());
        int[] prompt = prompts.evenly(ofBase.map(Sequences::size).orElse(config.momentSamples()));
        var sequences = ofBase.orElseGet(() -> rollouts.sample(base, prompt, 0));
        var sample = BaseSample.of(constraints, sequences, prompt, features, prompts);
        target = sample.target();
        baseMoments = sample.moments();
        batches = new Batches(rollouts, features, sample, config);
        correction = new MomentCorrection(config.momentCorrection(), target, sample.phi());
        // What these know of a text's worth is about all texts, not those that go on from one prompt.
        boolean oneLanguage = prompts.size() == 1 && !prompts.inFeatures();
        variates = config.controlVariates() && oneLanguage && ControlVariates.apply(objective)
                ? Optional.of(new ControlVariates(
                        features, config, base.config().vocabularySize(), sequences.generated(), correction.worth()))
                : Optional.empty();

        Predicate<String> trainable = Pattern.compile(config.trainable()).asPredicate();
        if (base.parameters().list().stream().noneMatch(p -> trainable.test(p.name()))) {
            throw new IllegalArgumentException("trainable '" + config.trainable() + "' matches no parameter; there are "
                    + base.parameters().list().get(0).name() + " and "
                    + (base.parameters().list().size() - 1) + " more");
        }
        policy = base.copy();
        policy.trainable(trainable);
        gradient = new PolicyGradient(policy, config, variates);
        adam = new Adam(kernels, policy.parameters().value().size(), trainable);
        proposal = new Proposal(base, policy, config);
        ppo = config.isPpo() ? Optional.of(new ProximalPolicyUpdate(policy, adam, config, kernels)) : Optional.empty();
    }

    /**
     * Prepares a run: samples the base model, finds λ and a first Z.
     *
     * @throws io.equipoise.target.InfeasibleConstraintException when the constraints can't be met
     */
    public static Trainer create(PretrainedModel base, List<Constraint> constraints, TrainingConfig config) {
        return create(base.model(), base.tokenizer(), constraints, config);
    }

    /**
     * The same for texts that go on from prompts (Korbak, Elsahar, Kruszewski, Dymetman, ICML 2022, arXiv 2112.00791): every
     * prompt has a target of its own, moments are means over prompts.
     *
     * @throws IllegalArgumentException if a prompt is too long, or the configuration isn't for {@link
     *     TrainingConfig#requirePossible so many}
     */
    public static Trainer create(
            PretrainedModel base, List<Constraint> constraints, TrainingConfig config, Prompts prompts) {
        return create(base.model(), base.tokenizer(), constraints, config, KernelProvider.kernels(), prompts);
    }

    /** The same for a model whose tokens become text in another way. */
    public static Trainer create(
            CausalLanguageModel base, TextDecoder text, List<Constraint> constraints, TrainingConfig config) {
        return create(base, text, constraints, config, KernelProvider.kernels());
    }

    /** The same with kernels of the caller's choice rather than the process's. */
    public static Trainer create(
            CausalLanguageModel base,
            TextDecoder text,
            List<Constraint> constraints,
            TrainingConfig config,
            Kernels kernels) {
        return create(base, text, constraints, config, kernels, Prompts.NONE);
    }

    /** The same with kernels and prompts. */
    public static Trainer create(
            CausalLanguageModel base,
            TextDecoder text,
            List<Constraint> constraints,
            TrainingConfig config,
            Kernels kernels,
            Prompts prompts) {
        return create(base, text, constraints, config, kernels, prompts, Optional.empty());
    }

    /**
     * The same with the base model's samples, drawn before, that the target is found on: runs that share them have the same
     * target.
     *
     * @param ofBase sampled from {@code base} without truncation at temperature 1, by another seed or as the first of this one's
     *     sequences; {@link TrainingConfig#momentSamples} is not looked at
     */
    public static Trainer create(
            PretrainedModel base, List<Constraint> constraints, TrainingConfig config, Sequences ofBase) {
        return create(
                base.model(),
                base.tokenizer(),
                constraints,
                config,
                KernelProvider.kernels(),
                Prompts.NONE,
                Optional.of(ofBase));
    }

    private static Trainer create(
            CausalLanguageModel base,
            TextDecoder text,
            List<Constraint> constraints,
            TrainingConfig config,
            Kernels kernels,
            Prompts prompts,
            Optional<Sequences> ofBase) {
        var features = new SequenceFeatures(constraints, text, kernels);
        try {
            return new Trainer(base, text, constraints, config, kernels, features, prompts, ofBase);
        } catch (RuntimeException | Error failure) {
            features.close();
            throw failure;
        }
    }

    /**
     * One step of training.
     *
     * @throws NonFiniteException with {@link OnNan#STOP}, where a number that must be finite isn't; with {@link OnNan#SKIP} only
     *     where the policy itself is damaged
     */
    public Step step() {
        if (isFinished()) throw new IllegalStateException("the run has ended after " + steps + " steps");
        var before = state();
        var clock = new PhaseClock();
        try {
            return step(clock);
        } catch (ArithmeticException notFinite) {
            return undo(before, clock, notFinite);
        }
    }

    private Step undo(TrainerState before, PhaseClock clock, ArithmeticException notFinite) {
        boolean changed = adam.steps() != before.adamSteps();
        // Until the policy has moved the update has only looked at the gradient.
        String phase = clock.phase().equals("update") && !changed ? "gradient" : clock.phase();
        var failure = new NonFiniteException(before.step() + 1, phase, !changed, notFinite);
        long adamSteps = adam.steps();
        if (!changed) restore(before);
        if (config.onNan() == OnNan.STOP || (changed && !Double.isFinite(policy.weightNorm()))) throw failure;
        LOG.warn("{}; onNan: skip, the step is left out", failure.getMessage());
        restore(before);
        adam.restore(adamSteps);
        steps++;
        skipped++;
        batches.skip();
        double learningRate = learningRate();
        clock.next(phase);
        return Step.leftOut(
                steps,
                logZ(),
                batches.partition().withoutWeight().length,
                Moments.desired(correction.aim().constraints()),
                KlController.beta(objective),
                learningRate,
                skipped,
                clock.seconds());
    }

    private double learningRate() {
        return learningRateScale
                * config.learningRate()
                * config.schedule().factor(steps, config.warmupSteps(), config.steps());
    }

    private Step step(PhaseClock clock) {
        steps++;
        var batch = batches.next(
                proposal.model(), correction.aim(), gradient.functions(), gradient.scoresWeightless(steps), clock);
        var rollout = batch.rollout();
        double logAimZ = batches.partition().remaining() + correction.logZRatio();

        policy.parameters().gradient().clear();
        var outcome = ppo.isPresent()
                ? gradient.none(rollout, objective, logAimZ)
                : gradient.accumulate(rollout, objective, logAimZ, batch.first(), gradient.measures(steps));
        double[] logPolicy = outcome.logPolicy();
        double[] coefficient = kernels.coefficients(outcome.coefficients(), logPolicy);
        var energies = batches.energies(rollout, outcome.tokenLogPolicy());
        clock.next("update");

        double learningRate = learningRate();
        var proximal = ppo.map(each -> each.update(rollout, KlController.beta(objective), learningRate));
        double gradientNorm = proximal.map(ProximalPolicyUpdate.Outcome::gradientNorm)
                .orElseGet(() -> ascend(rollout, coefficient, learningRate));
        if (!Double.isFinite(policy.weightNorm())) {
            throw new ArithmeticException(
                    "the policy's weights are not finite after the update; lower learningRate (" + learningRate + ")");
        }
        proposal.keep(rollout, logPolicy);
        var aim = Moments.desired(correction.aim().constraints());
        var check = steps % config.checkEvery() == 0 ? check(logAimZ) : Step.Check.NONE;
        double beta = KlController.beta(objective);
        var divergences = Divergences.of(energies.statistics());
        objective = controller.next(objective, divergences.klPolicyBase(), rollout.size());
        klAverage = klAverage.with(divergences.klTargetPolicy());
        clock.next("");
        return new Step(
                steps,
                BatchCoefficients.loss(coefficient, logPolicy),
                logZ(),
                batches.partition().withoutWeight().length,
                divergences,
                Moments.weighted(target.constraints(), rollout.phi(), energies.logRatio()),
                aim,
                outcome.coefficients().meanBaseline(coefficient, rollout.logTarget()),
                beta,
                gradientNorm,
                outcome.subsamplingVariance(),
                Diagnostics.of(coefficient, energies.logRatio(), outcome.meanSquaredNorm(), gradientNorm),
                learningRate,
                proximal.map(ProximalPolicyUpdate.Outcome::numbers),
                check,
                skipped,
                batch.tokens(),
                clock.seconds());
    }

    private double ascend(Rollout rollout, double[] coefficient, double learningRate) {
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

    /**
     * All that a later trainer needs in order to go on from here, copied: training may go on while it is written.
     *
     * @return the caller closes it
     */
    public Checkpoint checkpoint() {
        return new Checkpoint(state(), tensors());
    }

    /**
     * Goes on from a checkpoint, to the bit. For a trainer that was created as the checkpoint's was, and has made no step.
     *
     * @throws IllegalArgumentException if the checkpoint is of another configuration, other constraints or prompts, another
     *     model, or of kernels that compute other numbers
     */
    public void restore(Checkpoint checkpoint) {
        if (steps > 0) throw new IllegalStateException("only a trainer that has made no step can be restored");
        var state = checkpoint.state();
        state.requireLike(state());
        restore(state);
        if (state.correction().moved()) variates.ifPresent(each -> each.refit(correction.worth()));
        checkpoint.copyTo(tensors());
        policy.changed();
        if (state.proposal().source() == Proposal.Source.OWN) proposal.model().changed();
    }

    /** What changes in a run, by name, where it is. */
    private Map<String, Vector> tensors() {
        var tensors = new LinkedHashMap<String, Vector>();
        tensors.put(Checkpoint.POLICY, policy.parameters().value());
        tensors.put("adam.firstMoment", adam.firstMoment());
        tensors.put("adam.secondMoment", adam.secondMoment());
        if (proposal.state().source() == Proposal.Source.OWN) {
            tensors.put("proposal", proposal.model().parameters().value());
        }
        ppo.ifPresent(each -> tensors.putAll(each.tensors()));
        return tensors;
    }

    private TrainerState state() {
        var lambda = new LinkedHashMap<String, Double>();
        for (int f = 0; f < target.constraints().size(); f++) {
            lambda.put(target.constraints().get(f).name(), target.lambda()[f]);
        }
        return new TrainerState(
                steps,
                config.seed(),
                lambda,
                logZ(),
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
    private void restore(TrainerState state) {
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

    private Step.Check check(double logAimZ) {
        if (correction.correct(proposal.moments())) variates.ifPresent(each -> each.refit(correction.worth()));
        var check = proposal.check(logAimZ, objective.aimsAtTarget());
        if (check.outcome() == Step.Outcome.DRIFTED) onDrift(check.klTargetPolicy(), check.klTargetProposal());
        return check;
    }

    private void onDrift(double policyKl, double proposalKl) {
        LOG.warn(String.format(
                "step %d: the policy drifts: KL(p||policy) %.3f was above KL(p||proposal) %.3f at %d checks in a row (%s)",
                steps,
                policyKl,
                proposalKl,
                config.driftChecks(),
                switch (config.onDrift()) {
                    case WARN -> "onDrift: warn; lower learningRate or raise batchSize";
                    case ROLLBACK -> "onDrift: rollback; back to the proposal at half the learning rate";
                    case STOP -> "onDrift: stop";
                }));
        if (config.onDrift() == OnDrift.ROLLBACK) {
            policy.copyFrom(proposal.model());
            adam.reset();
            learningRateScale /= 2;
        } else if (config.onDrift() == OnDrift.STOP) {
            stopped = true;
        }
    }

    /** Whether {@link TrainingConfig#steps} have been made, or a drift ended the run. */
    public boolean isFinished() {
        return stopped || steps >= config.steps();
    }

    /** Steps made, those left out included. */
    public int steps() {
        return steps;
    }

    /** Whether {@link OnDrift#STOP} ended the run before its last step. */
    public boolean isStoppedByDrift() {
        return stopped;
    }

    public TrainingConfig config() {
        return config;
    }

    /** P, with λ as found on the base model's samples. */
    public EnergyBasedTarget target() {
        return target;
    }

    /** E_a φ by constraint, on the samples that λ was found on. */
    public Map<String, Double> baseMoments() {
        return baseMoments;
    }

    /** Log of the running mean of w, nats; with prompts the mean of each one's. */
    public double logZ() {
        return batches.partition().logZ();
    }

    /**
     * Log of the running mean of w over the sequences that go on from one prompt, nats; −∞ while all had P = 0.
     *
     * @param prompt from 0, as the prompts are listed
     */
    public double logZ(int prompt) {
        return batches.partition().logZ(prompt);
    }

    /** π; changes with every step, closed with the trainer. */
    public CausalLanguageModel policy() {
        return policy;
    }

    /** q; the base model until the first update. */
    public CausalLanguageModel proposal() {
        return proposal.model();
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
