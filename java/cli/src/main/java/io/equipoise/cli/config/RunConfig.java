package io.equipoise.cli.config;

import io.equipoise.InvalidInputException;
import io.equipoise.model.Precision;
import io.equipoise.model.PretrainedModel;
import io.equipoise.sampling.Prompts;
import io.equipoise.target.Constraint;
import io.equipoise.training.TrainingConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Everything that a run is told, defaults filled in.
 *
 * @param name of the configuration, for the default run folder
 * @param model the path of a model folder, or {@link #EMBEDDED}
 * @param precision what the model's products are computed in
 * @param prompts that texts go on from; empty for texts from the beginning
 * @param output the run folder; empty for a new one under {@code runs/}
 * @param checkpointEvery steps between two checkpoints; 0 makes only the last
 * @param keepLast how many of the last checkpoints are kept
 * @param keepBest whether that of the least KL(p‖π) is kept too
 */
public record RunConfig(
        String name,
        String model,
        Precision precision,
        List<ConstraintConfig> constraints,
        TrainingConfig training,
        Optional<PromptConfig> prompts,
        EvaluationConfig evaluation,
        Optional<Path> output,
        int checkpointEvery,
        int keepLast,
        boolean keepBest) {
    /** The word for the model that comes with Equipoise. */
    public static final String EMBEDDED = "embedded";

    public RunConfig {
        constraints = List.copyOf(constraints);
        if (checkpointEvery < 0) {
            throw new InvalidInputException("checkpointEvery must be >= 0, got " + checkpointEvery);
        }
        if (keepLast < 1) throw new InvalidInputException("keepLast must be >= 1, got " + keepLast);
        if (evaluation.seed() == training.seed()) {
            throw new InvalidInputException("evaluation.seed must differ from training.seed, both are "
                    + training.seed() + ": the samples would be those that the model was trained on");
        }
    }

    /** The constraints as the engine has them. */
    public List<Constraint> engineConstraints() {
        return constraints.stream().map(ConstraintConfig::constraint).toList();
    }

    /** The prompts as the engine has them, for the configuration's model. */
    public Prompts enginePrompts(PretrainedModel base) {
        return prompts.map(each -> each.prompts(base)).orElse(Prompts.NONE);
    }

    /** The same with another run folder. */
    public RunConfig withOutput(Path folder) {
        return new RunConfig(
                name,
                model,
                precision,
                constraints,
                training,
                prompts,
                evaluation,
                Optional.of(folder),
                checkpointEvery,
                keepLast,
                keepBest);
    }
}
