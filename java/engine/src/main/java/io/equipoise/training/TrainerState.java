package io.equipoise.training;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.equipoise.InvalidInputException;
import java.util.Map;

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

    /**
     * Checks that a trainer that has made no step can become this one.
     *
     * @throws InvalidInputException that says what differs
     */
    void requireLike(TrainerState fresh) {
        var json = new JsonMapper();
        ObjectNode mine = json.valueToTree(config);
        ObjectNode other = json.valueToTree(fresh.config);
        for (var field : mine.properties()) {
            // What to do about a NaN may be decided after one.
            if (field.getKey().equals("onNan") || field.getValue().equals(other.get(field.getKey()))) continue;
            throw new InvalidInputException("the checkpoint was made with training." + field.getKey() + " = "
                    + field.getValue() + ", got " + other.get(field.getKey())
                    + "; a run can only go on with the configuration it began with");
        }
        if (lambda.equals(fresh.lambda)) return;
        throw new InvalidInputException("the checkpoint has lambda " + lambda + ", this run found " + fresh.lambda
                + "; a run can only go on with the constraints, the word lists, the prompts, the base model, the device and the"
                + " kernels that it began with");
    }
}
