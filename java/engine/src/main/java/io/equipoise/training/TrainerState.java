package io.equipoise.training;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.equipoise.InvalidInputException;
import java.util.Map;
import java.util.Set;

/**
 * Everything of a {@link Trainer} that a step changes, tensors aside, and what it must be created with to go on. What follows from
 * configuration, base model and kernels alone (the base model's first samples, λ, features of prefixes) is made again instead.
 *
 * @param step steps made
 * @param seed of every random number
 * @param lambda λ by constraint
 * @param logZ for readers: it follows from {@code batches}
 * @param skipped steps left out
 * @param learningRateScale what drifts have left of the learning rate
 * @param stopped whether a drift ended the run
 * @param beta β; NaN for objectives without one
 * @param klAverage of KL(p‖π) by the steps' estimates
 * @param adamSteps steps that the optimiser has made since its last reset
 * @param variates {@code NONE} without control variates
 * @param ppo {@code NONE} of other objectives
 */
record TrainerState(
        int step,
        long seed,
        Map<String, Double> lambda,
        double logZ,
        TrainingConfig config,
        int skipped,
        double learningRateScale,
        boolean stopped,
        double beta,
        KlAverage klAverage,
        long adamSteps,
        Batches.State batches,
        Proposal.State proposal,
        MomentCorrection.State correction,
        ControlVariates.State variates,
        ProximalPolicyUpdate.State ppo) {

    /** What a run may be told anew when it goes on: how long it is, and what to do about a NaN. */
    private static final Set<String> MAY_CHANGE = Set.of("steps", "onNan");

    /**
     * Checks that a run configured like this can go on from here, as far as that shows before any model is sampled.
     *
     * @param constraints their names
     * @throws InvalidInputException that says what differs
     */
    void requireLike(TrainingConfig other, Set<String> constraints) {
        var json = new JsonMapper();
        ObjectNode mine = json.valueToTree(config);
        ObjectNode theirs = json.valueToTree(other);
        for (var field : mine.properties()) {
            String key = field.getKey();
            if (MAY_CHANGE.contains(key) || field.getValue().equals(theirs.get(key))) continue;
            throw new InvalidInputException("the checkpoint was made with training." + key + " = " + field.getValue()
                    + ", got " + theirs.get(key)
                    + "; a run can only go on with the configuration it began with, but for"
                    + " training.steps and training.onNan");
        }
        if (other.steps() < step) {
            throw new InvalidInputException("the checkpoint was made after step " + step + ", got training.steps = "
                    + other.steps() + "; give at least " + step + ", or go on from an earlier checkpoint");
        }
        if (stopped && other.steps() > config.steps()) {
            throw new InvalidInputException("a drift ended the run after step " + step + " (onDrift: stop), so"
                    + " training.steps = " + other.steps()
                    + " would add none; begin a new run with a lower learningRate"
                    + " or another onDrift");
        }
        if (!lambda.keySet().equals(constraints)) {
            throw new InvalidInputException("the checkpoint was made with the constraints " + lambda.keySet() + ", got "
                    + constraints + "; a run can only go on with the constraints it began with");
        }
    }

    /**
     * Checks that a trainer that has made no step can become this one.
     *
     * @throws InvalidInputException that says what differs
     */
    void requireLike(TrainerState fresh) {
        requireLike(fresh.config, fresh.lambda.keySet());
        if (lambda.equals(fresh.lambda)) return;
        throw new InvalidInputException("the checkpoint has lambda " + lambda + ", this run found " + fresh.lambda
                + "; a run can only go on with the constraints, the word lists, the prompts, the base model, the device and the"
                + " kernels that it began with");
    }
}
