package io.equipoise.distributed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class LocalProcessTest {
    @Test
    void theCurrentOneIsThere() {
        var current = LocalProcess.current();
        assertThat(current.pid()).isEqualTo(ProcessHandle.current().pid());
        assertThat(current.hasEnded()).isFalse();
        assertThat(LocalProcess.of(current.note())).contains(current);
    }

    @Test
    void oneThatHasEndedIsNot() throws Exception {
        assumeThat(LocalProcess.current().space())
                .as("what process numbers belong to, which this system doesn't tell")
                .isNotEmpty();
        var process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-version")
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        var other = new LocalProcess(process.pid(), LocalProcess.current().space());
        process.waitFor();
        assertThat(other.hasEnded()).isTrue();
        // Of another container or machine nothing is known.
        assertThat(new LocalProcess(process.pid(), "elsewhere").hasEnded()).isFalse();
        assertThat(new LocalProcess(process.pid(), "").hasEnded()).isFalse();
    }

    @Test
    void otherNotesAreNone() {
        for (String note : new String[] {"", " ", "x y", "12", "-3 a"}) {
            assertThat(LocalProcess.of(note)).as(note).isEmpty();
        }
    }
}
