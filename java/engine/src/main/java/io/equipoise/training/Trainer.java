package io.equipoise.training;

import io.equipoise.kernels.KernelProvider;
import io.equipoise.kernels.Kernels;
import io.equipoise.metrics.Divergences;
import io.equipoise.metrics.LogSumExp;
import io.equipoise.model.CausalLanguageModel;
import io.equipoise.model.PretrainedModel;
import io.equipoise.model.TextDecoder;
import io.equipoise.objective.Objective;
import io.equipoise.sampling.Sampler;
import io.equipoise.sampling.Sequences;
import io.equipoise.target.Constraint;
import io.equipoise.target.EnergyBasedTarget;
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

    private final CausalLanguageModel base;
    private final TrainingConfig config;
    private final KlController controller;
    private final SequenceKernels kernels;
    private final SequenceFeatures features;
    private final Rollouts rollouts;
    private final EnergyBasedTarget target;
    private final Map<String, Double> baseMoments;
    private final CausalLanguageModel policy;
    private final Adam adam;
    private final DriftGuard drift;
    private final MomentCorrection correction;
    private final Optional<ControlVariates> variates;
    private final PolicyGradient gradient;
    private final LogSumExp partition = new LogSumExp();
    private final CheckWindow window = new CheckWindow();
    private Objective objective;
    /** q: the base model until the first update, then a copy of its own that is kept. */
    private CausalLanguageModel proposal;

    private long sequences;
    private int steps;
    private double learningRateScale = 1;
    private boolean stopped;

    private Trainer(
            CausalLanguageModel base,
            TextDecoder text,
            List<Constraint> constraints,
            TrainingConfig config,
            Kernels kernels,
            SequenceFeatures features,
            Optional<Sequences> ofBase) {
        this.base = base;
        this.features = features;
        this.config = config;
        objective = config.objectiveFunction();
        requireMeaning(objective, config.objective(), constraints);
        controller = new KlController(config.objectiveOptions());
        drift = new DriftGuard(config.driftChecks());
        this.kernels = new SequenceKernels(kernels);
        rollouts = new Rollouts(
                base, text, constraints, new Sampler(config.sampling()), this.kernels, config.microBatch());

        var sample = ofBase.orElseGet(() -> rollouts.sample(base, config.momentSamples(), 0));
        sequences = sample.size();
        double[][] phi = features.score(sample.generated());
        target = EnergyBasedTarget.fit(constraints, phi, new double[sample.size()]);
        // These samples come from a = q, so their weights are P/a and count for Z like any other's.
        double[] logPotential = target.logPotential(phi);
        for (double logWeight : logPotential) partition.add(logWeight);
        correction = new MomentCorrection(config.momentCorrection(), target, phi);
        variates = config.controlVariates() && ControlVariates.apply(objective)
                ? Optional.of(new ControlVariates(
                        features, config, base.config().vocabularySize(), sample.generated(), correction.worth()))
                : Optional.empty();
        baseMoments = Moments.weighted(constraints, phi, new double[sample.size()]);

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
        proposal = config.onPolicy() ? policy : base;
    }

    private static void requireMeaning(Objective objective, String name, List<Constraint> constraints) {
        if (objective.allowsZeros()) return;
        for (var constraint : constraints) {
            if (!constraint.pointwise()) continue;
            throw new IllegalArgumentException("objective " + name + " as configured has no meaning with the pointwise"
                    + " constraint '" + constraint.name() + "': it takes log P of texts where P = 0; use gdc++, f-dpg"
                    + " with divergence kl, tv, js or chi2, or a moment below 1");
        }
    }

    /**
     * Prepares a run: samples the base model, finds λ and a first Z.
     *
     * @throws io.equipoise.target.InfeasibleConstraintException when the constraints can't be met
     */
    public static Trainer create(PretrainedModel base, List<Constraint> constraints, TrainingConfig config) {
        return create(base.model(), base.tokenizer(), constraints, config);
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
        return create(base, text, constraints, config, kernels, Optional.empty());
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
                base.model(), base.tokenizer(), constraints, config, KernelProvider.kernels(), Optional.of(ofBase));
    }

    private static Trainer create(
            CausalLanguageModel base,
            TextDecoder text,
            List<Constraint> constraints,
            TrainingConfig config,
            Kernels kernels,
            Optional<Sequences> ofBase) {
        var features = new SequenceFeatures(constraints, text, kernels);
        try {
            return new Trainer(base, text, constraints, config, kernels, features, ofBase);
        } catch (RuntimeException | Error failure) {
            features.close();
            throw failure;
        }
    }

    /** One step of training. */
    public Step step() {
        if (isFinished()) throw new IllegalStateException("the run has ended after " + steps + " steps");
        steps++;
        var clock = new PhaseClock();
        var sampled = rollouts.sample(proposal, config.batchSize(), sequences);
        sequences += sampled.size();
        clock.end("sample");

        var rollout = rollouts.complete(
                proposal,
                sampled,
                features.score(sampled.generated()),
                correction.aim(),
                gradient.functions(),
                gradient.scoresWeightless(steps));
        // Z needs w alone, so q stands for the policy, which has not seen these sequences yet.
        var weights = rollouts.energies(rollout, target, sampled.tokenLogProb(), Double.NEGATIVE_INFINITY);
        partition.merge(LogSumExp.ofWeights(weights.statistics()));
        double logZ = partition.logMean();
        double logAimZ = logZ + correction.logZRatio();
        clock.end("score");

        policy.parameters().gradient().clear();
        var outcome = gradient.accumulate(rollout, objective, logAimZ, sequences - rollout.size());
        double[] logPolicy = outcome.logPolicy();
        double[] coefficient = kernels.coefficients(outcome.coefficients(), logPolicy);
        clock.end("gradient");

        var energies = rollouts.energies(rollout, target, outcome.tokenLogPolicy(), logZ);
        double learningRate = learningRateScale
                * config.learningRate()
                * config.schedule().factor(steps, config.warmupSteps(), config.steps());
        double gradientNorm = policy.gradientNorm() / rollout.size();
        if (!Double.isFinite(gradientNorm)) {
            throw new ArithmeticException("the gradient of step " + steps + " is not finite; lower learningRate ("
                    + config.learningRate() + ") or check the base model's weights");
        }
        // Adam descends; the estimator is of an ascent direction.
        adam.step(policy.parameters(), learningRate, config, -clip(gradientNorm) / rollout.size());
        policy.changed();
        window.add(rollout, logPolicy);
        var aim = Moments.desired(correction.aim().constraints());
        var check = steps % config.checkEvery() == 0 ? check(logAimZ) : Step.Check.NONE;
        double beta = KlController.beta(objective);
        var divergences = Divergences.of(energies.statistics());
        objective = controller.next(objective, divergences.klPolicyBase(), rollout.size());
        clock.end("update");
        return new Step(
                steps,
                loss(coefficient, logPolicy),
                logZ,
                divergences,
                Moments.weighted(target.constraints(), rollout.phi(), energies.logRatio()),
                aim,
                outcome.coefficients().meanBaseline(coefficient, rollout.logTarget()),
                beta,
                gradientNorm,
                outcome.subsamplingVariance(),
                learningRate,
                check,
                sampled.generatedTokens(),
                clock.seconds());
    }

    private double clip(double gradientNorm) {
        return config.gradientClip() == 0 ? 1 : Math.min(1, config.gradientClip() / (gradientNorm + 1e-6));
    }

    /** @param logZ of the aim, which π and q are compared with */
    private Step.Check check(double logZ) {
        var estimates = window.estimates(logZ);
        var excess = window.excess(logZ);
        if (correction.correct(window.moments())) variates.ifPresent(each -> each.refit(correction.worth()));
        window.clear();
        double policyKl = estimates.klTargetPolicy();
        double proposalKl = estimates.klTargetProposal();
        if (config.onPolicy()) return new Step.Check(Step.Outcome.NONE, policyKl, proposalKl);
        boolean guarded = objective.aimsAtTarget();
        if (config.proposalUpdate().accepts(estimates)) {
            if (proposal == base) proposal = policy.copy();
            else proposal.copyFrom(policy);
            drift.reset();
            return new Step.Check(Step.Outcome.UPDATED, policyKl, proposalKl);
        }
        if (!guarded || !drift.drifts(excess)) return new Step.Check(Step.Outcome.KEPT, policyKl, proposalKl);
        onDrift(policyKl, proposalKl);
        return new Step.Check(Step.Outcome.DRIFTED, policyKl, proposalKl);
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
            policy.copyFrom(proposal);
            adam.reset();
            learningRateScale /= 2;
        } else if (config.onDrift() == OnDrift.STOP) {
            stopped = true;
        }
    }

    private static double loss(double[] coefficient, double[] logPolicy) {
        double sum = 0;
        for (int i = 0; i < coefficient.length; i++) {
            // Where c is 0, log π need not be known.
            if (coefficient[i] != 0) sum -= coefficient[i] * logPolicy[i];
        }
        return sum / coefficient.length;
    }

    /** Whether {@link TrainingConfig#steps} have been made, or a drift ended the run. */
    public boolean isFinished() {
        return stopped || steps >= config.steps();
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

    /** Log of the running mean of w, nats. */
    public double logZ() {
        return partition.logMean();
    }

    /** π; changes with every step, closed with the trainer. */
    public CausalLanguageModel policy() {
        return policy;
    }

    /** q; the base model until the first update. */
    public CausalLanguageModel proposal() {
        return proposal;
    }

    @Override
    public void close() {
        adam.close();
        features.close();
        if (proposal != base && proposal != policy) proposal.close();
        policy.close();
    }
}
