package io.equipoise.cli;

import io.equipoise.cli.config.ConfigException;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;

/** Whole folders at once. */
final class Folders {
    private Folders() {}

    static void delete(Path folder) throws IOException {
        try (var paths = Files.walk(folder)) {
            for (var path : paths.sorted(Comparator.reverseOrder()).toList()) Files.delete(path);
        }
    }

    /**
     * Makes a folder and those that it is in.
     *
     * @param made gets those that were not there, the innermost first
     * @throws ConfigException if that can't be done
     */
    static void make(Path folder, List<Path> made) {
        var parent = folder.getParent();
        if (parent != null && !Files.isDirectory(parent)) make(parent, made);
        if (!claim(folder, made) && !Files.isDirectory(folder)) {
            throw RunLock.notWritable(folder, new NotDirectoryException(folder.toString()));
        }
    }

    /**
     * Makes a folder in one that is there.
     *
     * @return whether it was not there, and so is this process's alone
     * @throws ConfigException if it can't be made
     */
    static boolean claim(Path folder, List<Path> made) {
        try {
            Files.createDirectory(folder);
        } catch (FileAlreadyExistsException e) {
            return false;
        } catch (IOException e) {
            throw RunLock.notWritable(folder, e);
        }
        made.add(0, folder);
        return true;
    }

    static void deleteIfEmpty(Path folder) throws IOException {
        try {
            Files.deleteIfExists(folder);
        } catch (DirectoryNotEmptyException e) {
            // Somebody else has put something there meanwhile.
        }
    }

    /** Whether a run may begin in it. */
    static boolean isEmptyOrAbsent(Path folder) throws IOException {
        if (!Files.exists(folder)) return true;
        if (!Files.isDirectory(folder)) return false;
        try (var entries = Files.list(folder)) {
            // A run that could not begin leaves these, and so does one that is about to.
            return entries.map(entry -> String.valueOf(entry.getFileName()))
                    .allMatch(List.of(RunLock.NAME, ".config.yaml.part")::contains);
        }
    }
}
