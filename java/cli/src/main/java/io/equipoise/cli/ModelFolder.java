package io.equipoise.cli;

import io.equipoise.InvalidInputException;
import io.equipoise.cli.config.RunConfig;
import io.equipoise.files.UserPath;
import io.equipoise.model.ModelFormatException;
import io.equipoise.model.PretrainedModel;
import io.equipoise.training.CheckpointFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What users may point at where a model is wanted: the embedded one, a model folder, a checkpoint, a whole run. */
final class ModelFolder {
    private static final Logger LOG = LoggerFactory.getLogger(ModelFolder.class);

    private ModelFolder() {}

    /** @throws ModelFormatException when there is nothing of the kind */
    static Path of(String model) throws IOException {
        if (model.equals(RunConfig.EMBEDDED)) return EmbeddedModel.folder();
        var folder = UserPath.of(model);
        if (!Files.isDirectory(folder)) {
            throw new ModelFormatException("no model folder " + folder + "; give the path of a folder with config.json,"
                    + " model.safetensors and tokenizer.json, or the word " + RunConfig.EMBEDDED);
        }
        if (Files.exists(folder.resolve("config.json"))) return folder;
        var checkpoint = lastCheckpoint(folder).orElse(folder);
        return Files.isDirectory(checkpoint.resolve("policy")) ? checkpoint.resolve("policy") : folder;
    }

    /** @throws InvalidInputException if a policy's texts can't be those of the base model */
    static void requireSameVocabulary(PretrainedModel base, PretrainedModel policy) {
        int size = policy.model().config().vocabularySize();
        int wanted = base.model().config().vocabularySize();
        if (size != wanted) {
            throw new InvalidInputException("the policy's vocabulary has " + size + " tokens, the base model's "
                    + wanted + "; the policy must come from the same model");
        }
        policy.model().config().requireSameTexts(base.model().config());
    }

    /** The last whole checkpoint in a run folder; where the link to it is missing or broken, that is said. */
    static Optional<Path> lastCheckpoint(Path run) throws IOException {
        var folder = run.resolve("checkpoints");
        var link = folder.resolve("latest");
        var last = CheckpointFolder.latest(folder);
        if (last.isPresent() && !Files.isDirectory(link)) {
            LOG.warn(
                    "{}; taking the newest checkpoint, {}",
                    Files.isSymbolicLink(link)
                            ? link + " points to " + Files.readSymbolicLink(link) + ", which is not there"
                            : "there is no link " + link,
                    last.get());
        }
        return last;
    }
}
