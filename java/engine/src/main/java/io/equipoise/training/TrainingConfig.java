package io.equipoise.training;

import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import com.fasterxml.jackson.databind.annotation.JsonPOJOBuilder;
import io.equipoise.kernels.Truncation;
import io.equipoise.objective.Gdc;
import io.equipoise.objective.GdcPlusPlus;
import io.equipoise.objective.Objective;
import io.equipoise.sampling.SamplerConfig;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Everything a training run is told. {@link #builder()} starts from the defaults.
 *
 * @param objective {@code gdc} or {@code gdc++}
 * @param onPolicy sample from π itself instead of a proposal
 * @param normalize divide the coefficients by Z
 * @param controlVariates take from each token's coefficient what is known to average out: the same expected gradient,
 *     less noise
 * @param momentCorrection share of what the policy's moments fall short by that is added, at every check, to the moments aimed
 *     at; 0 always aims at those desired
 * @param gradientSubsampling share of a batch that is run backward, in expectation: those that weigh most are the likeliest,
 *     and no expectation changes; 1 is everything
 * @param steps optimiser steps
 * @param batchSize B, sequences a step
 * @param microBatch sequences run forward and backward at once; memory and speed only
 * @param maxTokens the most tokens generated a sequence, EOS included
 * @param fixedLength goes on through EOS until maxTokens
 * @param momentSamples samples of the base model on which λ and the first Z are estimated
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
 * @param seed of every random number
 */
@JsonDeserialize(builder = TrainingConfig.Builder.class)
public record TrainingConfig(
        String objective,
        boolean onPolicy,
        boolean normalize,
        boolean controlVariates,
        double momentCorrection,
        double gradientSubsampling,
        int steps,
        int batchSize,
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
        long seed) {
    /** Small training batches don't make for small decoding batches where there is more to sample. */
    private static final int DECODED_TOGETHER = 256;

    public TrainingConfig {
        atLeast("steps", steps, 1);
        atLeast("batchSize", batchSize, 1);
        atLeast("microBatch", microBatch, 1);
        atLeast("maxTokens", maxTokens, 1);
        atLeast("momentSamples", momentSamples, 2);
        atLeast("checkEvery", checkEvery, 1);
        atLeast("driftChecks", driftChecks, 1);
        atLeast("warmupSteps", warmupSteps, 0);
        if (!(learningRate > 0)) throw new IllegalArgumentException("learningRate must be > 0, got " + learningRate);
        if (!(gradientClip >= 0)) {
            throw new IllegalArgumentException("gradientClip must be >= 0 (0 doesn't clip), got " + gradientClip);
        }
        if (!(momentCorrection >= 0 && momentCorrection <= 1)) {
            throw new IllegalArgumentException(
                    "momentCorrection must be in [0, 1], 0 for none, got " + momentCorrection);
        }
        if (!(gradientSubsampling > 0 && gradientSubsampling <= 1)) {
            throw new IllegalArgumentException(
                    "gradientSubsampling must be in (0, 1], 1 for everything, got " + gradientSubsampling);
        }
        objective(objective, onPolicy, normalize);
        try {
            Pattern.compile(trainable);
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException("trainable is not a regular expression: " + e.getMessage(), e);
        }
    }

    private static void atLeast(String name, int value, int least) {
        if (value < least) throw new IllegalArgumentException(name + " must be >= " + least + ", got " + value);
    }

    private static Objective objective(String name, boolean onPolicy, boolean normalize) {
        return switch (name) {
            case "gdc" -> new Gdc(normalize);
            case "gdc++" -> new GdcPlusPlus(onPolicy, normalize);
            default -> throw new IllegalArgumentException("objective must be gdc or gdc++, got '" + name + "'");
        };
    }

    /** The objective by its formula. */
    public Objective objectiveFunction() {
        return objective(objective, onPolicy, normalize);
    }

    /** How training draws its samples; with another seed, how an evaluation should. */
    public SamplerConfig sampling() {
        int together = Math.max(batchSize, DECODED_TOGETHER);
        return new SamplerConfig(1, maxTokens, Truncation.NONE, fixedLength, together, seed);
    }

    /** Starts from the defaults. */
    public static Builder builder() {
        return new Builder();
    }

    /** Sets what differs from the defaults. */
    @JsonPOJOBuilder(withPrefix = "")
    public static final class Builder {
        private String objective = "gdc++";
        private boolean onPolicy = false;
        private boolean normalize = true;
        private boolean controlVariates = true;
        private double momentCorrection = 0;
        private double gradientSubsampling = 1;
        private int steps = 100;
        private int batchSize = 256;
        private int microBatch = 64;
        private int maxTokens = 40;
        private boolean fixedLength = false;
        private int momentSamples = 4096;
        private double learningRate = 1e-4;
        private Schedule schedule = Schedule.CONSTANT;
        private int warmupSteps = 0;
        private double beta1 = 0.9;
        private double beta2 = 0.999;
        private double epsilon = 1e-8;
        private double weightDecay = 0;
        private double gradientClip = 1;
        private String trainable = ".*";
        private ProposalUpdate proposalUpdate = ProposalUpdate.KL;
        private int checkEvery = 10;
        private OnDrift onDrift = OnDrift.ROLLBACK;
        private int driftChecks = 3;
        private long seed = 0;

        private Builder() {}

        public Builder objective(String value) {
            objective = value;
            return this;
        }

        public Builder onPolicy(boolean value) {
            onPolicy = value;
            return this;
        }

        public Builder normalize(boolean value) {
            normalize = value;
            return this;
        }

        public Builder controlVariates(boolean value) {
            controlVariates = value;
            return this;
        }

        public Builder momentCorrection(double value) {
            momentCorrection = value;
            return this;
        }

        public Builder gradientSubsampling(double value) {
            gradientSubsampling = value;
            return this;
        }

        public Builder steps(int value) {
            steps = value;
            return this;
        }

        public Builder batchSize(int value) {
            batchSize = value;
            return this;
        }

        public Builder microBatch(int value) {
            microBatch = value;
            return this;
        }

        public Builder maxTokens(int value) {
            maxTokens = value;
            return this;
        }

        public Builder fixedLength(boolean value) {
            fixedLength = value;
            return this;
        }

        public Builder momentSamples(int value) {
            momentSamples = value;
            return this;
        }

        public Builder learningRate(double value) {
            learningRate = value;
            return this;
        }

        public Builder schedule(Schedule value) {
            schedule = value;
            return this;
        }

        public Builder warmupSteps(int value) {
            warmupSteps = value;
            return this;
        }

        public Builder beta1(double value) {
            beta1 = value;
            return this;
        }

        public Builder beta2(double value) {
            beta2 = value;
            return this;
        }

        public Builder epsilon(double value) {
            epsilon = value;
            return this;
        }

        public Builder weightDecay(double value) {
            weightDecay = value;
            return this;
        }

        public Builder gradientClip(double value) {
            gradientClip = value;
            return this;
        }

        public Builder trainable(String value) {
            trainable = value;
            return this;
        }

        public Builder proposalUpdate(ProposalUpdate value) {
            proposalUpdate = value;
            return this;
        }

        public Builder checkEvery(int value) {
            checkEvery = value;
            return this;
        }

        public Builder onDrift(OnDrift value) {
            onDrift = value;
            return this;
        }

        public Builder driftChecks(int value) {
            driftChecks = value;
            return this;
        }

        public Builder seed(long value) {
            seed = value;
            return this;
        }

        /** The finished configuration, checked. */
        public TrainingConfig build() {
            return new TrainingConfig(
                    objective,
                    onPolicy,
                    normalize,
                    controlVariates,
                    momentCorrection,
                    gradientSubsampling,
                    steps,
                    batchSize,
                    microBatch,
                    maxTokens,
                    fixedLength,
                    momentSamples,
                    learningRate,
                    schedule,
                    warmupSteps,
                    beta1,
                    beta2,
                    epsilon,
                    weightDecay,
                    gradientClip,
                    trainable,
                    proposalUpdate,
                    checkEvery,
                    onDrift,
                    driftChecks,
                    seed);
        }
    }
}
