package io.equipoise.files;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Reads whole files of at most so many bytes, so that a file can't fill the memory, whatever its size is said to be. */
public final class BoundedFile {
    /** Bytes that a text of people's own writing may have: configurations, lists of words, prompts. */
    public static final int LARGEST_TEXT = 16 << 20;

    private BoundedFile() {}

    /**
     * The bytes of a file.
     *
     * @param most how many there may be
     * @throws IOException when it can't be read or has more; its message says why, and not which file
     */
    public static byte[] bytes(Path file, int most) throws IOException {
        try (var stream = Files.newInputStream(file)) {
            byte[] bytes = stream.readNBytes(most);
            if (stream.read() < 0) return bytes;
        } catch (NoSuchFileException e) {
            throw new IOException("there is no such file", e);
        } catch (AccessDeniedException e) {
            throw new IOException("its permissions forbid it", e);
        }
        throw new IOException("it has more than " + most + " bytes");
    }

    /**
     * A UTF-8 text.
     *
     * @param most how many bytes there may be
     * @throws IOException as for bytes, and when it is not UTF-8
     */
    public static String text(Path file, int most) throws IOException {
        try {
            // Unlike String's constructor, which would put replacement characters, a new decoder reports what is
            // malformed.
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes(file, most)))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new IOException("it is not UTF-8", e);
        }
    }
}
