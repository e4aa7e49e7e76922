package io.equipoise.training;

import io.equipoise.metrics.Divergences;
import io.equipoise.model.CausalLanguageModel;
import io.equipoise.model.PretrainedModel;
import io.equipoise.model.TextDecoder;
import io.equipoise.target.Constraint;
import io.equipoise.target.EnergyBasedTarget;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Moves a policy π, at first a copy of the base model, towards the target p. Each {@link #step} samples from the
 * proposal q, weighs, adds up the gradient, updates π, and every so often compares π with q.
 *
 * <p>For one thread at a time: what changes it, {@link #close} included, throws an {@link IllegalStateException} if another
 * thread is changing it. {@link #policy()} may be read by others between two steps, not during one. The base model is only
 * read, may serve several trainers and whoever else at once, and stays the caller's.
 */
public final class Trainer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Trainer.class);

    private final TrainingConfig config;
    private final KlController controller;
    private final SequenceKernels kernels;
    private final EnergyBasedTarget target;
    private final Map<String, Double> baseMoments;
    private final TrainerParts parts;
    private final WeightWarnings warnings;
    private final OneAtATime use = new OneAtATime("Trainer");

    Trainer(TrainingConfig config, SequenceKernels kernels, BaseSample sample, TrainerParts parts) {
        this.config = config;
        this.kernels = kernels;
        this.parts = parts;
        controller = new KlController(config.objectiveOptions());
        warnings = new WeightWarnings(config, LOG::warn);
        target = sample.target();
        baseMoments = sample.moments();
    }

    /**
     * Prepares a run: samples the base model, finds λ and a first Z.
     *
     * @throws io.equipoise.target.InfeasibleConstraintException when the constraints can't be met
     */
    public static Trainer create(PretrainedModel base, List<Constraint> constraints, TrainingConfig config) {
        return builder(base, constraints, config).create();
    }

    /** The same for a model whose tokens become text in another way. */
    public static Trainer create(
            CausalLanguageModel base, TextDecoder text, List<Constraint> constraints, TrainingConfig config) {
        return builder(base, text, constraints, config).create();
    }

    /** Prepares a run that has prompts, kernels or samples of its own. */
    public static TrainerBuilder builder(PretrainedModel base, List<Constraint> constraints, TrainingConfig config) {
        return builder(base.model(), base.tokenizer(), constraints, config);
    }

    /** The same for a model whose tokens become text in another way. */
    public static TrainerBuilder builder(
            CausalLanguageModel base, TextDecoder text, List<Constraint> constraints, TrainingConfig config) {
        return new TrainerBuilder(base, text, constraints, config);
    }

    /**
     * One step of training.
     *
     * @throws NonFiniteException with {@link OnNan#STOP}, where a number that must be finite isn't; with {@link OnNan#SKIP} only
     *     where the policy itself is damaged
     */
    public Step step() {
        return use.enter("step", this::next);
    }

    private Step next() {
        if (isFinished()) throw new IllegalStateException("the run has ended after " + parts.steps + " steps");
        var before = parts.state();
        var clock = new PhaseClock();
        try {
            return step(clock);
        } catch (ArithmeticException notFinite) {
            return undo(before, clock, notFinite);
        }
    }

    private Step undo(TrainerState before, PhaseClock clock, ArithmeticException notFinite) {
        boolean changed = parts.adam.steps() != before.adamSteps();
        // Until the policy has moved the update has only looked at the gradient.
        String phase = clock.phase().equals("update") && !changed ? "gradient" : clock.phase();
        var failure = new NonFiniteException(before.step() + 1, phase, !changed, notFinite);
        long adamSteps = parts.adam.steps();
        if (!changed) parts.restore(before);
        if (config.onNan() == OnNan.STOP || (changed && !Double.isFinite(parts.policy.weightNorm()))) throw failure;
        LOG.warn("{}; onNan: skip, the step is left out", failure.getMessage());
        parts.restore(before);
        parts.adam.restore(adamSteps);
        parts.steps++;
        parts.skipped++;
        parts.batches.skip();
        double learningRate = parts.learningRate();
        clock.next(phase);
        return Step.leftOut(
                parts.steps,
                logZ(),
                parts.batches.partition().withoutWeight().length,
                Moments.desired(parts.correction.aim().constraints()),
                KlController.beta(parts.objective),
                learningRate,
                parts.skipped,
                clock.seconds());
    }

    private Step step(PhaseClock clock) {
        parts.steps++;
        var batch = parts.batches.next(
                parts.proposal.model(),
                parts.correction.aim(),
                parts.gradient.functions(),
                parts.gradient.scoresWeightless(parts.steps),
                clock);
        var rollout = batch.rollout();
        double logAimZ = parts.batches.partition().remaining() + parts.correction.logZRatio();

        parts.policy.parameters().gradient().clear();
        var outcome = parts.ppo.isPresent()
                ? parts.gradient.none(rollout, parts.objective, logAimZ)
                : parts.gradient.accumulate(
                        rollout, parts.objective, logAimZ, batch.first(), parts.gradient.measures(parts.steps));
        double[] logPolicy = outcome.logPolicy();
        double[] coefficient = kernels.coefficients(outcome.coefficients(), logPolicy);
        int overflows = BatchCoefficients.limit(coefficient);
        var energies = parts.batches.energies(rollout, outcome.tokenLogPolicy());
        clock.next("update");

        double learningRate = parts.learningRate();
        var proximal = parts.ppo.map(each -> each.update(rollout, KlController.beta(parts.objective), learningRate));
        double gradientNorm = proximal.map(ProximalPolicyUpdate.Outcome::gradientNorm)
                .orElseGet(() -> parts.ascend(rollout, coefficient, learningRate));
        double weightNorm = parts.policy.weightNorm();
        if (!Double.isFinite(weightNorm)) {
            throw new ArithmeticException(
                    "the policy's weights are not finite after the update; lower learningRate (" + learningRate + ")");
        }
        parts.requireTogether(weightNorm);
        parts.proposal.keep(rollout, logPolicy);
        var aim = Moments.desired(parts.correction.aim().constraints());
        var check = parts.steps % config.checkEvery() == 0 ? check(logAimZ) : Step.Check.NONE;
        double beta = KlController.beta(parts.objective);
        var divergences = Divergences.of(energies.statistics());
        parts.objective = controller.next(parts.objective, divergences.klPolicyBase(), rollout.size());
        parts.klAverage = parts.klAverage.with(divergences.klTargetPolicy());
        warnings.look(parts.steps, rollout.size(), divergences.effectiveSampleSize(), overflows);
        clock.next("");
        return new Step(
                parts.steps,
                BatchCoefficients.loss(coefficient, logPolicy),
                logZ(),
                parts.batches.partition().withoutWeight().length,
                divergences,
                Moments.weighted(target.constraints(), rollout.phi(), energies.logRatio()),
                aim,
                outcome.coefficients().meanBaseline(coefficient, rollout.logTarget()),
                beta,
                gradientNorm,
                outcome.subsamplingVariance(),
                Diagnostics.of(coefficient, overflows, energies.logRatio(), outcome.meanSquaredNorm(), gradientNorm),
                learningRate,
                proximal.map(ProximalPolicyUpdate.Outcome::numbers),
                check,
                parts.skipped,
                batch.tokens(),
                clock.seconds());
    }

    /**
     * All that a later trainer needs in order to go on from here, copied: training may go on while it is written. It doesn't
     * tell how many ranks have made it. Where they divide the optimiser's state all must call it.
     *
     * @return the caller closes it
     */
    public Checkpoint checkpoint() {
        return use.enter("checkpoint", parts::checkpoint);
    }

    /**
     * Goes on from a checkpoint, to the bit. For a trainer that was created as the checkpoint's was, and has made no step. {@link
     * TrainingConfig#steps} may be another number, and {@link TrainingConfig#onNan} another choice: with {@link
     * Schedule#CONSTANT} the run is to the bit the one that had so many steps from the beginning; other schedules are from here on
     * those of the new length.
     *
     * @throws IllegalArgumentException if the checkpoint is of another configuration, other constraints or prompts, another
     *     model, or of kernels that compute other numbers
     */
    public void restore(Checkpoint checkpoint) {
        use.enter("restore", () -> {
            if (parts.steps > 0)
                throw new IllegalStateException("only a trainer that has made no step can be restored");
            checkpoint.state().requireLike(parts.state());
            parts.restore(checkpoint);
            int before = checkpoint.state().config().steps();
            if (before == config.steps()) return;
            LOG.info("the run now has {} steps, had {}", config.steps(), before);
            if (config.schedule() == Schedule.CONSTANT || isFinished()) return;
            LOG.info(
                    "schedule {}: from step {} on the learning rate is that of a run of {} steps, next {}",
                    config.schedule().name().toLowerCase(Locale.ROOT),
                    parts.steps + 1,
                    config.steps(),
                    parts.learningRate(parts.steps + 1));
        });
    }

    private Step.Check check(double logAimZ) {
        parts.correct();
        var check = parts.proposal.check(logAimZ, parts.objective.aimsAtTarget());
        if (check.outcome() == Step.Outcome.DRIFTED) onDrift(check.klTargetPolicy(), check.klTargetProposal());
        return check;
    }

    private void onDrift(double policyKl, double proposalKl) {
        LOG.warn(String.format(
                "step %d: the policy drifts: KL(p||policy) %.3f was above KL(p||proposal) %.3f at %d checks in a row (%s)",
                parts.steps,
                policyKl,
                proposalKl,
                config.driftChecks(),
                switch (config.onDrift()) {
                    case WARN -> "onDrift: warn; lower learningRate or raise batchSize";
                    case ROLLBACK -> "onDrift: rollback; back to the proposal at half the learning rate";
                    case STOP -> "onDrift: stop";
                }));
        if (config.onDrift() == OnDrift.ROLLBACK) {
            parts.rollback();
        } else if (config.onDrift() == OnDrift.STOP) {
            parts.stopped = true;
        }
    }

    /** Whether {@link TrainingConfig#steps} have been made, or a drift ended the run. */
    public boolean isFinished() {
        return parts.stopped || parts.steps >= config.steps();
    }

    /** Steps made, those left out included. */
    public int steps() {
        return parts.steps;
    }

    /** Whether {@link OnDrift#STOP} ended the run before its last step. */
    public boolean isStoppedByDrift() {
        return parts.stopped;
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
        return parts.batches.partition().logZ();
    }

    /**
     * Log of the running mean of w over the sequences that go on from one prompt, nats; −∞ while all had P = 0.
     *
     * @param prompt from 0, as the prompts are listed
     */
    public double logZ(int prompt) {
        return parts.batches.partition().logZ(prompt);
    }

    /** π; changes with every step, closed with the trainer. */
    public CausalLanguageModel policy() {
        return parts.policy;
    }

    /** q; the base model until the first update. */
    public CausalLanguageModel proposal() {
        return parts.proposal.model();
    }

    @Override
    public void close() {
        use.enter("close", parts::close);
    }
}
