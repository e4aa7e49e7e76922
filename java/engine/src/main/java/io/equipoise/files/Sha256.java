package io.equipoise.files;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256 over files of any size, piece by piece. */
public final class Sha256 {
    private final MessageDigest digest;

    public Sha256() {
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /** Of one file's content, as {@link #hex}. */
    public static String of(Path file) throws IOException {
        return new Sha256().add(file).hex();
    }

    public Sha256 add(byte[] bytes) {
        digest.update(bytes);
        return this;
    }

    /** Goes on with a text, in UTF-8. */
    public Sha256 add(String text) {
        return add(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Goes on with a file's content. */
    public Sha256 add(Path file) throws IOException {
        var buffer = new byte[1 << 16];
        try (var stream = Files.newInputStream(file)) {
            for (int count = stream.read(buffer); count >= 0; count = stream.read(buffer)) {
                digest.update(buffer, 0, count);
            }
        }
        return this;
    }

    /** 64 hexadecimal digits of all that was added; it begins anew. */
    public String hex() {
        return HexFormat.of().formatHex(digest.digest());
    }
}
