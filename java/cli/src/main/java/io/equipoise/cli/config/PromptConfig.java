package io.equipoise.cli.config;

import io.equipoise.model.PretrainedModel;
import io.equipoise.sampling.PromptFile;
import io.equipoise.sampling.Prompts;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The prompts that a model's texts go on from.
 *
 * @param file as {@link PromptFile} has it
 * @param inFeatures whether features are scored on prompt and text, rather than on the text alone
 */
public record PromptConfig(Path file, boolean inFeatures) {
    private static final Logger LOG = LoggerFactory.getLogger(PromptConfig.class);

    /** The engine's own, for a model; warns of what is hardly meant. */
    public Prompts prompts(PretrainedModel model) {
        var read = PromptFile.read(file);
        read.warnings().forEach(LOG::warn);
        return Prompts.of(read.texts(), model, inFeatures);
    }
}
