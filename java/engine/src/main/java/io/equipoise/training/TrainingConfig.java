package io.equipoise.training;

import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import io.equipoise.InvalidInputException;
import io.equipoise.kernels.AdamRule;
import io.equipoise.kernels.Truncation;
import io.equipoise.objective.Objective;
import io.equipoise.sampling.SamplerConfig;
import io.equipoise.target.Constraint;
import java.util.List;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Everything a training run is told. {@link TrainingConfigBuilder} holds the defaults.
 *
 * @param objective one of {@link ObjectiveOptions#OBJECTIVES}
 * @param objectiveOptions what it wants to be told besides
 * @param onPolicy sample from π itself instead of a proposal
 * @param normalize divide the coefficients by Z
 * @param controlVariates for {@code gdc} and {@code gdc++}: take from each token's coefficient what is known to average out: the same expected gradient,
 *     less noise
 * @param momentCorrection share of what the policy's moments fall short by that is added, at every check, to the moments aimed
 *     at; 0 always aims at those desired
 * @param gradientSubsampling share of a batch that is run backward, in expectation: those that weigh most are the likeliest,
 *     and no expectation changes; 1 is everything
 * @param diagnosticsEvery at the first step and every so many later, log π and log a of every sequence are computed; at the
 *     others not of those whose coefficients are 0 whatever π is, and what would need them isn't reported
 * @param gradientDiagnosticsEvery at the first step and every so many later, the variance of the gradient is measured; 0: never
 * @param gradientDiagnostics how
 * @param steps batches sampled; an optimiser step each, of {@code ppo} several
 * @param batchSize B, sequences a step
 * @param promptsPerStep how many prompts these go on from, batchSize/promptsPerStep from each; with one prompt or none not
 *     looked at
 * @param microBatch sequences run forward and backward at once; memory and speed only
 * @param maxTokens the most tokens generated a sequence, EOS included
 * @param fixedLength goes on through EOS until maxTokens
 * @param momentSamples samples of the base model on which λ and the first Z are estimated; as many of every prompt
 * @param learningRate Adam's, after warm-up
 * @param schedule how it falls
 * @param warmupSteps over which it rises from 0
 * @param beta1 Adam's
 * @param beta2 Adam's
 * @param epsilon Adam's
 * @param weightDecay AdamW's, on matrices; 0 is Adam
 * @param gradientClip largest norm of the accumulated gradient; 0 doesn't clip
 * @param trainable regular expression: the parameters (by name, anywhere in it) that move
 * @param proposalUpdate when q ← π
 * @param checkEvery steps between two checks for that
 * @param onDrift what to do when π has become worse than q
 * @param driftChecks how many checks in a row make a drift
 * @param onNan what to do at a step in which a number that must be finite isn't
 * @param warnBelowSampleSize effective sample size of a step's weights below which the run warns, once; 0: never
 * @param seed of every random number
 */
@JsonDeserialize(builder = TrainingConfigBuilder.class)
public record TrainingConfig(
        String objective,
        ObjectiveOptions objectiveOptions,
        boolean onPolicy,
        boolean normalize,
        boolean controlVariates,
        double momentCorrection,
        double gradientSubsampling,
        int diagnosticsEvery,
        int gradientDiagnosticsEvery,
        GradientDiagnostics gradientDiagnostics,
        int steps,
        int batchSize,
        int promptsPerStep,
        int microBatch,
        int maxTokens,
        boolean fixedLength,
        int momentSamples,
        double learningRate,
        Schedule schedule,
        int warmupSteps,
        double beta1,
        double beta2,
        double epsilon,
        double weightDecay,
        double gradientClip,
        String trainable,
        ProposalUpdate proposalUpdate,
        int checkEvery,
        OnDrift onDrift,
        int driftChecks,
        OnNan onNan,
        double warnBelowSampleSize,
        long seed) {
    /** Small training batches don't make for small decoding batches where there is more to sample. */
    private static final int DECODED_TOGETHER = 256;

    public TrainingConfig {
        atLeast("diagnosticsEvery", diagnosticsEvery, 1);
        atLeast("gradientDiagnosticsEvery", gradientDiagnosticsEvery, 0);
        atLeast("steps", steps, 1);
        atLeast("batchSize", batchSize, 1);
        atLeast("promptsPerStep", promptsPerStep, 1);
        atLeast("microBatch", microBatch, 1);
        atLeast("maxTokens", maxTokens, 1);
        atLeast("momentSamples", momentSamples, 2);
        atLeast("checkEvery", checkEvery, 1);
        atLeast("driftChecks", driftChecks, 1);
        atLeast("warmupSteps", warmupSteps, 0);
        if (!(learningRate > 0)) throw new InvalidInputException("learningRate must be > 0, got " + learningRate);
        new AdamRule(learningRate, beta1, beta2, epsilon, weightDecay, 1);
        if (!(warnBelowSampleSize >= 0)) {
            throw new InvalidInputException(
                    "warnBelowSampleSize must be >= 0 (0 never warns), got " + warnBelowSampleSize);
        }
        if (!(gradientClip >= 0)) {
            throw new InvalidInputException("gradientClip must be >= 0 (0 doesn't clip), got " + gradientClip);
        }
        if (!(momentCorrection >= 0 && momentCorrection <= 1)) {
            throw new InvalidInputException("momentCorrection must be in [0, 1], 0 for none, got " + momentCorrection);
        }
        if (!(gradientSubsampling > 0 && gradientSubsampling <= 1)) {
            throw new InvalidInputException(
                    "gradientSubsampling must be in (0, 1], 1 for everything, got " + gradientSubsampling);
        }
        if (diagnosticsEvery > 1 && (proposalUpdate == ProposalUpdate.TVD || momentCorrection > 0)) {
            throw new InvalidInputException("diagnosticsEvery must be 1 with proposalUpdate tvd or momentCorrection,"
                    + " whose checks need every sequence of every step, got " + diagnosticsEvery);
        }
        if (isPpo(objective))
            objectiveOptions.requirePpo(onPolicy, batchSize, gradientSubsampling, gradientDiagnosticsEvery);
        var wanted = objectiveOptions.objective(objective, onPolicy, normalize);
        boolean checksDistance = proposalUpdate == ProposalUpdate.KL || proposalUpdate == ProposalUpdate.TVD;
        if (!wanted.aimsAtTarget() && !onPolicy && checksDistance) {
            throw new InvalidInputException("proposalUpdate kl and tvd wait for the policy to come nearer to the"
                    + " target, which objective " + objective + " doesn't aim at; set onPolicy: true (usual) or"
                    + " proposalUpdate: interval");
        }
        if (!wanted.aimsAtTarget() && momentCorrection > 0) {
            throw new InvalidInputException("momentCorrection must be 0 with objective " + objective
                    + ", which doesn't aim at the moments, got " + momentCorrection);
        }
        try {
            Pattern.compile(trainable);
        } catch (PatternSyntaxException e) {
            throw new InvalidInputException("trainable is not a regular expression: " + e.getMessage(), e);
        }
    }

    /**
     * Checks that a run with so many prompts makes sense.
     *
     * @param prompts C; a run without any has one
     * @throws InvalidInputException that begins with the name of what must be another
     */
    public void requirePossible(int prompts) {
        if (prompts == 1) return;
        if (batchSize % promptsPerStep != 0) {
            throw new InvalidInputException("promptsPerStep must divide batchSize, so that every prompt of a step has"
                    + " as many sequences, got " + promptsPerStep + " for " + batchSize);
        }
        if (!normalize) {
            throw new InvalidInputException("normalize must be true with prompts: without it a prompt would count the"
                    + " less the harder its constraints are");
        }
        if (momentCorrection > 0) {
            throw new InvalidInputException("momentCorrection must be 0 with prompts, got " + momentCorrection
                    + ": it knows one Z, not one a prompt");
        }
    }

    /**
     * Checks that the objective has a meaning with these constraints.
     *
     * @throws InvalidInputException if one is pointwise and the objective takes log P of every text
     */
    void requireMeaning(List<Constraint> constraints) {
        if (objectiveFunction().allowsZeros()) return;
        for (var constraint : constraints) {
            if (!constraint.pointwise()) continue;
            throw new InvalidInputException("objective " + objective + " as configured has no meaning with the"
                    + " pointwise constraint '" + constraint.name()
                    + "': it takes log P of texts where P = 0; use gdc++,"
                    + " f-dpg with divergence kl, tv, js or chi2, or a moment below 1");
        }
    }

    private static void atLeast(String name, int value, int least) {
        if (value < least) throw new InvalidInputException(name + " must be >= " + least + ", got " + value);
    }

    /** Whether batches are trained on by proximal policy optimisation rather than in one optimiser step. */
    boolean isPpo() {
        return isPpo(objective);
    }

    private static boolean isPpo(String objective) {
        return objective.equals("ppo");
    }

    /** The objective by its formula. */
    public Objective objectiveFunction() {
        return objectiveOptions.objective(objective, onPolicy, normalize);
    }

    /** How training draws its samples; with another seed, how an evaluation should. */
    public SamplerConfig sampling() {
        return new SamplerConfig(1, maxTokens, Truncation.NONE, fixedLength, decodedTogether(batchSize), seed);
    }

    /** How many sequences are decoded at once, outside of steps as in them. */
    static int decodedTogether(int batchSize) {
        return Math.max(batchSize, DECODED_TOGETHER);
    }

    /** Starts from the defaults. */
    public static TrainingConfigBuilder builder() {
        return new TrainingConfigBuilder();
    }
}
