package io.equipoise.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.equipoise.memory.NativeMemory;
import io.equipoise.model.ModelHub;
import io.equipoise.target.Constraint;
import io.equipoise.target.Features;
import io.equipoise.target.Gender;
import io.equipoise.training.ProposalUpdate;
import io.equipoise.training.Trainer;
import io.equipoise.training.TrainingConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Many steps on the embedded model, for {@code ./mvnw verify -Psoak}: its JVM touches its whole heap at the start, so that
 * what the process grows by is native memory; and all texts have the same length and micro-batches are small, so that every
 * step needs as much as the one before and a higher peak is a leak.
 */
@Tag("soak")
class SoakTest {
    /** Peak resident memory of this process so far, in KiB. */
    private static long peak() throws Exception {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("VmHWM:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D+", "")))
                .findFirst()
                .orElseThrow();
    }

    /** 200 steps, or as many as {@code -Dsoak.minutes=60} holds. */
    @Test
    void nativeMemoryAtTheEndIsThatOfStep20() throws Exception {
        long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(Long.getLong("equipoise.test.soakMinutes", 0));
        long before = NativeMemory.liveBytes();
        var female = Constraint.moment("female", Features.gender(Gender.FEMALE), 0.5);
        var config = TrainingConfig.builder()
                .steps(Integer.MAX_VALUE)
                .batchSize(32)
                .microBatch(8)
                .fixedLength(true)
                // A proposal of its own from step 5 on: were the first update after step 20, it would look like a leak.
                .proposalUpdate(ProposalUpdate.INTERVAL)
                .checkEvery(5)
                .seed(4)
                .build();
        long atStep20 = 0;
        try (var base = ModelHub.load(EmbeddedModel.folder());
                var trainer = Trainer.create(base, List.of(female), config)) {
            while (trainer.steps() < 200 || System.nanoTime() < end) {
                if (trainer.step().step() == 20) atStep20 = peak();
                if (trainer.steps() % 200 == 0) {
                    System.err.printf(
                            "peak resident memory: step 20 %d KiB, step %d %d KiB%n",
                            atStep20, trainer.steps(), peak());
                }
            }
            assertThat((double) peak()).isLessThanOrEqualTo(1.02 * atStep20);
        }
        assertThat(NativeMemory.liveBytes()).isEqualTo(before);
    }
}
