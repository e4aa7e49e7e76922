package io.equipoise.training;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.equipoise.files.Sha256;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** {@code manifest.json}: size and SHA-256 of every other file of a checkpoint, so that what was damaged since is found out. */
final class CheckpointManifest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final int FORMAT = 1;
    private static final String NAME = "manifest.json";

    private CheckpointManifest() {}

    /** Writes it for the files that are there. */
    static void write(Path folder) throws IOException {
        var manifest = JSON.createObjectNode();
        manifest.put("format", FORMAT);
        var files = manifest.putObject("files");
        try (var paths = Files.walk(folder)) {
            for (var path : paths.filter(Files::isRegularFile).sorted().toList()) {
                var file = files.putObject(folder.relativize(path)
                        .toString()
                        .replace(path.getFileSystem().getSeparator(), "/"));
                file.put("bytes", Files.size(path));
                file.put("sha256", Sha256.of(path));
            }
        }
        Files.writeString(
                folder.resolve(NAME), JSON.writerWithDefaultPrettyPrinter().writeValueAsString(manifest) + "\n");
    }

    /** @throws CheckpointException unless every file is as it was written */
    static void check(Path folder) {
        var name = folder.resolve(NAME);
        if (!Files.isRegularFile(name)) {
            throw new CheckpointException(
                    folder + " has no " + NAME + ": not a checkpoint that a run can go on from; name another");
        }
        try {
            var manifest = JSON.readTree(name.toFile());
            if (manifest.path("format").asInt() != FORMAT) {
                throw new CheckpointException(name + " has format " + manifest.path("format") + ", wanted " + FORMAT
                        + "; resume with the version that wrote it");
            }
            for (var file : manifest.path("files").properties()) check(folder, file.getKey(), file.getValue());
        } catch (IOException e) {
            throw new CheckpointException("can't read the checkpoint " + folder + ": " + e + advice(folder), e);
        }
    }

    private static void check(Path folder, String name, JsonNode wanted) throws IOException {
        var file = folder.resolve(name).normalize();
        if (!file.startsWith(folder.normalize())) throw new CheckpointException(folder + " names the file " + name);
        if (!Files.isRegularFile(file)) throw new CheckpointException(file + " is missing" + advice(folder));
        long bytes = wanted.path("bytes").asLong();
        if (Files.size(file) != bytes) {
            throw new CheckpointException(
                    file + " has " + Files.size(file) + " bytes, was written with " + bytes + advice(folder));
        }
        String digest = Sha256.of(file);
        if (!digest.equals(wanted.path("sha256").asText())) {
            throw new CheckpointException(file + " has SHA-256 " + digest + ", was written with "
                    + wanted.path("sha256").asText() + advice(folder));
        }
    }

    private static String advice(Path folder) {
        return ": the checkpoint is damaged; restore it, or delete " + folder.getFileName()
                + " and make the link checkpoints/latest point to another";
    }
}
