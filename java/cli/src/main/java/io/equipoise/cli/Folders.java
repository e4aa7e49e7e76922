package io.equipoise.cli;

import java.io.IOException;
import java.nio.file.Files;
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
