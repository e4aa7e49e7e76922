package io.equipoise.model;

import io.equipoise.files.Sha256;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;

/** Tells one model folder from another by what decides about its output. */
public final class ModelDigest {
    private static final Set<String> FILES = Set.of("config.json", "generation_config.json", "tokenizer.json");

    private ModelDigest() {}

    /**
     * SHA-256 over names and contents of {@code config.json}, {@code generation_config.json}, {@code tokenizer.json} and all
     * safetensors, in the order of their names, as hexadecimal digits.
     */
    public static String of(Path folder) throws IOException {
        var digest = new Sha256();
        try (var files = Files.list(folder)) {
            for (var file : files.filter(ModelDigest::decides).sorted().toList()) {
                digest.add(file.getFileName() + "\n" + Files.size(file) + "\n").add(file);
            }
        }
        return digest.hex();
    }

    private static boolean decides(Path file) {
        String name = String.valueOf(file.getFileName());
        return FILES.contains(name) || name.endsWith(".safetensors");
    }
}
