package io.equipoise.cli;

import io.equipoise.InvalidInputException;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.function.Predicate;
import org.bytedeco.javacpp.Loader;

/** The folder that native libraries are unpacked into. */
final class NativeLibraries {
    private static final Set<PosixFilePermission> PROGRAM = PosixFilePermissions.fromString("rwx------");

    private NativeLibraries() {}

    /**
     * Checks that they can be run from there: the loader's own words about that don't say why.
     *
     * @throws InvalidInputException if they can't
     */
    static void requireRunnable() throws IOException {
        requireRunnable(Loader.getCacheDir().toPath(), Files::isExecutable);
    }

    /** @param isExecutable of a file that its owner may execute */
    static void requireRunnable(Path folder, Predicate<Path> isExecutable) {
        if (File.separatorChar == '\\') return;
        try {
            var program = Files.createTempFile(folder, ".program", "", PosixFilePermissions.asFileAttribute(PROGRAM));
            try {
                // On a file system that is mounted noexec the system calls nothing executable.
                if (isExecutable.test(program)) return;
            } finally {
                Files.delete(program);
            }
        } catch (IOException e) {
            // What is there already may do; if not, whoever unpacks the rest says what it lacks.
            return;
        }
        throw new InvalidInputException("native libraries can't be run from " + folder
                + " (mounted noexec?); name another folder with EQUIPOISE_CACHE");
    }
}
