package io.equipoise.model;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Tells one model folder from another by what decides about its output. */
public final class ModelDigest {
    private ModelDigest() {}

    /**
     * SHA-256 over names and contents of {@code config.json}, {@code tokenizer.json} and all safetensors, in the order of their
     * names, as hexadecimal digits.
     */
    public static String of(Path folder) throws IOException {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
        try (var files = Files.list(folder)) {
            for (var file : files.filter(ModelDigest::decides).sorted().toList()) {
                digest.update((file.getFileName() + "\n" + Files.size(file) + "\n").getBytes(StandardCharsets.UTF_8));
                update(digest, file);
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static boolean decides(Path file) {
        String name = String.valueOf(file.getFileName());
        return name.equals("config.json") || name.equals("tokenizer.json") || name.endsWith(".safetensors");
    }

    private static void update(MessageDigest digest, Path file) throws IOException {
        var buffer = new byte[1 << 16];
        try (var stream = Files.newInputStream(file)) {
            for (int count = stream.read(buffer); count >= 0; count = stream.read(buffer)) {
                digest.update(buffer, 0, count);
            }
        }
    }
}
