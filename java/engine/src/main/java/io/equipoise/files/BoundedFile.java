package io.equipoise.files;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;

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
     * A text of people's own writing: UTF-8, without the byte order mark that some editors put before it.
     *
     * @param most how many bytes there may be
     * @throws IOException as for bytes, and when it is not UTF-8; its message then names the line
     */
    public static String text(Path file, int most) throws IOException {
        byte[] bytes = bytes(file, most);
        if (startsWith(bytes, 0xFF, 0xFE) || startsWith(bytes, 0xFE, 0xFF)) {
            throw new IOException("its byte order mark says UTF-16; save it as UTF-8");
        }
        int start = startsWith(bytes, 0xEF, 0xBB, 0xBF) ? 3 : 0;
        // Unlike String's constructor, which would put replacement characters, a new decoder reports what is malformed.
        var decoder = StandardCharsets.UTF_8.newDecoder();
        var input = ByteBuffer.wrap(bytes, start, bytes.length - start);
        var output = CharBuffer.allocate(bytes.length - start);
        if (decoder.decode(input, output, true).isError()) {
            throw new IOException(String.format(
                    Locale.ROOT,
                    "it is not UTF-8: line %d has the byte 0x%02X, which is no character's; save it as UTF-8",
                    line(bytes, input.position()),
                    bytes[input.position()] & 0xFF));
        }
        for (int i = start; i < bytes.length; i++) {
            if (bytes[i] != 0) continue;
            throw new IOException("it is no text: line " + line(bytes, i)
                    + " has a NUL, as UTF-16 without a byte order mark does; save it as UTF-8");
        }
        return output.flip().toString();
    }

    private static boolean startsWith(byte[] bytes, int... mark) {
        if (bytes.length < mark.length) return false;
        for (int i = 0; i < mark.length; i++) if ((bytes[i] & 0xFF) != mark[i]) return false;
        return true;
    }

    /** The line, from 1, that a byte is in. */
    private static int line(byte[] bytes, int at) {
        int line = 1;
        for (int i = 0; i < at; i++) if (bytes[i] == '\n') line++;
        return line;
    }
}
