package io.equipoise.model;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;

/** What a clone without git-lfs leaves in the place of a large file: three lines of text that say which file it was. */
final class GitLfsPointer {
    private static final byte[] BEGINNING = "version https://git-lfs".getBytes(StandardCharsets.US_ASCII);

    /** Bytes of a file that tell whether it is one. */
    static final int BEGINNING_BYTES = BEGINNING.length;

    private GitLfsPointer() {}

    /** @param start the first {@link #BEGINNING_BYTES} of a file, or more, or all it has */
    static boolean is(byte[] start) {
        return start.length >= BEGINNING.length
                && Arrays.equals(start, 0, BEGINNING.length, BEGINNING, 0, BEGINNING.length);
    }

    /**
     * Names a pointer as what it is, before its text is taken for broken content.
     *
     * @throws ModelFormatException when the file is one
     */
    static void refuse(Path file, byte[] start) {
        if (!is(start)) return;
        throw new ModelFormatException(file + " is a Git LFS pointer, not the file that it stands for: the folder was"
                + " cloned without git-lfs; run git lfs install and git lfs pull in the folder, or download it again");
    }
}
