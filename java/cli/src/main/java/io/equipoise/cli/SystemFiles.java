package io.equipoise.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What Linux tells of itself in files; nothing on other systems. */
final class SystemFiles {
    private SystemFiles() {}

    static List<String> lines(String file) {
        try {
            return Files.readAllLines(Path.of(file));
        } catch (IOException e) {
            return List.of();
        }
    }

    /** Files of this name one folder below. */
    static List<String> below(String folder, String name) {
        try (var entries = Files.list(Path.of(folder))) {
            return entries.map(entry -> entry.resolve(name).toString()).sorted().toList();
        } catch (IOException e) {
            return List.of();
        }
    }
}
