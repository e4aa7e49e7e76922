package io.equipoise.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.equipoise.cli.config.ConfigException;
import io.equipoise.cli.config.ConfigReader;
import io.equipoise.cli.config.ConfigSource;
import io.equipoise.cli.config.RunConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where runs go: nobody's folder is another's. */
class RunFolderTest {
    private static final LocalDateTime NOON = LocalDateTime.of(2026, 11, 23, 12, 0, 0);
    private static final String CONFIG =
            "model: embedded\nconstraints: [{name: female, feature: gender, is: female, moment: 0.5}]\n";

    @TempDir
    private Path temporary = Path.of("");

    private RunConfig config(Path output) {
        return ConfigReader.read(ConfigSource.parse(CONFIG, "my.yaml", temporary))
                .withOutput(output);
    }

    private Path unnamed() {
        return RunFolder.unnamed(temporary.resolve("runs"), "my", NOON, new ArrayList<>());
    }

    @Test
    void runsOfOneSecondAreNumbered() {
        var runs = temporary.resolve("runs");
        assertThat(unnamed()).isEqualTo(runs.resolve("my-20261123-120000")).isEmptyDirectory();
        assertThat(unnamed()).isEqualTo(runs.resolve("my-20261123-120000-2")).isEmptyDirectory();
        assertThat(unnamed()).isEqualTo(runs.resolve("my-20261123-120000-3")).isEmptyDirectory();
    }

    @Test
    void manyAtOnceGetFoldersOfTheirOwn() throws Exception {
        int many = 8;
        var barrier = new CyclicBarrier(many);
        var threads = Executors.newFixedThreadPool(many);
        try {
            Callable<Path> claim = () -> {
                barrier.await();
                return unnamed();
            };
            var folders = new ArrayList<Path>();
            for (var future : threads.invokeAll(java.util.Collections.nCopies(many, claim))) folders.add(future.get());
            assertThat(folders).doesNotHaveDuplicates().allSatisfy(folder -> assertThat(folder)
                    .isDirectory());
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void aFileInTheWayIsRefused() throws IOException {
        Files.writeString(temporary.resolve("runs"), "mine");
        assertThatThrownBy(this::unnamed).isInstanceOf(ConfigException.class).hasMessageContaining("can't write into");
        assertThat(temporary.resolve("runs")).hasContent("mine");
    }

    @Test
    void isThereAtOnceAndNobodyElses() throws IOException {
        var path = temporary.resolve("a/b/run");
        try (var folder = RunFolder.create(config(path))) {
            assertThat(folder.config()).content().contains("model: \"embedded\"", path.toString());
            assertThatThrownBy(() -> RunFolder.create(config(path)).close())
                    .isInstanceOf(ConfigException.class)
                    .hasMessageContaining("not empty");
            assertThatThrownBy(() -> RunFolder.open(path).close())
                    .isInstanceOf(ConfigException.class)
                    .hasMessageContaining("is training in " + path);
        }
        assertThat(path.resolve("config.yaml")).isRegularFile();
    }

    @Test
    void whatCannotBeMadeLeavesNothing() throws IOException {
        var path = temporary.resolve("a/b/run");
        try (var folder = RunFolder.create(config(path))) {
            Files.writeString(folder.log(), "a line\n");
            folder.discard();
        }
        assertThat(temporary).isEmptyDirectory();
    }

    @Test
    void aFolderOfTheUsersStays() throws IOException {
        var path = Files.createDirectories(temporary.resolve("run"));
        try (var folder = RunFolder.create(config(path))) {
            folder.discard();
        }
        assertThat(path).isEmptyDirectory();
    }

    @Test
    void aRunThatHasBegunStays() throws IOException {
        var path = temporary.resolve("run");
        try (var folder = RunFolder.create(config(path))) {
            folder.metrics().append(StepJson.node().put("step", 1));
            folder.discard();
        }
        assertThat(List.of("config.yaml", "metrics.jsonl"))
                .allSatisfy(name -> assertThat(path.resolve(name)).isNotEmptyFile());
    }
}
