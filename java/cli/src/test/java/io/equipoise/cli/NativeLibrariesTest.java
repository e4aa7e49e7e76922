package io.equipoise.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@DisabledOnOs(OS.WINDOWS)
class NativeLibrariesTest {
    @TempDir
    private Path folder = Path.of("");

    @Test
    void aFolderThatProgramsRunFromWillDo() {
        assertThatCode(() -> NativeLibraries.requireRunnable(folder, Files::isExecutable))
                .doesNotThrowAnyException();
        assertThat(folder).isEmptyDirectory();
    }

    /** As on a file system that is mounted noexec. */
    @Test
    void aFolderThatProgramsDoNotRunFromIsNamed() {
        assertThatThrownBy(() -> NativeLibraries.requireRunnable(folder, program -> {
                    assertThat(program).hasParent(folder).isRegularFile();
                    return false;
                }))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("native libraries can't be run from " + folder
                        + " (mounted noexec?); name another folder with EQUIPOISE_CACHE");
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void aFolderThatCannotBeWrittenIsLeftToTheLoader() {
        assertThatCode(() -> NativeLibraries.requireRunnable(folder.resolve("none"), program -> false))
                .doesNotThrowAnyException();
    }
}
