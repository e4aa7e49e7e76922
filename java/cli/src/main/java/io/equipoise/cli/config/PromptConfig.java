package io.equipoise.cli.config;

import io.equipoise.model.PretrainedModel;
import io.equipoise.sampling.Prompts;
import java.nio.file.Path;

/**
 * The prompts that a model's texts go on from.
 *
 * @param file UTF-8, one a line
 * @param inFeatures whether features are scored on prompt and text, rather than on the text alone
 */
public record PromptConfig(Path file, boolean inFeatures) {
    /** The engine's own, for a model. */
    public Prompts prompts(PretrainedModel model) {
        return Prompts.of(Prompts.read(file), model, inFeatures);
    }
}
