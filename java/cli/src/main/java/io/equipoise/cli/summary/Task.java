package io.equipoise.cli.summary;

import io.equipoise.cli.config.ConfigReader;
import io.equipoise.cli.config.ConfigSource;
import io.equipoise.cli.config.ConstraintConfig;
import java.nio.file.Path;
import java.util.List;

/**
 * One of the tasks.
 *
 * @param name of its file in {@code tasks/}, without its ending
 * @param constraints what is wished for
 * @param batchSize its own
 */
record Task(String name, List<ConstraintConfig> constraints, int batchSize) {
    Task {
        constraints = List.copyOf(constraints);
    }

    static Task read(Path folder, String name) {
        var config = ConfigReader.read(ConfigSource.read(folder.resolve("tasks").resolve(name + ".yaml")));
        return new Task(name, config.constraints(), config.training().batchSize());
    }

    /** Whether every text must satisfy every constraint; otherwise some are about shares of the texts. */
    boolean isPointwise() {
        return constraints.stream().allMatch(ConstraintConfig::pointwise);
    }

    /** By which users name it. */
    String number() {
        return name.replaceFirst("^0*(\\d+).*", "$1");
    }

    /** Its number and words: {@code 1 rare word}. */
    String label() {
        return name.replaceFirst("^0+", "").replace('-', ' ');
    }
}
