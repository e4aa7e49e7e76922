package io.equipoise.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.equipoise.training.Step;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What a run says where no line can be rewritten, by a clock of the test's own. */
class ProgressTest {
    private static final long SECOND = 1_000_000_000;

    private static Step step(int number) throws IOException {
        return StepJson.read(new JsonMapper()
                .readTree("{\"step\":" + number + ",\"klTargetPolicy\":1,\"moments\":{\"m\":0.5},\"tokens\":10,"
                        + "\"check\":{\"outcome\":\"none\"},\"seconds\":{}}"));
    }

    /** The steps of which something is said. */
    private static List<Integer> said(int steps, int earlier, long secondsAStep) throws IOException {
        var err = new ByteArrayOutputStream();
        var stream = new PrintStream(err, true, StandardCharsets.UTF_8);
        var clock = new AtomicLong();
        var progress = new Progress(new Console(stream, stream, false), steps, earlier, clock::get);
        for (int step = earlier + 1; step <= steps; step++) {
            clock.addAndGet(secondsAStep * SECOND);
            progress.step(step(step));
        }
        return err.toString(StandardCharsets.UTF_8)
                .lines()
                .map(line -> Integer.valueOf(line.replaceFirst("step (\\d+)/.*", "$1")))
                .toList();
    }

    @Test
    void ofAFastRunEveryTenth() throws IOException {
        assertThat(said(100, 0, 0)).containsExactly(1, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100);
        assertThat(said(24, 0, 0)).containsExactly(1, 3, 5, 8, 10, 12, 15, 17, 20, 22, 24);
        assertThat(said(30, 24, 0)).containsExactly(25, 27, 30);
    }

    @Test
    void ofAShortRunEveryStep() throws IOException {
        assertThat(said(7, 0, 0))
                .containsExactlyElementsOf(IntStream.rangeClosed(1, 7).boxed().toList());
    }

    @Test
    void ofASlowRunWhateverComesAfterHalfAMinute() throws IOException {
        assertThat(said(100, 0, 40)).hasSize(100);
        assertThat(said(200, 0, 10)).contains(1, 4, 7, 10, 13, 16, 19, 20, 23).doesNotContain(2, 3, 21, 22);
    }
}
