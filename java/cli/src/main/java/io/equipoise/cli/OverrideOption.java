package io.equipoise.cli;

import io.equipoise.cli.config.ConfigSource;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** {@code --set}, of the commands that read a configuration. */
final class OverrideOption {
    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "Override a value by dotted path, such as training.steps=5.")
    private List<String> assignments = new ArrayList<>();

    /** The dotted paths that were given. */
    List<String> keys() {
        return assignments.stream()
                .map(assignment -> assignment.split("=", 2)[0].strip())
                .toList();
    }

    /** Overrides what was given, in that order. */
    void apply(ConfigSource source) {
        assignments.forEach(source::override);
    }
}
